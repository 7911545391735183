"""The token in ``Authorization``: proof that Vonage sent a webhook of the Voice or Messages API.

A JWT, signed by HS256 with the account's signature secret; its claims are the hash of what was
sent, the account, the application, when it was made, and an id of its own:
https://developer.vonage.com/en/getting-started/concepts/webhooks#decoding-signed-webhooks

``vonage_jwt.verify_signature`` is not used: it looks at the signature alone, against the machine's
clock, and doesn't give the claims.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import parse_qsl

import jwt

from textback.errors import WebhookRejected
from textback.events import Once, WebhookRequest
from textback.webhooks import same
from textback_vonage.settings import Settings

AHEAD_S = 60
"""How much a token's time may be ahead of ours: clocks differ."""

OURS = frozenset({"call", "ring"})
"""What we put into the query of addresses ourselves; Vonage may hash it with its own or not."""

_LONGEST_KEY = 64  # bytes; a longer one is hashed, so that it must not be padded
_ENOUGH = 32


def check(request: WebhookRequest, settings: Settings) -> Once:
    """Let a request pass that Vonage made, for this account and application, not long ago.

    Returns:
        The mark by which it is known if it comes again.

    Raises:
        WebhookRejected: It is not so; says what is wrong, never with a part of a secret.
    """
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise WebhookRejected("there is no Authorization: Bearer; Vonage signs its webhooks")
    claims = _claims(token, settings.signature_secrets)
    given = str(claims.get("payload_hash") or "").lower().encode("utf-8", "replace")
    # All are compared, so that the time taken says nothing about which one failed.
    if not any([hmac.compare_digest(given, each) for each in _hashes(request)]):  # noqa: C419
        raise WebhookRejected("payload_hash is not that of what was sent")
    if not _same(claims.get("api_key"), settings.api_key):
        raise WebhookRejected("api_key is not that of this client's settings")
    application = claims.get("application_id")
    if application and settings.application_id and not _same(application, settings.application_id):
        raise WebhookRejected("application_id is not that of this client's settings")
    made_at = claims.get("iat")
    if isinstance(made_at, bool) or not isinstance(made_at, int | float):
        raise WebhookRejected("iat, when the token was made, is missing")
    old_s = request.received_at.timestamp() - made_at
    if not -AHEAD_S <= old_s <= settings.webhook_age_s:
        raise WebhookRejected(f"the token is {old_s:.0f} s old; or this machine's clock is wrong")
    mark = claims.get("jti")
    if not isinstance(mark, str) or not mark:
        raise WebhookRejected("jti, the token's id, is missing")
    return Once(mark, settings.webhook_age_s + AHEAD_S)


def _claims(token: str, secrets: Sequence[str]) -> dict[str, Any]:
    """What the token says, if it was signed with one of the secrets."""
    for secret in secrets:
        try:
            return jwt.decode(
                token,
                _key(secret),
                algorithms=["HS256"],
                options={
                    "verify_signature": True,  # the rest is against the machine's clock
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_nbf": False,
                    "verify_aud": False,
                },
            )
        except (jwt.InvalidTokenError, ValueError):
            continue
    raise WebhookRejected("the token isn't signed with this client's signature_secret")


def _key(secret: str) -> bytes:
    """The same key to HMAC, which fills up with zeros itself (RFC 2104, section 2).

    PyJWT warns of short keys at each request, and how long they are is Vonage's choice.
    """
    key = secret.encode()
    return key.ljust(_ENOUGH, b"\0") if len(key) < _LONGEST_KEY else key


def _hashes(request: WebhookRequest) -> Iterator[bytes]:
    """What ``payload_hash`` may be: of the body, or for GET of the parameters as JSON.

    https://api.support.vonage.com/hc/en-us/articles/19033783342876
    """
    if request.method != "GET":
        yield hashlib.sha256(request.body).hexdigest().encode()
        return
    pairs = parse_qsl(request.url.partition("?")[2], keep_blank_values=True)
    for left_out in (frozenset[str](), OURS):
        parameters = {name: value for name, value in pairs if name not in left_out}
        payload = json.dumps(parameters, separators=(",", ":"), ensure_ascii=False)
        yield hashlib.sha256(payload.encode("utf-8", "surrogatepass")).hexdigest().encode()


def _same(given: Any, ours: str) -> bool:
    return isinstance(given, str) and same(given, ours)
