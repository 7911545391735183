"""Standard Webhooks 1.0.0: who signs, and over what."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from datetime import datetime

from textback.config.secrets import Secret
from textback.errors import ConfigError

_PREFIX = "whsec_"
_SHORTEST, _LONGEST = 24, 64  # bytes, from the specification, "Signature scheme"


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
    stamp = int(at.timestamp())
    signed = b".".join((message_id.encode(), str(stamp).encode(), body))
    digest = hmac.new(key_of(secret), signed, hashlib.sha256).digest()
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(stamp),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
