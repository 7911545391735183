"""The parameter ``sig``: proof that Vonage sent a webhook of the SMS API.

https://developer.vonage.com/en/getting-started/concepts/signing-messages
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Mapping

from textback.errors import UnreadableWebhook, WebhookRejected
from textback.events import Once, WebhookRequest
from textback.words import storable
from textback_vonage.settings import Settings

OLDEST_S = 25 * 3600
"""Vonage tries for a day, and doesn't say whether it signs anew each time:
https://api.support.vonage.com/hc/en-us/articles/360028543292.  What comes twice counts once."""

AHEAD_S = 60


def sign(parameters: Mapping[str, str], secret: str, method: str) -> str:
    """The signature of some parameters, in lower case.

    Args:
        parameters: Without ``sig`` itself.
        secret: The account's signature secret.
        method: As the setting ``sms_signature`` has it.
    """
    signed = "".join(
        f"&{name}={value.replace('&', '_').replace('=', '_')}"
        for name, value in sorted(parameters.items())
    ).encode("utf-8", "surrogatepass")
    key = secret.encode()
    if method == "md5hash":
        return hashlib.md5(signed + key, usedforsecurity=False).hexdigest()  # Vonage's default
    return hmac.new(key, signed, method).hexdigest()


def check(request: WebhookRequest, settings: Settings) -> tuple[Mapping[str, str], Once]:
    """Let a request pass that Vonage made for this account.

    Returns:
        Its parameters as they can be stored, and the mark by which it is known if it comes again.

    Raises:
        WebhookRejected: It is not so; says what is wrong, never with a part of a secret.
    """
    given = dict(_parameters(request))
    signature = given.pop("sig", "").lower().encode("utf-8", "surrogatepass")
    if not signature:
        raise WebhookRejected(
            "it is not signed; the SMS API signs webhooks only if Vonage's support has enabled it"
        )
    # All are compared, so that the time taken says nothing about which one failed.
    matches = [
        hmac.compare_digest(sign(given, secret, settings.sms_signature).encode(), signature)
        for secret in settings.signature_secrets
    ]
    if not any(matches):
        raise WebhookRejected("sig is wrong: see signature_secret and sms_signature")
    if given.get("api-key", settings.api_key) != settings.api_key:
        raise WebhookRejected("api-key is not that of this client's settings")
    stamp = given.get("timestamp", "")
    if not (stamp.isascii() and stamp.isdigit() and len(stamp) <= 12):
        raise WebhookRejected("timestamp is missing, or not in seconds since 1970")
    old_s = request.received_at.timestamp() - int(stamp)
    if not -AHEAD_S <= old_s <= OLDEST_S:
        raise WebhookRejected(f"it is {old_s:.0f} s old; or this machine's clock is wrong")
    told = {name: storable(value) for name, value in given.items()}  # signed as they came
    return told, Once(told.get("nonce") or signature.decode(), OLDEST_S + AHEAD_S)


def _parameters(request: WebhookRequest) -> Mapping[str, str]:
    """In the query, in JSON or in a form, as the account's settings have it."""
    if request.method == "GET":
        return request.query
    try:
        told = json.loads(request.body)
    except (ValueError, RecursionError):
        try:
            return request.form
        except UnreadableWebhook as error:
            raise WebhookRejected("the body is neither JSON nor a form") from error
    if not isinstance(told, dict):
        raise WebhookRejected("the body is not a JSON object")
    return {
        name: value if isinstance(value, str) else json.dumps(value) for name, value in told.items()
    }
