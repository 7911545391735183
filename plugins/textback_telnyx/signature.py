"""Telnyx's signature: proof that a webhook comes from the account whose public key we hold.

Ed25519 over ``{timestamp}|{body}``, in two headers:
https://developers.telnyx.com/development/api-fundamentals/webhooks/receiving-webhooks
"""

from __future__ import annotations

import base64
import binascii

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from textback.errors import WebhookRejected
from textback.events import WebhookRequest

SIGNATURE, TIMESTAMP = "telnyx-signature-ed25519", "telnyx-timestamp"

TOLERANCE_S = 300
"""How far our clock and the time stamp may be apart; as in Telnyx's own packages."""


def check(request: WebhookRequest, public_key: str) -> int:
    """Let a request pass that was signed by the account, lately.

    Args:
        request: As it came in.
        public_key: The account's, in base64.

    Returns:
        When Telnyx sent it, by its own clock, in seconds since 1970.

    Raises:
        WebhookRejected: The signature is missing or wrong, or too old.
    """
    given, stamp = request.headers.get(SIGNATURE), request.headers.get(TIMESTAMP)
    if not given or not stamp:
        raise WebhookRejected(f"the header {SIGNATURE} or {TIMESTAMP} is missing")
    try:
        signature = base64.b64decode(given, validate=True)
        key = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_key))
        key.verify(signature, stamp.encode() + b"|" + request.body)
    except (InvalidSignature, binascii.Error, ValueError) as error:
        raise WebhookRejected(
            f"{SIGNATURE} is wrong: see that public_key is this account's"
        ) from error
    if not (stamp.isascii() and stamp.isdigit()):
        raise WebhookRejected(f"{TIMESTAMP} is not a time")
    sent_at = int(stamp)
    off_s = request.received_at.timestamp() - sent_at
    if abs(off_s) > TOLERANCE_S:
        raise WebhookRejected(
            f"it was signed {off_s:.0f} s ago by this machine's clock; either somebody repeats "
            "it, or the clock is wrong"
        )
    return sent_at
