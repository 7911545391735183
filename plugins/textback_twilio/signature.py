"""X-Twilio-Signature: proof that a webhook comes from the account whose token we hold.

https://www.twilio.com/docs/usage/security#validating-requests
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from urllib.parse import urlsplit

from textback.config.secrets import Secret
from textback.errors import UnreadableWebhook, WebhookRejected
from textback.events import WebhookRequest

_PORTS = {"https": 443, "http": 80}


def sign(token: Secret, url: str, pairs: Iterable[tuple[str, str]] = ()) -> str:
    """The signature of one request.

    Args:
        token: The account's auth token.
        url: In full, with its query.
        pairs: The form fields of the body.  A name that comes twice counts once for each of its
            distinct values.
    """
    signed = url + "".join(chain.from_iterable(sorted(set(pairs))))
    return base64.b64encode(hmac.digest(token.value.encode(), signed.encode(), "sha1")).decode()


def check(request: WebhookRequest, tokens: Sequence[Secret]) -> None:
    """Let a request pass whose signature was made with one of the tokens.

    What is signed is the address and the form, or for other bodies the address alone, which then
    has the hash of the body in ``bodySHA256``.  Nothing in it tells the time: repeats are told
    apart by their event keys.

    Raises:
        WebhookRejected: The signature is missing or wrong.
    """
    given = request.headers.get("x-twilio-signature", "").encode()
    if not given:
        raise WebhookRejected("the header X-Twilio-Signature is missing")
    pairs = _signed_pairs(request)
    # Both are always compared, so that the time taken says nothing about which one failed.
    matches = [
        hmac.compare_digest(sign(token, url, pairs).encode(), given)
        for token in tokens
        for url in _spellings(request.url)
    ]
    if not any(matches):
        raise WebhookRejected(
            "X-Twilio-Signature is wrong: see that auth_token is this account's, and that "
            "public_url is the address that Twilio was given"
        )


def _signed_pairs(request: WebhookRequest) -> Sequence[tuple[str, str]]:
    expected = request.query.get("bodySHA256")
    if expected is not None:
        found = hashlib.sha256(request.body).hexdigest()
        if not hmac.compare_digest(found.encode(), expected.encode()):
            raise WebhookRejected("the body is not the one whose hash is in bodySHA256")
        return ()
    try:
        return request.pairs
    except UnreadableWebhook as error:
        raise WebhookRejected("the body is neither a form nor covered by bodySHA256") from error


def _spellings(url: str) -> Iterator[str]:
    """The address as it is, and the same with or without its port: Twilio signs either."""
    yield url
    parts = urlsplit(url)
    if parts.port is not None:
        bare = parts.netloc.removesuffix(f":{parts.port}")
        yield url.replace(parts.netloc, bare, 1)
    elif parts.scheme in _PORTS:
        yield url.replace(parts.netloc, f"{parts.netloc}:{_PORTS[parts.scheme]}", 1)
