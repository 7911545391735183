"""A day or moment that a CRM has for somebody's agreement to texts.

A mere yes is no consent here: nobody could say since when it carries, nor that it was given after
an opt-out.
"""

from __future__ import annotations

from datetime import UTC, datetime

from textback.model import Basis, Consent

_LONGEST = 40  # characters of a moment


def agreed(value: object, evidence: str, basis: Basis = Basis.CRM) -> Consent | None:
    """The consent that a record's date stands for; None if it is no date.

    Args:
        value: ISO 8601, with or without a time; or milliseconds since 1970.  A day begins in UTC.
        evidence: Where it was read.
        basis: What it is.
    """
    at = _moment(str(value).strip()) if value is not None else None
    return Consent(basis=basis, at=at, evidence=f"{evidence}: {value}") if at is not None else None


def _moment(text: str) -> datetime | None:
    if len(text) > _LONGEST or not text.isascii():
        return None
    try:
        if text.isdigit() and len(text) > 10:
            return datetime.fromtimestamp(int(text) / 1000, UTC)
        at = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
