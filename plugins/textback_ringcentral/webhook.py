"""One notification: whether it is RingCentral's, and what it is about.

RingCentral signs nothing.  It sends a word with each notification that was agreed on with the
subscription, as a header ``Verification-Token``; earlier pages of its guide name the header
``Validation-Token``, so both are read.  When a subscription is made, the address has to prove that
it is willing: it gives back a ``Validation-Token`` that RingCentral made up.
https://developers.ringcentral.com/guide/notifications/webhooks/receiving
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from typing import Any, Final

import attrs

from textback.errors import UnreadableWebhook, WebhookRejected
from textback.events import Reading, WebhookRequest, WebhookResponse
from textback.webhooks import same
from textback_ringcentral.answers import object_of, read_time
from textback_ringcentral.settings import Settings

# Anything but 200 may end a subscription, and an answer without a type is refused (SUB-525).
# https://developers.ringcentral.com/guide/notifications/webhooks/creating-webhooks
TAKEN: Final = WebhookResponse(200, "{}", "application/json")

WITHIN_S: Final = 2.0
"""For what is asked of RingCentral before it is answered; it waits three seconds."""

_WILLING, _WORD = "validation-token", "verification-token"
_LONGEST = 512  # of 1024 bytes that RingCentral reads


@attrs.frozen(kw_only=True)
class Notification:
    """What RingCentral told.

    Attributes:
        about: The filter that it matches, e.g. ``/restapi/v1.0/account/1/telephony/sessions``.
        at: When it was sent, by RingCentral's clock.
    """

    about: str
    body: dict[str, Any]
    at: datetime


def shared_word(settings: Settings, address: str) -> str:
    """What notifications for this address prove themselves with.

    Made from the client secret, so that nobody has to think of it and nothing has to be kept.
    """
    key = settings.client_secret.value.encode()
    return hmac.new(key, f"textback {address}".encode(), hashlib.sha256).hexdigest()


def proof_of_will(request: WebhookRequest) -> Reading | None:
    """The answer to RingCentral's question whether this address wants its notifications.

    The question carries nothing else, and the answer does nothing.
    """
    asked = request.headers.get(_WILLING, "")
    if not asked or len(asked) > _LONGEST or request.body.strip() not in (b"", b"{}"):
        return None
    response = attrs.evolve(TAKEN, headers={"Validation-Token": asked})
    return Reading(response=response)


def verified(request: WebhookRequest, settings: Settings, address: str) -> Notification:
    """A notification that has the word.

    Raises:
        WebhookRejected: It hasn't.
        UnreadableWebhook: It has, but isn't in RingCentral's format.
    """
    given = request.headers.get(_WORD) or request.headers.get(_WILLING) or ""
    if not same(given, shared_word(settings, address)):
        raise WebhookRejected("it has no Verification-Token, or a wrong one")
    told = object_of(request.json)
    # As RingCentral documents the account's telephony sessions, they come as for a phone.
    told = told if "body" in told else object_of(told.get("pn_apns"))
    about, body = told.get("event"), told.get("body")
    if not isinstance(about, str) or not isinstance(body, dict):
        raise UnreadableWebhook("it has no event and body as RingCentral's notifications have")
    at = read_time(told.get("timestamp")) or request.received_at
    return Notification(about=about, body=body, at=at)
