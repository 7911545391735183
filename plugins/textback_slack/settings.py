"""``[plugins.slack]``: where notices go, by which of Slack's two ways."""

from __future__ import annotations

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

import attrs
from attrs import validators

from textback.config.secrets import Secret
from textback.config.settings import setting
from textback.errors import ConfigError

SHORTEST_SECRET = 16  # characters; Slack's have 32, and what is empty signs for everybody

_CHANNEL = re.compile(r"[CDG][A-Z0-9]{6,}")
_WORKFLOWS = ("/triggers/", "/workflows/")  # of Workflow Builder: they take no blocks


def _check_webhook(_: object, __: object, url: Secret | None) -> None:
    if url is None:
        return
    parts = _split(url.value)
    if parts is None:
        raise ConfigError(
            'is not an address; copy it whole from "Incoming Webhooks" of the app, it begins with '
            "https://hooks.slack.com/services/"
        )
    if parts.path.startswith(_WORKFLOWS):
        raise ConfigError(
            "belongs to a workflow, which can't show notices; make an incoming webhook instead"
        )


def _check_bot_token(_: object, __: object, token: Secret | None) -> None:
    if token is not None and not token.value.startswith("xoxb-"):
        raise ConfigError(
            'is not a bot\'s token; it begins with "xoxb-", see "OAuth & Permissions" of the app'
        )


def _check_channel(_: object, __: object, channel: str | None) -> None:
    if channel is not None and not _CHANNEL.fullmatch(channel):
        raise ConfigError(
            "is not a channel's ID, which stays when the channel is renamed; in Slack, open the "
            'channel\'s details, at the bottom: "Channel ID: C..."'
        )


def _check_signing_secret(_: object, __: object, secret: Secret | None) -> None:
    if secret is not None and len(secret.value) < SHORTEST_SECRET:
        raise ConfigError('is not whole; copy it from "Basic Information" of the app')


def _check_base_url(_: object, __: object, url: str) -> None:
    if _split(url) is None:
        raise ConfigError("is not an https address")


def _without_slash(url: str) -> str:
    return url.rstrip("/")


@attrs.frozen(kw_only=True)
class Settings:
    """``[plugins.slack]`` of a client's file."""

    webhook_url: Secret | None = setting(
        "An incoming webhook: the quick way, which can only tell.  Or set bot_token and channel.",
        default=None,
        validator=_check_webhook,
    )
    bot_token: Secret | None = setting(
        "The bot's token: notices of a case share a thread, and the team can answer in it.",
        default=None,
        validator=_check_bot_token,
    )
    channel: str | None = setting(
        'ID of the channel that the bot posts in, e.g. "C0123456789".',
        default=None,
        validator=_check_channel,
    )
    signing_secret: Secret | None = setting(
        "Signs what Slack tells us; with it, an answer in a notice's thread reaches the caller.",
        default=None,
        validator=_check_signing_secret,
    )
    broadcast: bool = setting(
        "Show later notices that ask for action in the channel too, not in the thread only.",
        default=True,
    )
    thread_days: int = setting(
        "Days that a thread is remembered after its last notice.",
        default=90,
        validator=[validators.ge(1), validators.le(3650)],
    )
    # One message a second in a channel, and one a second for a webhook, with short bursts:
    # https://docs.slack.dev/apis/web-api/rate-limits
    max_per_s: float = setting(
        "Requests begun in a second, for this channel.",
        default=1.0,
        validator=validators.gt(0),
    )
    max_at_once: int = setting(
        "Requests under way at once, for this channel.", default=4, validator=validators.ge(1)
    )
    base_url: str = setting(
        "Where the API is.",
        default="https://slack.com/api",
        converter=_without_slash,
        validator=_check_base_url,
    )
    timeout_s: float = setting(
        "Seconds that Slack may take to answer.",
        default=10.0,
        validator=[validators.gt(0), validators.le(20)],
    )

    def __attrs_post_init__(self) -> None:
        if (self.bot_token is None) != (self.channel is None):
            missing = "bot_token" if self.bot_token is None else "channel"
            raise ConfigError(f"needs {missing} as well: a bot has a token and a channel")
        if (self.webhook_url is None) == (self.bot_token is None):
            raise ConfigError("needs either webhook_url, or bot_token and channel")
        if self.signing_secret is not None and self.bot_token is None:
            raise ConfigError(
                "signing_secret is of no use with webhook_url: who answers needs a thread, and "
                "that needs bot_token and channel"
            )

    @property
    def account(self) -> str:
        """Whose limits these are: the channel's, or those of the webhook's app (not its key)."""
        if self.webhook_url is None:
            return str(self.channel)
        return "/".join(urlsplit(self.webhook_url.value).path.split("/")[2:4]) or "webhook"

    @property
    def takes_answers(self) -> bool:
        """Whether an answer in a thread reaches the caller."""
        return self.signing_secret is not None


def _split(url: str) -> SplitResult | None:
    """An address that may be posted to: https, or http on this machine; None for any other."""
    try:
        parts = urlsplit(url)
        _ = parts.port  # out of range: ValueError
    except ValueError:
        return None
    safe = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname))
    return parts if safe and parts.hostname and parts.username is None else None


def _is_loopback(host: str | None) -> bool:
    try:
        return host == "localhost" or ip_address(host or "").is_loopback
    except ValueError:
        return False
