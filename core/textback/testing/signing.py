"""How the simulated carrier signs its webhooks: as Standard Webhooks 1.0.0 says.

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import datetime
from typing import Final

from textback.errors import WebhookRejected
from textback.events import WebhookRequest

TOLERANCE_S: Final = 300  # how far a time stamp may be off, either way

DEVELOPMENT_SECRET: Final = "textback simulator on this machine"  # noqa: S105 (known to all)
"""Signs where nobody else can reach: between processes of one machine."""


def sign(secret: str, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of a signed webhook; *message_id* has no full stop."""
    stamp = str(int(at.timestamp()))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": f"v1,{_digest(secret, message_id, stamp, body)}",
    }


def verify(secret: str, request: WebhookRequest) -> None:
    """Check that whoever knows the secret sent this, and not long ago.

    Raises:
        WebhookRejected: It is not so; says what is wrong, never with a part of the secret.
    """
    headers = request.headers
    message_id = headers.get("webhook-id", "")
    stamp = headers.get("webhook-timestamp", "")
    given = headers.get("webhook-signature", "")
    if not message_id or not stamp.isascii() or not stamp.isdigit():
        raise WebhookRejected("webhook-id or webhook-timestamp is missing or no number")
    expected = f"v1,{_digest(secret, message_id, stamp, request.body)}".encode()
    if not any(
        hmac.compare_digest(one.encode("utf-8", "replace"), expected) for one in given.split()
    ):
        raise WebhookRejected("the signature does not fit the body; see that both have one secret")
    if abs(request.received_at.timestamp() - int(stamp)) > TOLERANCE_S:
        raise WebhookRejected(f"the time stamp is more than {TOLERANCE_S} s off")


def _digest(secret: str, message_id: str, stamp: str, body: bytes) -> str:
    signed = b".".join((message_id.encode(), stamp.encode(), body))
    return base64.b64encode(hmac.new(secret.encode(), signed, hashlib.sha256).digest()).decode()
