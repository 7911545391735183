"""X-Slack-Signature: proof that a request comes from Slack, for our app, and not long ago.

https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

from __future__ import annotations

import hmac

from textback.config.secrets import Secret
from textback.errors import WebhookRejected
from textback.events import WebhookRequest
from textback.webhooks import check_age, same

TOLERANCE_S = 5 * 60
"""How far a time stamp may be off, as Slack advises."""


def verify(request: WebhookRequest, secret: Secret) -> None:
    """Let a request pass that was signed with the secret within the last five minutes.

    Raises:
        WebhookRejected: The signature is missing, wrong or old.
    """
    stamp = request.headers.get("x-slack-request-timestamp", "")
    given = request.headers.get("x-slack-signature", "")
    signed = b":".join((b"v0", stamp.encode(), request.body))
    digest = hmac.digest(secret.value.encode(), signed, "sha256").hex()
    if not same(given, f"v0={digest}"):
        raise WebhookRejected(
            "X-Slack-Signature is missing or wrong: see that signing_secret is this app's, from "
            'its "Basic Information"'
        )
    check_age(request, stamp, TOLERANCE_S)
