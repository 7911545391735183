"""X-Slack-Signature: proof that a request comes from Slack, for our app, and not long ago.

https://docs.slack.dev/authentication/verifying-requests-from-slack
"""

from __future__ import annotations

import hmac

from textback.config.secrets import Secret
from textback.errors import WebhookRejected
from textback.events import WebhookRequest

TOLERANCE_S = 5 * 60
"""How far a time stamp may be off, as Slack advises."""


def verify(request: WebhookRequest, secret: Secret) -> None:
    """Let a request pass that was signed with the secret within the last five minutes.

    Raises:
        WebhookRejected: The signature is missing, wrong or old.
    """
    stamp = request.headers.get("x-slack-request-timestamp", "")
    given = request.headers.get("x-slack-signature", "")
    if not given or not (stamp.isascii() and stamp.isdigit()):
        raise WebhookRejected("X-Slack-Signature or X-Slack-Request-Timestamp is missing")
    expected = _signature(secret, stamp, request.body)
    if not hmac.compare_digest(expected.encode(), given.encode()):
        raise WebhookRejected(
            "X-Slack-Signature is wrong: see that signing_secret is this app's, from its "
            '"Basic Information"'
        )
    if abs(request.received_at.timestamp() - int(stamp)) > TOLERANCE_S:
        raise WebhookRejected("it was signed more than five minutes ago, or a clock is wrong")


def _signature(secret: Secret, stamp: str, body: bytes) -> str:
    signed = b":".join((b"v0", stamp.encode(), body))
    return f"v0={hmac.digest(secret.value.encode(), signed, 'sha256').hex()}"
