"""Calendly-Webhook-Signature: proof that a webhook was signed with our key, and not long ago.

https://developer.calendly.com/api-docs/overview/webhooks/webhook-signatures
"""

from __future__ import annotations

import hashlib
import hmac

from textback.config.secrets import Secret
from textback.errors import WebhookRejected
from textback.events import WebhookRequest

HEADER = "calendly-webhook-signature"


def sign(key: Secret, stamp: str, body: bytes) -> str:
    """The signature of one webhook, in hexadecimal.

    Args:
        key: The subscription's signing key.
        stamp: The ``t`` of the header: seconds since 1970.
        body: As it came.
    """
    return hmac.new(key.value.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


def check(request: WebhookRequest, key: Secret, max_age_s: float) -> None:
    """Let a request pass that was signed with the key within *max_age_s* seconds.

    Raises:
        WebhookRejected: The signature is missing, wrong or old.
    """
    given = request.headers.get(HEADER, "")
    fields = [field.strip().partition("=") for field in given.split(",")]
    stamp = next((value for name, _, value in fields if name == "t"), "")
    signatures = [value for name, _, value in fields if name == "v1"]
    if not (stamp.isascii() and stamp.isdigit() and signatures):
        raise WebhookRejected("Calendly-Webhook-Signature has no t or no v1, or is missing")
    expected = sign(key, stamp, request.body).encode()
    matches = [hmac.compare_digest(expected, each.lower().encode()) for each in signatures]
    if not any(matches):
        raise WebhookRejected(
            "Calendly-Webhook-Signature is wrong: if signing_key was changed, connect again"
        )
    if abs(request.received_at.timestamp() - int(stamp)) > max_age_s:
        raise WebhookRejected("t is too far off: the webhook is old, or a clock is wrong")
