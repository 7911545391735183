"""What our mails look like: headers that no caller can bend, and words on plain lines."""

from __future__ import annotations

import re
import unicodedata
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from typing import Final

from textback.model import Email, Notice
from textback_email.settings import Settings

MARKER: Final = "--- To text the caller, answer above this line ---"
"""Stands above a notice: what is below it, however it is quoted, never reaches a caller."""

LONGEST_HEADER: Final = 150  # characters of a subject or name; more isn't shown anywhere
LONGEST_BODY: Final = 20_000

_POLICY: Final = SMTP.clone(cte_type="7bit")  # not every server takes 8BITMIME
_JOINERS: Final = "\u200c\u200d"  # Persian and Indic names and many emoji are wrong without them
_INVISIBLE: Final = ("Cc", "Cf", "Cs", "Co", "Cn")  # controls, direction marks, halves of letters


def notice(settings: Settings, told: Notice, tag: str, at: datetime) -> EmailMessage:
    """A notice as a mail to the team; all of one case stand in one thread."""
    lines = [*told.lines, ""]
    if told.url:
        lines.append(f"In the CRM: {told.url}")
    lines.append(f"Case: {told.case}")
    if settings.reads_answers and told.number is not None:
        lines[:0] = [MARKER, ""]
    made = _message(settings, told.title, lines, told.client_name, at)
    made["To"] = [Address(addr_spec=address) for address in settings.to]
    made["Message-ID"] = _message_id(settings, tag, told.key or told.kind.value)
    made["References"] = _message_id(settings, tag, "case")
    made["In-Reply-To"] = made["References"]
    made["Reply-To"] = _answers_to(settings, tag)
    return made


def to_caller(settings: Settings, email: Email, tag: str, at: datetime) -> EmailMessage:
    """A follow-up to a caller, with the postal address and both ways to unsubscribe."""
    footer = ["", "-- ", email.client_name, settings.postal_address]
    if email.unsubscribe_url:
        footer.append(f"No more e-mail from us: {email.unsubscribe_url}")
    lines = [email.body, *(line for line in footer if line or line == footer[0])]
    made = _message(settings, email.subject, lines, email.client_name, at)
    made["To"] = Address(addr_spec=email.to)
    made["Message-ID"] = message_id(settings, email, tag)
    made["Reply-To"] = _answers_to(settings, tag)
    if email.unsubscribe_url:  # RFC 8058: both headers, and the mail service signs them (DKIM)
        made["List-Unsubscribe"] = f"<{email.unsubscribe_url}>"
        made["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    return made


def message_id(settings: Settings, email: Email, tag: str) -> str:
    """The same for each attempt of the same intent."""
    return _message_id(settings, tag, email.id)


def one_line(words: str, limit: int = LONGEST_HEADER) -> str:
    """Somebody else's words for a header: one line, nothing invisible, not without end."""
    spaced = "".join(
        " " if c.isspace() or unicodedata.category(c) == "Cc" else c for c in words[: 4 * limit]
    )
    words = " ".join(_plain(spaced).split())[:limit].strip()
    return words.replace("=?", "= ?")  # or it would be decoded, RFC 2047, into whatever it says


def _plain(words: str) -> str:
    """Somebody else's words for a body: lines stay, what would change how they read goes."""
    kept = (
        c
        for c in words.replace("\r\n", "\n").replace("\r", "\n")[:LONGEST_BODY]
        if c in "\n\t" or c in _JOINERS or unicodedata.category(c) not in _INVISIBLE
    )
    return "".join(kept)


def _message(
    settings: Settings, subject: str, lines: list[str], business: str, at: datetime
) -> EmailMessage:
    made = EmailMessage(policy=_POLICY)
    made["From"] = Address(
        display_name=one_line(settings.sender_name or business), addr_spec=settings.sender
    )
    made["Subject"] = one_line(subject) or "textback"
    made["Date"] = format_datetime(at)
    made["Auto-Submitted"] = "auto-generated"  # RFC 3834: so that nobody's absence answers us
    made.set_content("\n".join(_plain(line) for line in lines) + "\n")
    return made


def _message_id(settings: Settings, tag: str, which: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "-", which.lower()).strip("-")[:80]
    return f"<{tag}.{plain}@{settings.domain}>"


def _answers_to(settings: Settings, tag: str) -> Address:
    local, _, domain = settings.answers_to.rpartition("@")
    return Address(
        addr_spec=f"{local}+{tag}@{domain}" if settings.tag_replies else settings.answers_to
    )
