"""``[plugins.hubspot]``: what the plugin can be told."""

from __future__ import annotations

import hashlib
import re
from typing import Literal

import attrs
from attrs import validators

from textback.config.secrets import Secret
from textback.config.settings import setting
from textback.errors import ConfigError

LIFECYCLE = "lifecyclestage"

_NAME = re.compile(r"[a-z][a-z0-9_]*")


def _without_slash(url: str) -> str:
    return url.rstrip("/")


def _check_token(_: object, __: object, token: Secret) -> None:
    if not token.value.strip() or not token.value.isascii() or not token.value.isprintable():
        raise ConfigError("is not a token; copy it from HubSpot, it starts with pat-")


def _check_property(_: object, __: object, name: str | None) -> None:
    if name is not None and not _NAME.fullmatch(name):
        raise ConfigError(
            f'"{name}" is not the internal name of a property, e.g. "hs_lead_status"; '
            "HubSpot shows it behind </> when the property is edited"
        )


def _check_overwrite(_: object, __: object, names: tuple[str, ...]) -> None:
    for name in names:
        _check_property(None, None, name)
        if name == LIFECYCLE:
            raise ConfigError(f"{LIFECYCLE} is only filled where it is empty: it never moves back")


@attrs.frozen(kw_only=True)
class Settings:
    """``[plugins.hubspot]`` of a client's file."""

    access_token: Secret = setting(
        "Token of a service key or private app of the account.", validator=_check_token
    )
    pipeline: str | None = setting(
        "Pipeline of new deals if a lead names none, by label or id; the first one if not set.",
        default=None,
    )
    stage: str | None = setting(
        "Stage of new deals if a lead names none, by label or id; without any there is no deal.",
        default=None,
    )
    tag_property: str | None = setting(
        "Contact property that gets a lead's tag; of several choices it keeps those it has.",
        default=None,
        validator=_check_property,
    )
    tag_lists: bool = setting(
        "Put contacts on the static list that is named as a lead's tag.", default=False
    )
    overwrite: tuple[str, ...] = setting(
        "Properties that a lead replaces even where they are not empty.",
        default=(),
        validator=_check_overwrite,
    )
    number_property: str | None = setting(
        "Unique contact property for the caller's number, so that no contact is ever made twice; "
        "`connect` creates it.",
        default=None,
        validator=_check_property,
    )
    phone_property: Literal["phone", "mobilephone"] = setting(
        "Where the number of a new contact is written.", default="phone"
    )
    language_property: str = setting(
        "Contact property with what a caller speaks.",
        default="hs_language",
        validator=_check_property,
    )
    vip_property: str | None = setting(
        "Contact property that makes a contact a VIP when it says yes.",
        default=None,
        validator=_check_property,
    )
    do_not_text_property: str | None = setting(
        "Contact property that forbids texts when it says yes.",
        default=None,
        validator=_check_property,
    )
    consent_property: str | None = setting(
        "Contact property with the day on which a contact agreed to texts.",
        default=None,
        validator=_check_property,
    )
    disposition: str | None = setting(
        "Id of the call outcome that missed calls are logged with; none if not set.", default=None
    )
    search_lag_s: float = setting(
        "Seconds after which HubSpot's search surely shows what was written.",
        default=60.0,
        validator=[validators.ge(1), validators.le(3600)],
    )
    base_url: str = setting(
        "Where the API is.", default="https://api.hubapi.com", converter=_without_slash
    )
    proxy: Secret | None = setting(
        "Address of an HTTP proxy on the way to HubSpot; none if not set.", default=None
    )
    # A hook makes four requests while it holds a lock that is given back after a minute.
    timeout_s: float = setting(
        "Seconds that HubSpot may take to answer.",
        default=10.0,
        validator=[validators.gt(0), validators.le(12)],
    )
    # 100 requests in 10 seconds, on free and starter accounts; twice as many on others:
    # https://developers.hubspot.com/docs/developer-tooling/platform/usage-guidelines
    max_per_s: float = setting(
        "Requests to the account that are begun in a second.",
        default=10.0,
        validator=[validators.gt(0), validators.le(100)],
    )
    # HubSpot publishes no limit; each takes a thread.
    max_at_once: int = setting(
        "Requests to the account that are under way at once.",
        default=8,
        validator=[validators.ge(1), validators.le(32)],
    )

    @property
    def account(self) -> str:
        """Whose limits these are: each token's own, since HubSpot counts by app."""
        return hashlib.sha256(self.access_token.value.encode()).hexdigest()[:12]
