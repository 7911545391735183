"""Read a mail that came in: whose case it is about, and what its writer really wrote.

Anybody can send us anything: what can't be read is no answer, what a machine wrote is none either,
and what is quoted below an answer is ours and goes nowhere.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from email.message import EmailMessage, Message
from email.parser import BytesParser
from email.policy import default
from html.parser import HTMLParser
from typing import Any, Final

from textback.events import EmailReceived, TeamReply
from textback_email.messages import MARKER, one_line
from textback_email.settings import Settings, is_address
from textback_email.tags import About, Tag, find

LONGEST: Final = 10_000  # characters of an answer that are kept
LONGEST_TEXT: Final = 1_600  # characters that may be texted in the team's name

_ADDRESSED: Final = ("to", "cc", "delivered-to", "x-original-to", "envelope-to")
_BY_MACHINES: Final = ("x-autoreply", "x-autorespond", "list-id")
_PRECEDENCE: Final = ("bulk", "junk", "list", "auto_reply")

Answer = EmailReceived | TeamReply


class NoAnswer(Exception):
    """The mail is nothing that anybody should act on; the message says why."""


def read(raw: bytes, settings: Settings, key: bytes, at: datetime) -> Answer:
    """What a mail means.

    Args:
        raw: The whole message as it came.
        settings: Whose addresses count.
        key: What signs the tags.
        at: When it came in.

    Raises:
        NoAnswer: It can't be read, a machine wrote it, or nobody may act on it.
    """
    try:
        mail = BytesParser(policy=default).parsebytes(raw)
        sender = _sender(mail)
        if _by_machine(mail):
            raise NoAnswer("a machine wrote it")
        tag = find(key, _places(mail))
        body = written(_text(mail))[:LONGEST]
        subject = one_line(str(mail["subject"] or ""))
        identity = str(mail["message-id"] or "").strip()
    except NoAnswer:
        raise
    except Exception as error:  # noqa: BLE001 (what strangers make up breaks the parser in many ways)
        raise NoAnswer(f"it can't be read ({type(error).__name__})") from None
    event_key = f"mail:{identity or hashlib.sha256(raw).hexdigest()}"[:300]
    if tag is not None and tag.about is About.TEAM:
        return _from_team(settings, event_key, tag, sender, body, at)
    if sender in _lower((settings.sender, settings.answers_to, *settings.to)):
        raise NoAnswer("the team wrote it, and not as the answer to a notice")
    return EmailReceived(
        key=event_key,
        at=at,
        sender=sender,
        subject=subject,
        body=body,
        case=tag.case if tag else None,
    )


def _from_team(
    settings: Settings, key: str, tag: Tag, sender: str, body: str, at: datetime
) -> TeamReply:
    if sender not in _lower(settings.to):
        raise NoAnswer("it answers a notice, and its sender is none of the addresses in `to`")
    if not body:
        raise NoAnswer("it answers a notice and has no words above the quotation")
    if len(body) > LONGEST_TEXT:
        raise NoAnswer(f"its {len(body)} characters are too many for a text")
    return TeamReply(key=key, at=at, body=body, by=sender, case=tag.case)


def written(text: str) -> str:
    """What somebody wrote above, or between, what they quoted."""
    kept: list[str] = []
    for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        bare = line.strip()
        if bare == "--":  # a signature
            break
        if bare.startswith(">"):
            _drop_attribution(kept)
        elif MARKER in bare or _QUOTED_BELOW.match(bare):
            _drop_attribution(kept)
            break
        else:
            kept.append(line.rstrip())
    return re.sub(r"\n{3,}", "\n\n", "\n".join(kept)).strip()


# "-----Original Message-----" in any language, Outlook's rule, and its block of headers.
_QUOTED_BELOW: Final = re.compile(r"-{4,} ?\w.*-{4,}$|_{20,}$|\*?(From|Von|De|Da|Van):\*? .*@")


def _drop_attribution(kept: list[str]) -> None:
    """Take "On Monday Anna <anna@example.com> wrote:" off, in any language, also when wrapped."""
    end = len(kept)
    while end and not kept[end - 1]:
        end -= 1
    for start in range(end - 1, max(end - 4, -1), -1):
        words = " ".join(kept[start:end])
        if not words.endswith(":"):
            return
        if re.search(r"@|\d{1,2}:\d\d", words) and (start == 0 or not kept[start - 1]):
            del kept[start:]
            return


def _sender(mail: EmailMessage | Message[Any, Any]) -> str:
    header: Any = mail["from"]
    addresses: Sequence[Any] = header.addresses if header is not None else ()
    address = addresses[0].addr_spec.lower() if len(addresses) == 1 else ""
    if not is_address(address):
        raise NoAnswer("it has no sender that could be answered")
    return address


def _by_machine(mail: Message[Any, Any]) -> bool:
    """Absences, bounces, newsletters: https://datatracker.ietf.org/doc/html/rfc3834."""
    automatic = str(mail["auto-submitted"] or "no").strip().lower()
    return (
        not automatic.startswith("no")
        or str(mail["precedence"] or "").strip().lower() in _PRECEDENCE
        or str(mail["return-path"] or "").strip() == "<>"
        or mail.get_content_type() in ("multipart/report", "message/delivery-status")
        or any(name in mail for name in _BY_MACHINES)
    )


def _places(mail: Message[Any, Any]) -> Iterator[str]:
    """Where a tag may be: what it answers, then whom it is addressed to."""
    yield str(mail["in-reply-to"] or "")
    yield " ".join(reversed(str(mail["references"] or "").split()))
    for name in _ADDRESSED:
        for value in mail.get_all(name, ()):
            yield str(value)


def _text(mail: Any) -> str:
    part = mail.get_body(preferencelist=("plain", "html"))
    if part is None:
        return ""
    try:
        content = part.get_content()
    except (LookupError, UnicodeError):  # a charset that nobody knows
        content = part.get_payload(decode=True).decode("utf-8", "replace")
    words = content if isinstance(content, str) else ""
    return _Words.of(words) if part.get_content_subtype() == "html" else words


class _Words(HTMLParser):
    """The words of an HTML mail, without what it quotes."""

    _BREAKS = frozenset({"br", "p", "div", "tr", "li", "hr", "h1", "h2", "h3"})
    _LEFT_OUT = frozenset({"style", "script", "head", "title", "blockquote"})

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.words: list[str] = []
        self._left_out = 0

    @classmethod
    def of(cls, html: str) -> str:
        """The words, a line for each paragraph."""
        reader = cls()
        reader.feed(html)
        reader.close()
        return "".join(reader.words)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Begin a line, or something that is left out."""
        del attrs
        self._left_out += tag in self._LEFT_OUT
        if tag in self._BREAKS:
            self.words.append("\n")
        elif tag == "blockquote":
            self.words.append("\n> \n")

    def handle_endtag(self, tag: str) -> None:
        """End what is left out."""
        if tag in self._LEFT_OUT and self._left_out:
            self._left_out -= 1

    def handle_data(self, data: str) -> None:
        """Keep words as they are shown: white space is one space."""
        if not self._left_out:
            self.words.append(re.sub(r"\s+", " ", data))


def _lower(addresses: tuple[str, ...]) -> frozenset[str]:
    return frozenset(address.lower() for address in addresses)
