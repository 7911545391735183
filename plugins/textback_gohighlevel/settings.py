"""``[plugins.gohighlevel]``: what the plugin can be told."""

from __future__ import annotations

from typing import Literal

import attrs
from attrs import validators

from textback.config.secrets import Secret
from textback.config.settings import setting
from textback.errors import ConfigError
from textback.model import PhoneNumber
from textback_gohighlevel.signature import load_ed25519, load_rsa

_OAUTH = ("client_id", "client_secret", "refresh_token")


def _without_slash(url: str) -> str:
    return url.rstrip("/")


def _check_ed25519(_: object, __: object, key: str | None) -> None:
    if key:
        load_ed25519(key)


def _check_rsa(_: object, __: object, key: str | None) -> None:
    if key:
        load_rsa(key)


@attrs.frozen(kw_only=True)
class Settings:
    """``[plugins.gohighlevel]`` of a client's file."""

    location_id: str = setting(
        "Id of the sub-account; it stands in the address of each of its pages.",
        validator=validators.matches_re(r"[A-Za-z0-9_-]+"),
    )
    access_token: Secret | None = setting(
        'Private integration token of the sub-account; it begins with "pit-".', default=None
    )
    client_id: str | None = setting("Of a marketplace app, instead of access_token.", default=None)
    client_secret: Secret | None = setting("Of that app.", default=None)
    refresh_token: Secret | None = setting(
        "The first one, from installing the app; those that follow it are kept in the store.",
        default=None,
    )
    from_number: PhoneNumber | None = setting(
        "Number that texts leave from; the line last called if not set.", default=None
    )
    full_messages: bool = setting(
        "Send subType and status with texts, too: the API's description calls them required.",
        default=False,
    )
    overwrite: tuple[str, ...] = setting(
        'What may be replaced where it isn\'t empty: "name", "email", "owner", or the names of '
        "custom fields.",
        default=(),
    )
    deal_name: str = setting(
        "Name of a new opportunity; {caller} is the caller's name or number.",
        default="Missed call: {caller}",
        validator=validators.min_len(1),
    )
    deals_for_customers: bool = setting(
        "Open a new opportunity also for who has none open but has one that was won.",
        default=False,
    )
    log: tuple[Literal["call", "text", "reply", "booking"], ...] = setting(
        "What becomes a note at the contact; leave out what GoHighLevel has by itself.",
        default=("call", "text", "reply", "booking"),
    )
    dnd: Literal["any", "sms"] = setting(
        "any: who is set to Do Not Disturb at all is not texted; sms: only who is for SMS.",
        default="any",
    )
    consent_field: str | None = setting(
        "Custom field with the day on which a contact agreed to texts, by name, key or id.",
        default=None,
    )
    missed_call_text_back_off: bool = setting(
        "You have switched GoHighLevel's own missed call text-back off; silences the warning.",
        default=False,
    )
    booking_url: str | None = setting(
        "Address of a calendar, for {{ booking_link }} in texts.",
        default=None,
        validator=validators.optional(validators.matches_re(r"https://\S+")),
    )
    opt_out_replies: Literal["provider", "textback"] = setting(
        "Who answers STOP, START and HELP: GoHighLevel, or textback.", default="provider"
    )
    ed25519_key: str | None = setting(
        "Public key of X-GHL-Signature, in PEM or base64; the one that GoHighLevel publishes if "
        "not set, empty to refuse such signatures.",
        default=None,
        validator=_check_ed25519,
    )
    rsa_key: str | None = setting(
        "The same of the older X-WH-Signature.", default=None, validator=_check_rsa
    )
    # Retries come with the same body, up to 70 minutes later:
    # https://help.gohighlevel.com/support/solutions/articles/155000007071-automated-webhook-retries
    webhook_age_s: float = setting(
        "Seconds that a webhook may be old, by its own time.",
        default=5400.0,
        validator=[validators.ge(60), validators.le(86_400)],
    )
    settle_s: float = setting(
        "Seconds that a missed call waits for a better word on how it ended.",
        default=3.0,
        validator=[validators.ge(0), validators.le(60)],
    )
    poll_every_s: float | None = setting(
        "Seconds between looks for calls and texts whose webhook never came.",
        default=300.0,
        validator=validators.optional(validators.ge(10)),
    )
    maintain_every_s: float = setting(
        "Seconds between looks whether the app's token must be renewed.",
        default=3600.0,
        validator=[validators.ge(60), validators.le(43_200)],
    )
    search_lag_s: float = setting(
        "Seconds until what was made surely is found; waited for only if an answer was lost.",
        default=60.0,
        validator=[validators.ge(0), validators.le(3600)],
    )
    # 100 in 10 seconds: https://marketplace.gohighlevel.com/docs/other/rate-limits
    max_per_s: float = setting(
        "Requests begun in a second.", default=10.0, validator=validators.gt(0)
    )
    max_at_once: int = setting(
        "Requests under way at once.", default=10, validator=validators.ge(1)
    )
    base_url: str = setting(
        "Where the API is.",
        default="https://services.leadconnectorhq.com",
        converter=_without_slash,
    )
    app_url: str = setting(
        "Where people open GoHighLevel, e.g. the agency's own domain.",
        default="https://app.gohighlevel.com",
        converter=_without_slash,
    )
    timeout_s: float = setting(
        "Seconds that GoHighLevel may take to answer.",
        default=10.0,
        validator=[validators.gt(0), validators.le(30)],
    )

    def __attrs_post_init__(self) -> None:
        given = [name for name in _OAUTH if getattr(self, name) is not None]
        if self.access_token is not None and given:
            raise ConfigError(f"access_token and {given[0]} are both set; keep one way to sign in")
        if self.access_token is None and len(given) < len(_OAUTH):
            raise ConfigError(
                f"needs access_token, the token of a private integration; or all of "
                f"{', '.join(_OAUTH)}, of a marketplace app"
            )

    @property
    def account(self) -> str:
        """Whose limits these are: they count for each sub-account."""
        return self.location_id
