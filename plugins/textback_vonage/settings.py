"""``[plugins.vonage]``: what the plugin can be told."""

from __future__ import annotations

import re
from typing import Literal

import attrs
from attrs import validators

from textback.config.secrets import Secret
from textback.config.settings import setting
from textback.errors import ConfigError
from textback.model import PhoneNumber

MOST_NUMBERS = 10  # they ring one after another: a caller waits no longer than that
LONGEST_RING_S = 120  # https://developer.vonage.com/en/api/voice, ringing_timer
LONGEST_TALK = (
    1500  # characters: https://developer.vonage.com/en/voice/voice-api/ncco-reference#talk
)

_PEM = "-----BEGIN PRIVATE KEY-----"


def _check_api_key(_: object, __: object, key: str) -> None:
    if not re.fullmatch(r"[0-9A-Za-z]{8}", key):
        raise ConfigError("is not an API key; it has 8 letters and digits, see the dashboard")


def _check_private_key(_: object, __: object, key: Secret | None) -> None:
    if key is not None and not key.value.lstrip().startswith(_PEM):
        raise ConfigError(
            f'is no private key; it begins with "{_PEM}", and is in the file private.key that the '
            "dashboard gave when the application was made"
        )


def _without_slash(url: str) -> str:
    return url.rstrip("/")


@attrs.frozen(kw_only=True)
class Settings:
    """``[plugins.vonage]`` of a client's file."""

    api_key: str = setting("Key of the account that has the numbers.", validator=_check_api_key)
    api_secret: Secret = setting("The account's secret, which belongs to the key.")
    signature_secret: Secret = setting(
        "The account's signature secret, with which Vonage signs its webhooks."
    )
    signature_secret_secondary: Secret | None = setting(
        "Another one while it is changed; webhooks signed with it are accepted too.", default=None
    )
    application_id: str | None = setting(
        "The Vonage application of this client: its numbers are linked to it. Needed for calls, "
        "and for texts through the Messages API.",
        default=None,
    )
    private_key: Secret | None = setting(
        "The application's private key, as it stands in its file.",
        default=None,
        validator=_check_private_key,
    )
    ring: tuple[PhoneNumber, ...] = setting(
        "The phones that an incoming call rings, one after another.",
        default=(),
        validator=validators.max_len(MOST_NUMBERS),
    )
    ring_s: int = setting(
        "Seconds that each of them rings.",
        default=20,
        validator=[validators.ge(5), validators.le(LONGEST_RING_S)],
    )
    detect: Literal["dial", "forwarded"] = setting(
        "dial: textback rings the phones and is told the result; forwarded: only calls that the "
        "business didn't take arrive here.",
        default="dial",
    )
    caller_id: Literal["caller", "line"] = setting(
        "Which number the phones show: the caller's, or the line that was called.",
        default="caller",
    )
    settle_s: float = setting(
        "Seconds that the end of a call waits for what became of the phones.",
        default=8.0,
        validator=[validators.ge(0), validators.le(60)],
    )
    greeting: str = setting(
        "What a caller hears whom nobody answered; empty to hang up at once.",
        default="Sorry, nobody can take your call right now. We will get back to you shortly.",
        validator=validators.max_len(LONGEST_TALK),
    )
    consent_prompt: str = setting(
        "What asks the caller, after the greeting, to press 1 for texts; the key is kept as "
        "evidence of consent. Empty: nobody is asked.",
        default="",
        validator=validators.max_len(LONGEST_TALK),
    )
    language: str | None = setting(
        'Language of what is said, e.g. "es-US"; English if not set.', default=None
    )
    record: bool = setting("Let the caller leave a message after the greeting.", default=False)
    whisper: bool = setting(
        "Ask who picks up to press 1, so that a mailbox doesn't count as an answer.", default=False
    )
    whisper_prompt: str = setting(
        "What the one who picks up hears then.",
        default="You have a call. Press 1 to take it.",
        validator=validators.max_len(LONGEST_TALK),
    )
    fallback_url: str | None = setting(
        "Address of the file that rings the phones while textback is down; `connect` sets it.",
        default=None,
        validator=validators.optional(validators.matches_re(r"https://\S+")),
    )
    api: Literal["messages", "sms"] = setting(
        "What texts go through: the Messages API, or the older SMS API.", default="messages"
    )
    from_number: PhoneNumber | None = setting(
        "Number that texts leave from; the line last called if not set.", default=None
    )
    sms_signature: Literal["md5hash", "md5", "sha1", "sha256", "sha512"] = setting(
        "How webhooks of the SMS API are signed, as the dashboard has it: MD5 hash, or HMAC with "
        "one of the others.",
        default="md5hash",
    )
    webhook_age_s: float = setting(
        "Seconds that the signature of a webhook may be old.",
        default=300.0,
        validator=[validators.ge(30), validators.le(86_400)],
    )
    opt_out_replies: Literal["provider", "textback"] = setting(
        "Who answers STOP, START and HELP: textback, or Vonage if its Opt-Out Assist is on.",
        default="textback",
    )
    base_url: str = setting(
        "Where the APIs are.", default="https://api.nexmo.com", converter=_without_slash
    )
    rest_base_url: str = setting(
        "Where the SMS API and the account's numbers are.",
        default="https://rest.nexmo.com",
        converter=_without_slash,
    )
    timeout_s: float = setting(
        "Seconds that Vonage may take to answer.",
        default=10.0,
        validator=[validators.gt(0), validators.le(30)],
    )
    # https://api.support.vonage.com/hc/en-us/articles/203993598
    max_per_s: float = setting(
        "Requests a second to the account; Vonage permits 30 unless agreed otherwise.",
        default=30.0,
        validator=[validators.gt(0), validators.le(1000)],
    )
    max_at_once: int = setting(
        "Requests to the account that are under way at once.",
        default=20,
        validator=[validators.ge(1), validators.le(200)],
    )

    def __attrs_post_init__(self) -> None:
        if (self.application_id is None) != (self.private_key is None):
            raise ConfigError("application_id and private_key belong together; set both or none")
        if self.whisper and self.application_id is None:
            raise ConfigError(
                "whisper needs application_id and private_key, to hang up where nobody presses 1"
            )

    def check_roles(self, roles: tuple[str, ...]) -> None:
        """Say what is missing for the roles that the plugin plays.

        Raises:
            ConfigError: One of them can't be played.
        """
        if self.application_id is not None:
            return
        if "source" in roles:
            raise ConfigError(
                "needs application_id and private_key for its calls; or set "
                'roles = ["sender"] if another plugin tells of them'
            )
        if "sender" in roles and self.api == "messages":
            raise ConfigError(
                'needs application_id and private_key for the Messages API; or set api = "sms"'
            )

    @property
    def account(self) -> str:
        """Whose limits they are."""
        return self.api_key

    @property
    def signature_secrets(self) -> tuple[str, ...]:
        """Those that may have signed a webhook."""
        other = self.signature_secret_secondary
        first = self.signature_secret.value
        return (first,) if other is None else (first, other.value)
