"""One verified webhook, as the readers of its topics see it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

import attrs

from textback.errors import UnreadableWebhook
from textback.events import Once, WebhookRequest
from textback_vonage import signature, token
from textback_vonage.formats import read_time
from textback_vonage.settings import Settings

LONGEST_ID = 200
_BY_SMS_API = ("sms", "sms-status")  # topics that webhooks of the SMS API come to, too


@attrs.frozen(kw_only=True)
class Rung:
    """Which phone a webhook is about, from the address that we gave Vonage with it.

    Attributes:
        call: The conversation that the caller began: what is called may have one of its own.
        index: Of `Settings.ring`.
    """

    call: str
    index: int

    @property
    def query(self) -> str:
        """How it stands in an address."""
        return f"call={quote(self.call, safe='')}&ring={self.index}"

    @property
    def following(self) -> Rung:
        """The phone after it."""
        return attrs.evolve(self, index=self.index + 1)


@attrs.frozen(kw_only=True)
class Webhook:
    """What Vonage told, and what a reader needs to answer it.

    Attributes:
        address: This plugin's own webhook address, without a topic.
        fields: The JSON object, or the parameters.
        once: The mark by which the request is known if it comes again.
        rung: The phone that it is about, where the address says so.
    """

    settings: Settings
    address: str
    fields: Mapping[str, Any]
    received_at: datetime
    once: Once
    rung: Rung | None = None

    def need(self, name: str) -> str:
        """The value of a field that must be there, a short text.

        Raises:
            UnreadableWebhook: It is missing, empty or something else.
        """
        value = self.fields.get(name)
        if not isinstance(value, str) or not 0 < len(value) <= LONGEST_ID:
            raise UnreadableWebhook(f"the field {name} is missing; is this the right topic?")
        return value

    def maybe(self, name: str) -> str | None:
        """The value of a field, if it is a text and not empty."""
        value = self.fields.get(name)
        return value if isinstance(value, str) and value else None

    @property
    def at(self) -> datetime:
        """When it happened: Vonage's time stamp, else when it came in."""
        stamps = (self.fields.get("timestamp"), self.fields.get("message-timestamp"))
        return next(filter(None, map(read_time, stamps)), self.received_at)


def verified(request: WebhookRequest, settings: Settings, address: str) -> Webhook:
    """A request that Vonage signed for this account: by a token, or as the SMS API does.

    Raises:
        WebhookRejected: It is not signed, is old, or is about another account.
        UnreadableWebhook: It is signed, and no JSON object.
    """
    if "authorization" not in request.headers and request.topic in _BY_SMS_API:
        fields: Any
        fields, once = signature.check(request, settings)
    else:
        once = token.check(request, settings)
        fields = request.query if request.method == "GET" else request.json
    if not isinstance(fields, Mapping):
        raise UnreadableWebhook("the body is not a JSON object")
    return Webhook(
        settings=settings,
        address=address,
        fields=fields,
        received_at=request.received_at,
        once=once,
        rung=_rung(request.query),
    )


def _rung(query: Mapping[str, str]) -> Rung | None:
    call, index = query.get("call", ""), query.get("ring", "")
    if not 0 < len(call) <= LONGEST_ID or not (index.isascii() and index.isdigit()):
        return None
    return Rung(call=call, index=int(index[:3]))
