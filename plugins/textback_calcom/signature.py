"""X-Cal-Signature-256: proof that a webhook was made with the secret that we hold.

https://cal.com/docs/developing/guides/automation/webhooks#verifying-the-authenticity-of-the-received-payload
"""

from __future__ import annotations

import hashlib
import hmac

from textback.config.secrets import Secret
from textback.errors import WebhookRejected
from textback.events import WebhookRequest

HEADER = "x-cal-signature-256"
UNSIGNED = "no-secret-provided"  # what Cal.com puts there if the webhook has no secret


def sign(secret: Secret, body: bytes) -> str:
    """The signature of one webhook: HMAC-SHA256 over its body as it came, in hexadecimal."""
    return hmac.new(secret.value.encode(), body, hashlib.sha256).hexdigest()


def check(request: WebhookRequest, secret: Secret) -> None:
    """Let a request pass that was made with the secret.

    Nothing in it tells the time: repeats are told apart by their event keys.

    Raises:
        WebhookRejected: The signature is missing or wrong.
    """
    given = request.headers.get(HEADER, "")
    if not given:
        raise WebhookRejected("the header X-Cal-Signature-256 is missing")
    if given == UNSIGNED:
        raise WebhookRejected("the webhook has no secret at Cal.com; set it to webhook_secret")
    if not hmac.compare_digest(sign(secret, request.body).encode(), given.lower().encode()):
        raise WebhookRejected(
            "X-Cal-Signature-256 is wrong: see that the webhook's secret is webhook_secret"
        )
