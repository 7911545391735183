"""``[plugins.asterisk]``: what the plugin can be told."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import attrs
from attrs import validators

from textback.config.secrets import Secret
from textback.config.settings import setting
from textback.errors import ConfigError
from textback.model import PhoneNumber

PORT, TLS_PORT = 5038, 5039


def _one_line(_: object, __: object, value: str) -> None:
    if not value or not value.isprintable():
        raise ConfigError("must be one line of text")


@attrs.frozen(kw_only=True)
class Settings:
    """``[plugins.asterisk]`` of a client's file."""

    host: str = setting("Where Asterisk runs.", default="127.0.0.1", validator=_one_line)
    port: int | None = setting(
        f"Port of its manager interface; {PORT}, or {TLS_PORT} with tls, if not set.",
        default=None,
        validator=validators.optional([validators.ge(1), validators.le(65_535)]),
    )
    username: str = setting("Name of the user in manager.conf.", validator=_one_line)
    secret: Secret = setting("Its secret; only an answer made from it is sent.")
    tls: bool = setting("Speak TLS; without it callers' numbers are sent readably.", default=False)
    ca_file: Path | None = setting(
        "Certificates to trust beside none else, for a PBX with a CA of its own.", default=None
    )
    contexts: tuple[str, ...] = setting(
        "Dialplan contexts in which calls from outside begin.",
        default=("from-pstn", "from-trunk"),  # FreePBX's
    )
    trunks: tuple[str, ...] = setting(
        'How names of channels from outside begin, e.g. "PJSIP/carrier-"; counts beside contexts.',
        default=(),
    )
    dids: Mapping[str, PhoneNumber] = setting(
        "Lines by the extension that a call from outside arrives at, where that is not the number "
        'itself, e.g. { s = "+13035550100" }.',
        factory=dict,
    )
    machines: tuple[str, ...] = setting(
        'Names of channels that are dialled and are no phone, e.g. "Local/*@ivr-*"; * is anything.',
        default=(),
    )
    confirm: bool = setting(
        "Phones ask who picks up to press a key: only being connected counts as an answer.",
        default=False,
    )
    voicemail: bool = setting(
        "Text as soon as the caller is sent to voicemail; needs to read the class dialplan.",
        default=False,
    )
    wait_for_hangup: bool = setting(
        "Decide when the caller has hung up; else settle_s after the last phone has rung.",
        default=True,
    )
    settle_s: float = setting(
        "Seconds that a verdict waits for something that changes it.",
        default=2.0,
        validator=[validators.ge(0), validators.le(60)],
    )
    ping_s: float = setting(
        "Seconds of silence after which Asterisk is asked whether it is there.",
        default=15.0,
        validator=[validators.gt(0), validators.le(300)],
    )
    timeout_s: float = setting(
        "Seconds that Asterisk may take to answer.",
        default=10.0,
        validator=[validators.gt(0), validators.le(30)],
    )

    def __attrs_post_init__(self) -> None:
        if not self.contexts and not self.trunks:
            raise ConfigError("needs contexts or trunks: else no call is one from outside")
        if self.ca_file is not None and not self.tls:
            raise ConfigError("has a ca_file but no tls; set tls = true, or take ca_file out")

    @property
    def place(self) -> tuple[str, int]:
        """Host and port."""
        return self.host, self.port or (TLS_PORT if self.tls else PORT)

    @property
    def account(self) -> str:
        """The PBX."""
        host, port = self.place
        return f"{host}:{port}"
