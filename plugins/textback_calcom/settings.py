"""``[plugins.calcom]``: what the plugin can be told."""

from __future__ import annotations

import hashlib
from urllib.parse import urlsplit

import attrs
from attrs import validators

from textback.config.secrets import Secret
from textback.config.settings import setting
from textback.errors import ConfigError

SHORTEST_SECRET = 16  # characters


def _check_link(_: object, __: object, link: str) -> None:
    parts = urlsplit(link)
    if parts.scheme != "https" or not parts.hostname or not parts.path.strip("/"):
        raise ConfigError('is not a booking page; copy its link, e.g. "https://cal.com/acme/intro"')
    if parts.fragment:
        raise ConfigError('has a "#" in it, after which nothing can be filled in')


def _check_secret(_: object, __: object, secret: Secret) -> None:
    if len(secret.value) < SHORTEST_SECRET:
        raise ConfigError(
            f"is shorter than {SHORTEST_SECRET} characters; make one with: openssl rand -hex 24"
        )


def _without_slash(url: str) -> str:
    return url.rstrip("/")


@attrs.frozen(kw_only=True)
class Settings:
    """``[plugins.calcom]`` of a client's file."""

    link: str = setting(
        'The booking page, as Cal.com\'s button "Copy link" gives it.', validator=_check_link
    )
    webhook_secret: Secret = setting(
        "Signs the webhooks: any long word, the same here and at Cal.com.", validator=_check_secret
    )
    api_key: Secret | None = setting(
        "API key of the page's owner, for `connect` and `check`; nothing else needs it.",
        default=None,
    )
    event_type_id: int | None = setting(
        "Number of the event type, if the webhook is to be that event type's only; a team's event "
        "types need it.",
        default=None,
        validator=validators.optional(validators.gt(0)),
    )
    phone_field: str = setting(
        "Identifier of the booking question that asks for the phone number; `location` if Cal.com "
        "asks for it as the place of a phone call; empty to fill in nothing.",
        default="attendeePhoneNumber",
        validator=validators.matches_re(r"[A-Za-z0-9_-]*"),
    )
    base_url: str = setting(
        "Where the API is.", default="https://api.cal.com", converter=_without_slash
    )
    timeout_s: float = setting(
        "Seconds that Cal.com may take to answer.",
        default=10.0,
        validator=[validators.gt(0), validators.le(30)],
    )
    # 120 a minute for each key: https://www.mintlify.com/calcom/cal.com/api/rate-limits
    max_per_s: float = setting(
        "Requests a second, for all clients with this API key.",
        default=2.0,
        validator=validators.gt(0),
    )
    max_at_once: int = setting("Requests under way at once.", default=5, validator=validators.ge(1))

    @property
    def account(self) -> str:
        """Whose limits they are: the API key's, by its hash; nobody's without one."""
        if self.api_key is None:
            return ""
        return hashlib.sha256(self.api_key.value.encode()).hexdigest()[:12]
