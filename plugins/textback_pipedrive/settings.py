"""``[plugins.pipedrive]``: what the plugin can be told."""

from __future__ import annotations

import hashlib
from typing import Literal

import attrs
from attrs import validators

from textback.config.secrets import Secret
from textback.config.settings import setting


def _without_slash(url: str) -> str:
    return url.rstrip("/")


@attrs.frozen(kw_only=True)
class Settings:
    """``[plugins.pipedrive]`` of a client's file."""

    api_token: Secret = setting("Personal API token of the user in whose name things are done.")
    overwrite: tuple[str, ...] = setting(
        'What may be replaced where it isn\'t empty: "name", "email", "owner", or the names of '
        "custom fields.",
        default=(),
    )
    deal_title: str = setting(
        "Title of a new deal; {caller} is the caller's name or number.",
        default="Missed call: {caller}",
        validator=validators.min_len(1),
    )
    deals_for_customers: bool = setting(
        "Open a new deal also for who has none open but has one that was won.", default=False
    )
    consent_field: str | None = setting(
        "Custom field with the day on which a person agreed to texts, by name or key.",
        default=None,
    )
    call_type: str = setting("Key of the activity type for calls.", default="call")
    texts_as: Literal["notes", "activities"] = setting(
        "What texts, replies and appointments become at the person.", default="notes"
    )
    text_type: str = setting(
        'Key of the activity type for texts, with texts_as = "activities".', default="task"
    )
    booking_type: str = setting("The same for appointments.", default="meeting")
    search_lag_s: float = setting(
        "Seconds until what was made surely is found; waited for only if an answer was lost.",
        default=60.0,
        validator=[validators.ge(0), validators.le(3600)],
    )
    # Searches have a limit of their own, 10 in 2 seconds, on every plan:
    # https://pipedrive.readme.io/docs/core-api-concepts-rate-limiting
    max_per_s: float = setting(
        "Requests begun in a second.", default=5.0, validator=validators.gt(0)
    )
    max_at_once: int = setting("Requests under way at once.", default=5, validator=validators.ge(1))
    base_url: str = setting(
        "Where the API is; https://COMPANY.pipedrive.com will do, too.",
        default="https://api.pipedrive.com",
        converter=_without_slash,
    )
    timeout_s: float = setting(
        "Seconds that Pipedrive may take to answer.",
        default=10.0,
        validator=[validators.gt(0), validators.le(30)],
    )

    @property
    def account(self) -> str:
        """Whose limits these are: the token's user; clients may share it."""
        return hashlib.sha256(self.api_token.value.encode()).hexdigest()[:12]
