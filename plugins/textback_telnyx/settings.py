"""``[plugins.telnyx]``: what the plugin can be told."""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Literal

import attrs
from attrs import validators

from textback.config.secrets import Secret
from textback.config.settings import setting
from textback.errors import ConfigError
from textback.model import PhoneNumber

MOST_NUMBERS = 10  # each is a call of its own; an account may start 30 a second
LONGEST_RING_S = 600  # https://developers.telnyx.com/api-reference/call-commands/dial
LONGEST_SPEECH = (
    3000  # characters, https://developers.telnyx.com/api-reference/call-commands/speak-text
)
KEY_BYTES = 32


def _check_public_key(_: object, __: object, key: str) -> None:
    try:
        decoded = base64.b64decode(key, validate=True)
    except (binascii.Error, ValueError):
        decoded = b""
    if len(decoded) != KEY_BYTES:
        raise ConfigError(
            "is not the account's public key; copy it from the Telnyx portal, under Keys & "
            "Credentials, Public Key"
        )


def _without_slash(url: str) -> str:
    return url.rstrip("/")


@attrs.frozen(kw_only=True)
class Settings:
    """``[plugins.telnyx]`` of a client's file."""

    api_key: Secret = setting("API key of the account that has the numbers.")
    public_key: str = setting(
        "The account's public key: what it signs its webhooks with is checked against it.",
        validator=_check_public_key,
    )
    application_id: str | None = setting(
        "Id of the Voice API application that calls come through; each client needs its own.",
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
    detect: Literal["ring", "forwarded"] = setting(
        "ring: textback rings the phones and is told the result; forwarded: only calls that the "
        "business didn't take arrive here.",
        default="ring",
    )
    caller_id: Literal["caller", "line"] = setting(
        "Whose number the phones that ring show: the caller's, or that of the line.",
        default="caller",
    )
    settle_s: float = setting(
        "Seconds that the end of a call waits for what is still told of its legs.",
        default=8.0,
        validator=[validators.ge(0), validators.le(60)],
    )
    greeting: str = setting(
        "What a caller hears whom nobody answered; empty to give the busy tone at once.",
        default="Sorry, nobody can take your call right now. We will get back to you shortly.",
        validator=validators.max_len(LONGEST_SPEECH),
    )
    consent_prompt: str = setting(
        "What asks the caller, after the greeting, to press 1 for texts; the key is kept as "
        "evidence of consent. Empty: nobody is asked.",
        default="",
        validator=validators.max_len(LONGEST_SPEECH),
    )
    voice: str = setting(
        'Who speaks: "female", "male", or a voice as Telnyx names it, e.g. "AWS.Polly.Joanna".',
        default="female",
    )
    language: str = setting("Language of what is said.", default="en-US")
    whisper: bool = setting(
        "Ask who picks up to press 1, so that a mailbox doesn't count as an answer.", default=False
    )
    whisper_prompt: str = setting(
        "What the one who picks up hears then.",
        default="You have a call. Press 1 to take it.",
        validator=[validators.min_len(1), validators.max_len(LONGEST_SPEECH)],
    )
    from_number: PhoneNumber | None = setting(
        "Number that texts leave from; the line last called if not set.", default=None
    )
    messaging_profile_id: str | None = setting(
        "Messaging profile that the sending numbers belong to; `connect` puts them there. Those "
        "that they have now if not set.",
        default=None,
    )
    fallback_url: str | None = setting(
        "Address of the function that rings the phones while textback is down; `connect` sets it.",
        default=None,
        validator=validators.optional(validators.matches_re(r"https://\S+")),
    )
    opt_out_replies: Literal["provider", "textback"] = setting(
        "Who answers STOP, START and HELP: Telnyx, as it does unless told otherwise, or textback.",
        default="provider",
    )
    base_url: str = setting(
        "Where the API is.", default="https://api.telnyx.com/v2", converter=_without_slash
    )
    timeout_s: float = setting(
        "Seconds that Telnyx may take to answer.",
        default=10.0,
        validator=[validators.gt(0), validators.le(30)],
    )
    max_per_s: float = setting(
        "Requests to the account in a second.",
        # 30 dials a second and account; texts may be 50:
        # https://developers.telnyx.com/docs/voice/programmable-voice/dials-per-second-limit
        # https://developers.telnyx.com/docs/messaging/messages/rate-limiting
        default=30.0,
        validator=validators.gt(0),
    )
    max_at_once: int = setting(
        "Requests to the account at the same time.", default=20, validator=validators.ge(1)
    )

    @property
    def account(self) -> str:
        """Whose limits these are; not the key itself."""
        return hashlib.sha256(self.api_key.value.encode()).hexdigest()[:12]

    def check_roles(self, roles: tuple[str, ...]) -> None:
        """Say what is missing for the roles that the plugin plays.

        Raises:
            ConfigError: One of them can't be played.
        """
        if "source" in roles and self.application_id is None:
            raise ConfigError(
                "needs application_id, the Voice API application that calls come through; or "
                'roles = ["sender"], if another plugin tells of the calls'
            )
