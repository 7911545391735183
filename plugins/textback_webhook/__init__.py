"""Tells the team by a signed webhook, for tools that textback has no plugin for.

The signature is that of Standard Webhooks 1.0.0, for which receivers find a library in most
languages: https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
"""

from __future__ import annotations

import socket
from datetime import datetime
from http import HTTPStatus
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

import attrs
import httpx

from textback.config.secrets import Secret
from textback.config.settings import setting
from textback.errors import ConfigError, Refused
from textback.hookspecs import hookimpl
from textback.http import explain, retry_after
from textback.model import Finding, Notice, Severity
from textback.services import Services
from textback_webhook import payload
from textback_webhook.signature import key_of, sign

__all__ = ["Settings", "Webhook"]

_ADVICE: dict[int, str] = {
    HTTPStatus.UNAUTHORIZED: "; see that it has the same secret",
    HTTPStatus.FORBIDDEN: "; see that it has the same secret",
    HTTPStatus.GONE: "; it wants no more notices, remove this plugin or change its url",
}
_NOT_FOREVER = {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}


def _check_url(_: object, __: object, url: str) -> None:
    parts = _split(url)
    if parts is None or not parts.hostname or parts.scheme not in ("http", "https"):
        raise ConfigError("is not an address; write it in full, e.g. https://example.com/notices")
    if parts.username is not None or parts.password is not None:
        raise ConfigError(
            "has a user name or password in it; receivers check the signature instead"
        )
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise ConfigError("would send callers' numbers unencrypted; use https://")


def _check_secret(_: object, __: object, secret: Secret) -> None:
    key_of(secret)


@attrs.frozen(kw_only=True)
class Settings:
    """``[plugins.webhook]``."""

    url: str = setting(
        "Where notices are posted: https, or http on this machine.", validator=_check_url
    )
    secret: Secret = setting(
        'Signs the notices: "whsec_" and 24 to 64 bytes in base64.', validator=_check_secret
    )
    timeout_s: float = setting(
        "Seconds that the receiver may take to answer.",
        default=10.0,
        validator=[attrs.validators.gt(0), attrs.validators.le(30)],
    )


@attrs.frozen(eq=False)
class Webhook:
    """Posts every notice as JSON; a repeat has the same ``webhook-id``."""

    settings: Settings
    services: Services

    @hookimpl
    async def notify_team(self, notice: Notice) -> None:
        """Post one notice.

        Raises:
            Refused: The receiver answered no.  For good, but for 408, 429 and 5xx.
            NotSent, MaybeSent: It gave no answer; it is told again later.
        """
        body = payload.encode(notice)
        now = self.services.clock.now()
        response = await self.services.http.post(
            self.settings.url,
            content=body,
            headers={
                "content-type": "application/json",
                "user-agent": "textback",
                **sign(self.settings.secret, payload.message_id(notice), now, body),
            },
            timeout=self.settings.timeout_s,
        )
        if not response.is_success:
            raise _refusal(response, now)

    @hookimpl
    async def check(self) -> list[Finding]:
        """Whether the receiver's name can be resolved; nothing is posted."""
        parts = urlsplit(self.settings.url)
        try:
            await self.services.in_thread(socket.getaddrinfo, parts.hostname, parts.port)
        except OSError:
            words = f"{parts.hostname} can't be resolved; see url in this plugin's table"
            return [Finding(Severity.ERROR, words)]
        return [Finding(Severity.OK, f"notices go to {parts.hostname}")]


def _refusal(response: httpx.Response, now: datetime) -> Refused:
    status = response.status_code
    advice = "; redirects are not followed, put the new address into url"
    return Refused(
        explain(response) + (advice if response.is_redirect else _ADVICE.get(status, "")),
        permanent=not (response.is_server_error or status in _NOT_FOREVER),
        retry_after=retry_after(response, now),
        code=str(status),
    )


def _split(url: str) -> SplitResult | None:
    try:
        parts = urlsplit(url)
        _ = parts.port  # out of range: ValueError
    except ValueError:
        return None
    return parts


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
