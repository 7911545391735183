"""``[plugins.calendly]``: what the plugin can be told."""

from __future__ import annotations

import hashlib
from typing import Literal
from urllib.parse import urlsplit

import attrs
from attrs import validators

from textback.config.secrets import Secret
from textback.config.settings import setting
from textback.errors import ConfigError

SHORTEST_KEY = 16  # characters


def _check_link(_: object, __: object, link: str) -> None:
    parts = urlsplit(link)
    if parts.scheme != "https" or not parts.hostname or not parts.path.strip("/"):
        raise ConfigError(
            'is not a scheduling page; copy its link, e.g. "https://calendly.com/acme/intro"'
        )
    if parts.fragment:
        raise ConfigError('has a "#" in it, after which nothing can be filled in')


def _check_key(_: object, __: object, key: Secret) -> None:
    if len(key.value) < SHORTEST_KEY:
        raise ConfigError(
            f"is shorter than {SHORTEST_KEY} characters; make one with: openssl rand -hex 32"
        )


def _without_slash(url: str) -> str:
    return url.rstrip("/")


@attrs.frozen(kw_only=True)
class Settings:
    """``[plugins.calendly]`` of a client's file."""

    link: str = setting(
        'The scheduling page, as Calendly\'s button "Copy link" gives it.', validator=_check_link
    )
    signing_key: Secret = setting(
        "Signs the webhooks: any long word; `connect` gives it to Calendly.", validator=_check_key
    )
    access_token: Secret | None = setting(
        "Personal access token, for `connect` and `check`, and to look after the webhook.",
        default=None,
    )
    scope: Literal["user", "organization"] = setting(
        "Whose bookings are told: those of the token's owner, or of the whole organization, for "
        "which its owner or an administrator must have made the token.",
        default="user",
    )
    phone_field: str = setting(
        "What fills in the phone number: `a1` to `a10` for the question in that place, `location` "
        "if Calendly asks for it as the place of a phone call, `phone_number` for the number that "
        "gets reminders; empty to fill in nothing.",
        default="phone_number",
        validator=validators.matches_re(r"phone_number|location|a([1-9]|10)|"),
    )
    max_age_s: float = setting(
        "Seconds after which a signed webhook is too old to be taken.",
        # https://developer.calendly.com/api-docs/overview/webhooks/webhook-signatures
        default=180.0,
        validator=[validators.ge(10), validators.le(86_400)],
    )
    maintain_every_s: float = setting(
        "Seconds after which the webhook is looked at again: Calendly disables one that failed for "
        "a day.",
        default=21_600.0,
        validator=validators.ge(600),
    )
    base_url: str = setting(
        "Where the API is.", default="https://api.calendly.com", converter=_without_slash
    )
    timeout_s: float = setting(
        "Seconds that Calendly may take to answer.",
        default=10.0,
        validator=[validators.gt(0), validators.le(30)],
    )
    # 500 a minute: https://developer.calendly.com/api-docs/overview/rate-limits
    max_per_s: float = setting(
        "Requests a second, for all clients with this token.",
        default=8.0,
        validator=validators.gt(0),
    )
    max_at_once: int = setting("Requests under way at once.", default=5, validator=validators.ge(1))

    @property
    def account(self) -> str:
        """Whose limits they are: the token's, by its hash; nobody's without one."""
        if self.access_token is None:
            return ""
        return hashlib.sha256(self.access_token.value.encode()).hexdigest()[:12]
