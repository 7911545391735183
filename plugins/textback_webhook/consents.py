"""Topic ``consents``: that somebody agreed to texts in a form, or took it back."""

from __future__ import annotations

from textback.errors import UnreadableWebhook
from textback.events import Consented, WebhookRequest
from textback.model import Basis
from textback_webhook.fields import LONGEST_ID, moment, number, object_of, text, truth, word

BASES = {"form": Basis.FORM, "crm": Basis.CRM}
LONGEST_EVIDENCE = 500


def read(request: WebhookRequest) -> Consented:
    """The one event of a request that has been verified.

    Raises:
        UnreadableWebhook: A field is missing or wrong; says which.
    """
    told = object_of(request)
    identity, given = text(told, "id", most=LONGEST_ID), truth(told, "given", otherwise=True)
    whose = number(told, "number")
    if whose is None:
        raise UnreadableWebhook("number is missing: whose consent it is")
    basis = BASES[word({"basis": "form", **told}, "basis", tuple(BASES))]
    return Consented(
        key=f"consent/{identity}/{'given' if given else 'withdrawn'}",
        at=moment(told, "occurred_at"),
        number=whose,
        evidence=text(told, "evidence", most=LONGEST_EVIDENCE),
        basis=basis,
        given=given,
    )
