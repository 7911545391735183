"""``[plugins.twilio]``: what the plugin can be told."""

from __future__ import annotations

from typing import Any, Literal

import attrs
from attrs import validators

from textback.config.secrets import Secret
from textback.config.settings import setting
from textback.errors import ConfigError
from textback.model import PhoneNumber

MOST_NUMBERS = 10  # https://www.twilio.com/docs/voice/twiml/number
LONGEST_RING_S = 600  # https://www.twilio.com/docs/voice/twiml/dial#timeout


def _check_account(_: object, __: object, sid: str) -> None:
    if not (sid.startswith("AC") and sid.isalnum() and sid.isascii()):
        raise ConfigError('is not an account SID; it starts with "AC", see the Twilio console')


def _check_service(settings: Any, __: object, sid: str | None) -> None:
    if sid is None:
        return
    if not sid.startswith("MG"):
        raise ConfigError('is not the SID of a messaging service; it starts with "MG"')
    if settings.from_number is not None:
        raise ConfigError("from_number and messaging_service_sid are both set; keep one")


def _without_slash(url: str) -> str:
    return url.rstrip("/")


@attrs.frozen(kw_only=True)
class Settings:
    """``[plugins.twilio]`` of a client's file."""

    account_sid: str = setting("SID of the account that has the numbers.", validator=_check_account)
    auth_token: Secret = setting("Auth token of that account; it also signs the webhooks.")
    auth_token_secondary: Secret | None = setting(
        "The other token while tokens are rotated; webhooks signed with it are accepted too.",
        default=None,
    )
    ring: tuple[PhoneNumber, ...] = setting(
        "The phones that an incoming call rings, all at once.",
        default=(),
        validator=validators.max_len(MOST_NUMBERS),
    )
    ring_s: int = setting(
        "Seconds that they ring.",
        default=20,
        validator=[validators.ge(5), validators.le(LONGEST_RING_S)],
    )
    detect: Literal["dial", "forwarded", "status"] = setting(
        "dial: textback rings the phones and is told the result; forwarded: only calls that the "
        "business didn't take arrive here; status: the number's call status is the verdict.",
        default="dial",
    )
    settle_s: float = setting(
        "Seconds that the end of a call waits for the result of ringing the phones.",
        default=8.0,
        validator=[validators.ge(0), validators.le(60)],
    )
    greeting: str = setting(
        "What a caller hears whom nobody answered; empty to hang up at once.",
        default="Sorry, nobody can take your call right now. We will get back to you shortly.",
        validator=validators.max_len(4096),  # https://www.twilio.com/docs/voice/twiml/say
    )
    consent_prompt: str = setting(
        "What asks the caller, after the greeting, to press 1 for texts; the key is kept as "
        "evidence of consent. Empty: nobody is asked.",
        default="",
        validator=validators.max_len(4096),
    )
    language: str | None = setting(
        'Language of what is said, e.g. "es-US"; English if not set.', default=None
    )
    record: bool = setting("Let the caller leave a message after the greeting.", default=False)
    whisper: bool = setting(
        "Ask who picks up to press 1, so that a mailbox doesn't count as an answer.", default=False
    )
    whisper_prompt: str = setting(
        "What the one who picks up hears then.", default="You have a call. Press 1 to take it."
    )
    from_number: PhoneNumber | None = setting(
        "Number that texts leave from; the line last called if not set.", default=None
    )
    messaging_service_sid: str | None = setting(
        "Messaging service that picks the number to text from.",
        default=None,
        validator=_check_service,
    )
    fallback_url: str | None = setting(
        "Address of the TwiML Bin that rings the phones while textback is down; `connect` sets it.",
        default=None,
        validator=validators.optional(validators.matches_re(r"https://\S+")),
    )
    opt_out_replies: Literal["provider", "textback"] = setting(
        "Who answers STOP, START and HELP: Twilio, as it does unless told otherwise, or textback.",
        default="provider",
    )
    base_url: str = setting(
        "Where the API is.", default="https://api.twilio.com", converter=_without_slash
    )
    messaging_base_url: str = setting(
        "Where the API of messaging services is.",
        default="https://messaging.twilio.com",
        converter=_without_slash,
    )
    timeout_s: float = setting(
        "Seconds that Twilio may take to answer.",
        default=10.0,
        validator=[validators.gt(0), validators.le(30)],
    )

    # Twilio publishes neither number: it answers 429 to an account with too many requests at once.
    # https://www.twilio.com/docs/api/errors/20429
    max_at_once: int = setting(
        "Requests of the account under way at once.", default=20, validator=validators.ge(1)
    )
    max_per_s: float | None = setting(
        "Requests of the account begun in a second; as many as there are if not set.",
        default=None,
        validator=validators.optional(validators.gt(0)),
    )

    def __attrs_post_init__(self) -> None:
        if self.consent_prompt and self.detect == "status":
            raise ConfigError(
                'consent_prompt needs detect = "dial" or "forwarded": with "status" nobody speaks '
                "to the caller"
            )

    @property
    def account(self) -> str:
        """Whose limits these are: clients may share an account."""
        return self.account_sid

    @property
    def tokens(self) -> tuple[Secret, ...]:
        """Those that may have signed a webhook."""
        other = self.auth_token_secondary
        return (self.auth_token,) if other is None else (self.auth_token, other)
