"""Who sent a webhook: GoHighLevel signs the body with a key of which everybody may know the half.

``X-GHL-Signature`` is Ed25519, ``X-WH-Signature`` the older RSA with SHA-256, each in base64.
https://marketplace.gohighlevel.com/docs/webhook/WebhookIntegrationGuide
"""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from textback.errors import ConfigError, WebhookRejected
from textback.events import WebhookRequest

ED25519 = "MCowBQYDK2VwAyEAi2HR1srL4o18O8BRa7gVJY7G7bupbN3H9AwJrHCDiOg="
"""As the guide above publishes it."""

RSA = (
    "MIICIjANBgkqhkiG9w0BAQEFAAOCAg8AMIICCgKCAgEAokvo/r9tVgcfZ5DysOSCFrm602qYV0MaAiNnX9O8KxMbiyRKWeL9"
    "JpCpVpt4XHIcBOK4u3cLSqJGOLaPuXw6dO0t6Q/ZVdAV5Phz+ZtzPL16iCGeK9po6D6JHBpbi989mmzMryUnQJezlYJ3DVfB"
    "csedpinheNnyYeFXolrJvcsjDtfAeRx5ByHQmTnSdFUzuAnC9/GepgLT9SM4nCpvuxmZMxrJt5Rw+VUaQ9B8JSvbMPpez4pe"
    "KaJPZHBbU3OdeCVx5klVXXZQGNHOs8gF3kvoV5rTnXV0IknLBXlcKKAQLZcY/Q9rG6Ifi9c+5vqlvHPCUJFT5XUGG5RKgOKU"
    "J062fRtN+rLYZUV+BjafxQauvC8wSWeYja63VSUruvmNj8xkx2zE/Juc+yjLjTXpIocmaiFeAO6fUtNjDeFVkhf5LNb59vEC"
    "yrHD2SQIrhgXpO4Q3dVNA5rw576PwTzNh/AMfHKIjE4xQA1SZuYJmNnmVZLIZBlQAF9Ntd03rfadZ+yDiOXCCs9FkHibELhC"
    "HULgCsnuDJHcrGNd5/Ddm5hxGQ0ASitgHeMZ0kcIOwKDOzOU53lDza6/Y09T7sYJPQe7z0cvj7aE4B+Ax1ZoZGPzpJlZtGXC"
    "su9aTEGEnKzmsFqwcSsnw3JB31IGKAykT1hhTiaCeIY/OwwwNUY2yvcCAwEAAQ=="
)
"""As the guide above publishes it for the older signature."""

FUTURE_S = 300  # by which GoHighLevel's clock may be ahead of ours


def check(
    request: WebhookRequest, *, ed25519_key: str | None = None, rsa_key: str | None = None
) -> None:
    """Let a request pass that one of the keys has signed; if both signatures are there, the newer.

    Args:
        request: As it came in.
        ed25519_key: Public key of the newer signature; None is the published one, empty none.
        rsa_key: The same for the older signature.

    Raises:
        WebhookRejected: Its signature is missing or wrong, or its key isn't accepted.
    """
    newer, older = _given(request, "x-ghl-signature"), _given(request, "x-wh-signature")
    if newer is not None:
        signature, key, verify = newer, ED25519 if ed25519_key is None else ed25519_key, _by_ed25519
    else:
        signature, key, verify = older or "", RSA if rsa_key is None else rsa_key, _by_rsa
    if not signature or not key:
        raise WebhookRejected("X-GHL-Signature is missing, or signatures like it are refused here")
    try:
        verify(key, base64.b64decode(signature, validate=True), request.body)
    except (InvalidSignature, ValueError):
        raise WebhookRejected(
            "the signature does not fit the body; see ed25519_key and rsa_key on the plugin's page"
        ) from None


def check_age(stamp: object, request: WebhookRequest, most_s: float) -> None:
    """Refuse what is old: a recording of a webhook must be of no use for ever.

    Args:
        stamp: The body's ``timestamp``; what has none is known by its event's key alone.
        request: As it came in.
        most_s: How old it may be.

    Raises:
        WebhookRejected: It is older, or from the future.
    """
    at = read_time(stamp)
    if at is None:
        return
    age_s = (request.received_at - at).total_seconds()
    if not -FUTURE_S <= age_s <= most_s:
        raise WebhookRejected(f"its time stamp is {age_s:.0f} s old; see webhook_age_s")


def read_time(stamp: object) -> datetime | None:
    """A moment as GoHighLevel writes it, in ISO 8601 or in milliseconds; None if it isn't one."""
    try:
        if isinstance(stamp, int | float) and not isinstance(stamp, bool):
            return datetime.fromtimestamp(stamp / 1000, UTC)
        at = datetime.fromisoformat(stamp) if isinstance(stamp, str) else None
        if at is None:
            return None
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError, OSError):
        return None


@lru_cache
def load_ed25519(key: str) -> Ed25519PublicKey:
    """A public key in PEM or base64.

    Raises:
        ConfigError: It is none.
    """
    loaded = _load(key)
    if not isinstance(loaded, Ed25519PublicKey):
        raise ConfigError("is not a public key for Ed25519, in PEM or base64")
    return loaded


@lru_cache
def load_rsa(key: str) -> RSAPublicKey:
    """The same for RSA.

    Raises:
        ConfigError: It is none.
    """
    loaded = _load(key)
    if not isinstance(loaded, RSAPublicKey):
        raise ConfigError("is not a public key for RSA, in PEM or base64")
    return loaded


def _load(key: str) -> Any:
    lines = [line for line in key.split("\n") if "PUBLIC KEY" not in line]
    try:
        return serialization.load_der_public_key(base64.b64decode("".join(lines)))
    except (ValueError, UnsupportedAlgorithm):
        return None


def _given(request: WebhookRequest, header: str) -> str | None:
    """A signature; GoHighLevel writes N/A where there is none."""
    value = request.headers.get(header, "").strip()
    return None if value in ("", "N/A") else value


def _by_ed25519(key: str, signature: bytes, body: bytes) -> None:
    load_ed25519(key).verify(signature, body)


def _by_rsa(key: str, signature: bytes, body: bytes) -> None:
    load_rsa(key).verify(signature, body, padding.PKCS1v15(), hashes.SHA256())
