"""Numbers and times as Vonage writes them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any


def digits(number: str) -> str:
    """A number without its plus: https://developer.vonage.com/en/voice/voice-api/guides/numbers"""
    return number.removeprefix("+")


def international(value: Any) -> str | None:
    """A number with its plus; what is none, such as ``anonymous`` or a short code, as it is.

    Listed calls have it in an object, and so had the first version of the Messages API.
    """
    if isinstance(value, Mapping):
        value = value.get("number")
    if not isinstance(value, str) or not value:
        return None
    return f"+{value}" if is_number(value) else value


def is_number(value: str) -> bool:
    """Whether this is a number of a phone, as Vonage writes it."""
    return value.isascii() and value.isdigit() and 7 <= len(value) <= 15


def read_time(stamp: Any) -> datetime | None:
    """A moment in ISO 8601, e.g. ``2020-01-01T12:00:00.000Z`` or ``2020-01-01 12:00:00``.

    One without a zone is in UTC: https://developer.vonage.com/en/messaging/sms/guides/inbound-sms
    """
    if not isinstance(stamp, str):
        return None
    try:
        at = datetime.fromisoformat(stamp)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        return None


def whole(value: Any) -> int | None:
    """A count of seconds, as a text or a number."""
    text = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


def pressed_keys(dtmf: Any) -> str | None:
    """What was pressed; in an object of its own since 2020."""
    if isinstance(dtmf, dict):
        dtmf = dtmf.get("digits")
    return dtmf if isinstance(dtmf, str) else None
