"""``[plugins.email]``: which servers, which addresses."""

from __future__ import annotations

import re
from collections.abc import Iterator
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Literal

import attrs
from attrs import validators

from textback.config.secrets import Secret
from textback.config.settings import Client, setting
from textback.errors import ConfigError

Security = Literal["starttls", "tls", "none"]

SMTP_PORTS: dict[str, int] = {"starttls": 587, "tls": 465, "none": 25}  # RFC 6409, RFC 8314
IMAP_PORTS: dict[str, int] = {"starttls": 143, "tls": 993, "none": 143}  # RFC 8314

LONGEST_TAGGED = 16
"""Characters before the @ that leave room for a tag: RFC 5321 section 4.5.3.1.1 allows 64."""

_ADDRESS = re.compile(r"[^\s@<>()\[\],;:\\\"]{1,64}@[^\s@<>()\[\],;:\\\"]{1,253}")


def is_address(words: str) -> bool:
    """Whether it is one plain e-mail address in ASCII, without a name."""
    return words.isascii() and words.isprintable() and bool(_ADDRESS.fullmatch(words))


def _check_address(_: object, __: object, address: str | None) -> None:
    if address is not None and not is_address(address):
        raise ConfigError(f'"{address}" is not an e-mail address, e.g. "desk@bright.example"')


def _check_addresses(_: object, __: object, addresses: tuple[str, ...]) -> None:
    for address in addresses:
        _check_address(None, None, address)


def _check_folder(_: object, __: object, folder: str) -> None:
    if not (folder and folder.isascii() and folder.isprintable()):
        raise ConfigError("must be the folder's name in plain ASCII letters, e.g. INBOX")


def _check_encrypted(security: str, host: str) -> None:
    if security == "none" and not _is_loopback(host):
        raise ConfigError(
            'security = "none" would send mail and password readable for all; '
            'use "starttls" or "tls"'
        )


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


@attrs.frozen(kw_only=True)
class Imap:
    """``[plugins.email.imap]``: the mailbox that answers come to; it is only read."""

    host: str = setting("The IMAP server.")
    port: int | None = setting("Its port; 993 for tls, else 143, if not set.", default=None)
    security: Security = setting(
        "tls: encrypted from the start; starttls: after a plain greeting; none: on this machine.",
        default="tls",
    )
    username: str | None = setting("Who logs in; as for SMTP if not set.", default=None)
    password: Secret | None = setting("The password; as for SMTP if not set.", default=None)
    folder: str = setting("The folder that is read.", default="INBOX", validator=_check_folder)
    poll_s: float = setting(
        "Seconds between two looks.",
        default=30.0,
        validator=[validators.ge(0.05), validators.le(3600)],
    )

    def __attrs_post_init__(self) -> None:
        _check_encrypted(self.security, self.host)


@attrs.frozen(kw_only=True)
class Settings:
    """``[plugins.email]``."""

    host: str = setting("The SMTP server that takes our mail.")
    port: int | None = setting(
        "Its port; 587 for starttls, 465 for tls, 25 for none, if not set.", default=None
    )
    security: Security = setting(
        "starttls: encrypted after a plain greeting; tls: from the start; none: on this machine.",
        default="starttls",
    )
    username: str | None = setting("Who logs in; nobody if not set.", default=None)
    password: Secret | None = setting("The password.", default=None)
    sender: str = setting("The address that mail comes from.", validator=_check_address)
    sender_name: str | None = setting(
        "The name beside it; the business's name if not set.", default=None
    )
    to: tuple[str, ...] = setting(
        "Addresses of the team: they get the notices, and may answer them.",
        default=(),
        validator=_check_addresses,
    )
    postal_address: str = setting(
        "The business's postal address; stands below each mail to a caller.", default=""
    )
    reply_to: str | None = setting(
        "Where answers go; the sender's address if not set.",
        default=None,
        validator=_check_address,
    )
    tag_replies: bool = setting(
        "Add +tag to the address for answers, for mail services that replace the Message-ID.",
        default=False,
    )
    inbound_secret: Secret | None = setting(
        "Lets a mail service post answers to the topic inbound.", default=None
    )
    imap: Imap | None = setting("The mailbox that answers come to.", default=None)
    ca_file: Path | None = setting(
        "Certificates to trust beside none else, for servers with a CA of their own.", default=None
    )
    timeout_s: float = setting(
        "Seconds that a server may take for one mail.",
        default=20.0,
        validator=[validators.gt(0), validators.le(120)],
    )

    def __attrs_post_init__(self) -> None:
        _check_encrypted(self.security, self.host)
        if self.password is not None and self.username is None:
            raise ConfigError("has a password but no username; set both or none")
        if self.tag_replies and len(self.answers_to.partition("@")[0]) > LONGEST_TAGGED:
            raise ConfigError(
                f"tag_replies needs a reply_to with at most {LONGEST_TAGGED} characters before "
                "the @, since a tag is added to it"
            )
        if self.imap is not None and self.imap.username is None and self.username is None:
            raise ConfigError("imap needs a username; set it in this plugin's imap table")

    def warnings(self, client: Client) -> Iterator[str]:
        """What is allowed but probably not meant, beside a client's other settings."""
        by_email = any(each.channel == "email" for each in client.follow_up)
        if by_email and not self.postal_address.strip():
            yield "postal_address is not set: follow-ups by e-mail don't go, the law asks for it"

    @property
    def answers_to(self) -> str:
        """The address that answers go to, without a tag."""
        return self.reply_to or self.sender

    @property
    def reads_answers(self) -> bool:
        """Whether answers reach us at all."""
        return self.imap is not None or self.inbound_secret is not None

    @property
    def domain(self) -> str:
        """The sender's domain: Message-IDs end with it, and we greet the server with it."""
        return self.sender.rpartition("@")[2]

    @property
    def secrets(self) -> tuple[str, ...]:
        """Everything that no message may show, whoever repeats it."""
        imap = self.imap.password if self.imap else None
        known: tuple[Any, ...] = (self.password, imap, self.inbound_secret)
        return tuple(secret.value for secret in known if secret is not None and secret.value)
