"""``[plugins.ringcentral]``: what the plugin can be told."""

from __future__ import annotations

import hashlib
from typing import Literal

import attrs
from attrs import validators

from textback.config.secrets import Secret
from textback.config.settings import setting
from textback.model import PhoneNumber


def _without_slash(url: str) -> str:
    return url.rstrip("/")


@attrs.frozen(kw_only=True)
class Settings:
    """``[plugins.ringcentral]`` of a client's file."""

    client_id: str = setting("Client id of the app, from the developer console.")
    client_secret: Secret = setting(
        "Its client secret; what proves that a webhook is RingCentral's is made from it, too."
    )
    jwt: Secret = setting("JWT credential of the user for whom the app acts.")
    from_number: PhoneNumber | None = setting(
        "Number that texts leave from; the line last called if not set.", default=None
    )
    settle_s: float = setting(
        "Seconds after the last phone stopped ringing in which another may still ring.",
        default=5.0,
        validator=[validators.ge(0), validators.le(60)],
    )
    poll_every_s: float | None = setting(
        "Seconds between two looks into the call log, for calls whose webhook never came.",
        default=300.0,
        validator=validators.optional(validators.ge(60)),
    )
    maintain_every_s: float = setting(
        "Seconds between two looks at the subscription, which is renewed or made anew.",
        default=300.0,
        validator=validators.ge(60),
    )
    opt_out_replies: Literal["provider", "textback"] = setting(
        "Who answers STOP, START and HELP: RingCentral, as it does by itself, or textback.",
        default="provider",
    )
    base_url: str = setting(
        "Where the API is.", default="https://platform.ringcentral.com", converter=_without_slash
    )
    timeout_s: float = setting(
        "Seconds that RingCentral may take to answer.",
        default=10.0,
        validator=[validators.gt(0), validators.le(30)],
    )
    # 40 texts a minute, and 10 to 50 other requests, depending on their kind; with each answer
    # that says "too many" comes how long to wait.
    # https://developers.ringcentral.com/guide/basics/rate-limits
    max_per_s: float = setting(
        "Requests begun in a second.", default=1.0, validator=validators.gt(0)
    )
    max_at_once: int = setting("Requests under way at once.", default=5, validator=validators.ge(1))

    @property
    def account(self) -> str:
        """Whose limits these are: RingCentral counts for each pair of app and user."""
        user = hashlib.sha256(self.jwt.value.encode()).hexdigest()[:8]
        return f"{self.client_id}/{user}"
