"""Look whether notices can be posted and answers come.  Posts nothing."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from email.utils import parsedate_to_datetime
from typing import Any, Final
from urllib.parse import urlsplit

from textback.errors import ProviderError
from textback.model import Finding, Severity
from textback.services import Services
from textback_slack.api import Api, Bot
from textback_slack.settings import Settings
from textback_slack.signature import TOLERANCE_S

HOOK_HOSTS: Final = ("hooks.slack.com", "hooks.slack-gov.com")
_HEARD: Final = "heard"


async def heard(services: Services) -> None:
    """Remember that Slack knows our address: it has sent something signed to it."""
    if await services.state.get(_HEARD) != services.address:
        await services.state.set(_HEARD, services.address)


async def check(api: Api, settings: Settings, services: Services) -> list[Finding]:
    """What is wrong at Slack, or in the settings, and what to do; one OK if nothing is."""
    if settings.webhook_url is not None:
        return await _check_webhook(settings.webhook_url.value, services)
    try:
        bot = await api.bot()
    except ProviderError as error:
        return [_error(str(error))]
    findings = [*_clock(bot, services)]
    try:
        channel = await api.channel()
    except ProviderError as error:
        findings.append(_of_channel(error, settings))
        channel = {}
    findings += _channel(bot, channel, settings)
    if settings.takes_answers:
        findings += _scopes(bot, channel)
        if await services.state.get(_HEARD) != services.address:
            findings.append(
                _warning(
                    f"nothing has come from Slack to {services.address}/events yet; put it into "
                    '"Event Subscriptions" of the app, or answers reach nobody'
                )
            )
    else:
        words = "signing_secret is not set: what is answered in a thread stays in Slack"
        findings.append(_warning(words))
    if all(finding.severity is not Severity.ERROR for finding in findings):
        where = f"#{channel['name']}" if channel.get("name") else settings.channel
        findings.append(Finding(Severity.OK, f"notices go to {where} of {bot.workspace}"))
    return findings


async def _check_webhook(url: str, services: Services) -> list[Finding]:
    """An incoming webhook can't be asked whether it works: only its host can be looked at."""
    parts = urlsplit(url)
    try:
        await services.in_thread(socket.getaddrinfo, parts.hostname, parts.port)
    except OSError:
        return [_error(f"{parts.hostname} can't be resolved; see webhook_url")]
    if parts.hostname not in HOOK_HOSTS:
        return [_warning(f"{parts.hostname} is not Slack's; see webhook_url")]
    words = f"notices go to {parts.hostname}; whether the webhook still exists shows when they do"
    return [Finding(Severity.OK, words)]


def _clock(bot: Bot, services: Services) -> Iterator[Finding]:
    try:
        at = parsedate_to_datetime(bot.date)
        off_s = (services.clock.now() - at).total_seconds()
    except (ValueError, TypeError):  # Slack doesn't say, or not with a zone
        return
    if abs(off_s) > TOLERANCE_S / 2:
        yield _error(
            f"this machine's clock is {abs(off_s):.0f} s off Slack's, and what Slack signs is "
            "refused from five minutes on; let it be set from the network"
        )


def _of_channel(error: ProviderError, settings: Settings) -> Finding:
    if error.code == "missing_scope":
        words = "whether the bot is in the channel can't be known; give the app channels:read"
        return _warning(f"{words}, or groups:read for a private channel")
    return _error(f"{settings.channel}: {error}")


def _channel(bot: Bot, channel: dict[str, Any], settings: Settings) -> Iterator[Finding]:
    if channel.get("is_archived"):
        yield _error(f"{settings.channel} is archived; choose another channel")
    elif channel.get("is_member") is False:
        yield _error(f"the bot is not in {settings.channel}; write there: /invite @{bot.name}")


def _scopes(bot: Bot, channel: dict[str, Any]) -> Iterator[Finding]:
    """What the app needs for answers beside what posting shows by itself."""
    if not bot.scopes:
        return
    history = "groups:history" if channel.get("is_private") else "channels:history"
    if channel.get("is_im"):
        history = "im:history"
    if history not in bot.scopes:
        yield _error(f"the app has not the scope {history}, without which no answer comes")
    if "users:read" not in bot.scopes:
        yield _warning("the app has not the scope users:read: answers show IDs instead of names")


def _error(message: str) -> Finding:
    return Finding(Severity.ERROR, message)


def _warning(message: str) -> Finding:
    return Finding(Severity.WARNING, message)
