"""Standard Webhooks 1.0.0: who signs, and over what; and the weaker way, a shared word."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from datetime import datetime

from textback.config.secrets import Secret
from textback.errors import ConfigError, WebhookRejected
from textback.events import WebhookRequest
from textback.webhooks import same

_PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64  # bytes, from the specification, "Signature scheme"

TOLERANCE_S = 5 * 60
"""How far a time stamp may be off; that of the specification's own libraries."""

WEAK_HEADER = "x-textback-token"


def key_of(secret: Secret) -> bytes:
    """The bytes that sign.

    Raises:
        ConfigError: It is not ``whsec_`` and 24 to 64 bytes in base64.  The words never have any
            part of the secret.
    """
    prefix, encoded = secret.value[: len(_PREFIX)], secret.value[len(_PREFIX) :]
    if prefix != _PREFIX:
        raise ConfigError(f'must begin with "{_PREFIX}"; copy it whole from the receiver')
    try:
        key = base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except (binascii.Error, ValueError):
        # from None: the traceback would show the frame that holds the secret
        raise ConfigError(f'is not base64 after "{_PREFIX}"; copy it whole') from None
    if not _SHORTEST <= len(key) <= _LONGEST:
        raise ConfigError(
            f"has {len(key)} bytes where {_SHORTEST} to {_LONGEST} are asked for; make one with: "
            "printf 'whsec_%s\\n' \"$(openssl rand -base64 32)\""
        )
    return key


def sign(secret: Secret, message_id: str, at: datetime, body: bytes) -> dict[str, str]:
    """The three headers of a signed message.

    Args:
        secret: One that `key_of` takes.
        message_id: The same for every try; without a full stop, which separates what is signed.
        at: Aware; receivers refuse what is more than five minutes off.
        body: The bytes that are posted.
    """
    stamp = str(int(at.timestamp()))
    return {
        "webhook-id": message_id,
        "webhook-timestamp": stamp,
        "webhook-signature": _signature(secret, message_id, stamp, body),
    }


def verify(request: WebhookRequest, secret: Secret) -> None:
    """Let a request pass that was signed with the secret within the last five minutes.

    It may carry several signatures, one of which must be right: that is how secrets are changed.

    Raises:
        WebhookRejected: The signature is missing, wrong or old.
    """
    message_id, stamp, given = (
        request.headers.get(f"webhook-{name}", "") for name in ("id", "timestamp", "signature")
    )
    if not (message_id and stamp and given):
        raise WebhookRejected("webhook-id, webhook-timestamp or webhook-signature is missing")
    if not (stamp.isascii() and stamp.isdigit()):
        raise WebhookRejected("webhook-timestamp is not in seconds since 1970")
    expected = _signature(secret, message_id, stamp, request.body).encode()
    matches = [hmac.compare_digest(expected, each.encode()) for each in given.split(" ")]
    if not any(matches):
        raise WebhookRejected("webhook-signature is wrong: see that both sides have one secret")
    off_s = abs(request.received_at.timestamp() - int(stamp))
    if off_s > TOLERANCE_S:
        raise WebhookRejected("webhook-timestamp is more than five minutes off: old, or a clock is")


def verify_token(request: WebhookRequest, token: Secret) -> None:
    """Let a request pass that has the token in its header; nothing proves its age or its body.

    Raises:
        WebhookRejected: The token is missing or wrong.
    """
    given = request.headers.get(WEAK_HEADER, "")
    if not same(given, token.value):
        raise WebhookRejected(f"the header {WEAK_HEADER} is missing or wrong")


def _signature(secret: Secret, message_id: str, stamp: str, body: bytes) -> str:
    signed = b".".join((message_id.encode(), stamp.encode(), body))
    digest = hmac.new(key_of(secret), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"
