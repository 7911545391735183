"""Tells the team by a signed webhook, and is told of calls and consents, for what has no plugin.

The signature is that of Standard Webhooks 1.0.0, for which receivers find a library in most
languages: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import socket
from datetime import datetime
from http import HTTPStatus
from urllib.parse import urlsplit

import attrs
import httpx

from textback.errors import Refused, UnreadableWebhook, WebhookRejected
from textback.events import Reading, WebhookRequest
from textback.hookspecs import hookimpl
from textback.http import explain, retry_after
from textback.model import Finding, Notice, Severity
from textback.services import Services
from textback_webhook import calls, consents, payload
from textback_webhook.settings import Settings
from textback_webhook.signature import WEAK_HEADER, sign, verify, verify_token

__all__ = ["Settings", "Webhook"]

_ADVICE: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "; see that it has the same secret",
    HTTPStatus.FORBIDDEN: "; see that it has the same secret",
    HTTPStatus.GONE: "; it wants no more notices, remove this plugin or change its url",
}
_NOT_FOREVER = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}


@attrs.frozen(eq=False)
class Webhook:
    """Posts every notice as JSON; a repeat has the same ``webhook-id``.  Takes calls as JSON."""

    api = 1

    settings: Settings
    services: Services

    @hookimpl
    async def read_webhook(self, request: WebhookRequest) -> Reading:
        """Verify one request and read it; its topic is ``calls`` or ``consents``.

        Raises:
            WebhookRejected: It is signed wrongly, or long ago; with ``weak_token`` set, it has
                neither a signature nor the token.
            UnreadableWebhook: It has another topic, or isn't in the documented format.
        """
        self._verify(request)
        if request.topic == "consents":
            return Reading((consents.read(request),))
        if request.topic != "calls":
            raise UnreadableWebhook('the address must end in "/calls" or "/consents"')
        return Reading((calls.read(request),))

    def _verify(self, request: WebhookRequest) -> None:
        secret, token = self.settings.secret, self.settings.weak_token
        if token is not None and (secret is None or WEAK_HEADER in request.headers):
            verify_token(request, token)
        elif secret is not None:
            verify(request, secret)
        else:
            raise WebhookRejected("neither secret nor weak_token is set")

    @hookimpl
    async def notify_team(self, notice: Notice) -> None:
        """Post one notice.

        Raises:
            Refused: The receiver answered no.  For good, but for 408, 429 and 5xx.
            NotSent, MaybeSent: It gave no answer; it is told again later.
        """
        url, secret = self.settings.url, self.settings.secret
        assert url is not None  # a notifier has both, see Settings.check_roles
        assert secret is not None
        body = payload.encode(notice)
        now = self.services.clock.now()
        response = await self.services.http.post(
            url,
            content=body,
            headers={
                "content-type": "application/json",
                "user-agent": "textback",
                **sign(secret, payload.message_id(notice), now, body),
            },
            timeout=self.settings.timeout_s,
        )
        if not response.is_success:
            raise _refusal(response, now)

    @hookimpl
    async def check(self) -> list[Finding]:
        """Whether the receiver's name can be resolved; nothing is posted.  Weak tokens are told."""
        findings = []
        if self.settings.weak_token is not None and self.services.plays("source"):
            words = "calls are taken by a token, which is weaker than a signature; see weak_token"
            findings.append(Finding(Severity.WARNING, words))
        if self.settings.url is None or not self.services.plays("notifier"):
            words = f"calls are taken at {self.services.address}/calls"
            return [*findings, Finding(Severity.OK, words)]
        parts = urlsplit(self.settings.url)
        try:
            await self.services.in_thread(socket.getaddrinfo, parts.hostname, parts.port)
        except OSError:
            words = f"{parts.hostname} can't be resolved; see url in this plugin's table"
            return [*findings, Finding(Severity.ERROR, words)]
        return [*findings, Finding(Severity.OK, f"notices go to {parts.hostname}")]


def _refusal(response: httpx.Response, now: datetime) -> Refused:
    status = response.status_code
    advice = "; redirects are not followed, put the new address into url"
    return Refused(
        explain(response) + (advice if response.is_redirect else _ADVICE.get(status, "")),
        permanent=not (response.is_server_error or status in _NOT_FOREVER),
        retry_after=retry_after(response, now),
        code=str(status),
    )
