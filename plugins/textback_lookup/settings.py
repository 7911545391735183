"""``[plugins.lookup]``: whom to ask, for what, and how much that may cost."""

from __future__ import annotations

import hashlib
from typing import Literal

import attrs
from attrs import validators

from textback.config.secrets import Secret
from textback.config.settings import setting
from textback.errors import ConfigError

Provider = Literal["twilio", "telnyx"]

_WHERE = {"twilio": "https://lookups.twilio.com", "telnyx": "https://api.telnyx.com/v2"}
_SHARE = [validators.ge(0), validators.le(1)]


def _without_slash(url: str | None) -> str | None:
    return url.rstrip("/") if url else None


@attrs.frozen(kw_only=True)
class Settings:
    """``[plugins.lookup]`` of a client's file."""

    provider: Provider = setting("Who is asked: Twilio Lookup, or Telnyx Number Lookup.")
    account_sid: str | None = setting(
        "Twilio: SID of the account, or of an API key of it.", default=None
    )
    auth_token: Secret | None = setting(
        "Twilio: auth token of the account, or secret of the API key.", default=None
    )
    api_key: Secret | None = setting("Telnyx: API key of the account.", default=None)
    name: bool = setting(
        "Ask for the caller's name too; the team reads it, and nobody is greeted with it.",
        default=True,
    )
    spam_score: bool = setting(
        "Twilio: ask for a spam score too, its SMS pumping risk.", default=False
    )
    suppress_spam_from: float | None = setting(
        "Spam score from which on a caller isn't texted, 0 to 1; never if not set.",
        default=None,
        validator=validators.optional(_SHARE),
    )
    cache_days: float = setting(
        "Days for which an answer is remembered, so that the same caller costs nothing.",
        default=30.0,
        validator=[validators.gt(0), validators.le(365)],
    )
    cost_per_lookup: float = setting(
        "What one question costs with all that it asks for, in the currency of the account.",
        default=0.02,
        validator=validators.ge(0),
    )
    max_cost_per_day: float = setting(
        "Nobody is looked up any more once a day's questions cost this; days as in UTC.",
        default=2.0,
        validator=validators.ge(0),
    )
    base_url: str | None = setting(
        "Where the API is; the provider's own address if not set.",
        default=None,
        converter=_without_slash,
    )
    timeout_s: float = setting(
        "Seconds that the provider may take; what comes too late for a text is remembered.",
        default=10.0,
        validator=[validators.gt(0), validators.le(30)],
    )
    max_per_s: float = setting(
        # Neither publishes a limit for lookups; so many callers at once are none of one business.
        "Questions to the account in a second.",
        default=10.0,
        validator=validators.gt(0),
    )
    max_at_once: int = setting(
        "Questions to the account at the same time.", default=10, validator=validators.ge(1)
    )

    def __attrs_post_init__(self) -> None:
        needed = ("account_sid", "auth_token") if self.provider == "twilio" else ("api_key",)
        missing = [name for name in needed if not getattr(self, name)]
        if missing:
            raise ConfigError(f'provider = "{self.provider}" needs {" and ".join(missing)}')
        if self.spam_score and self.provider != "twilio":
            raise ConfigError("spam_score: Telnyx has none; leave it out, or ask Twilio")
        if self.suppress_spam_from is not None and not self.spam_score:
            raise ConfigError("suppress_spam_from needs spam_score = true")

    @property
    def url(self) -> str:
        """Where the API is."""
        return self.base_url or _WHERE[self.provider]

    @property
    def account(self) -> str:
        """Whose limits these are; not the key itself."""
        if self.account_sid:
            return self.account_sid
        key = self.api_key.value if self.api_key else ""
        return hashlib.sha256(key.encode()).hexdigest()[:12]
