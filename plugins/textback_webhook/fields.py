"""The fields of what is posted here, each checked; what is wrong is said with the field's name.

All raise `UnreadableWebhook`.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from textback.errors import UnreadableWebhook
from textback.events import WebhookRequest
from textback.phones import withheld

LONGEST_ID = 200
LONGEST_CALL_S = 24 * 3600


def object_of(request: WebhookRequest) -> dict[str, Any]:
    """The JSON object that was posted."""
    told = request.json
    if not isinstance(told, dict):
        raise UnreadableWebhook("the body is not a JSON object")
    return told


def truth(told: dict[str, Any], field: str, *, otherwise: bool) -> bool:
    """True or false; *otherwise* if it is left out."""
    value = told.get(field, otherwise)
    if not isinstance(value, bool):
        raise UnreadableWebhook(f"{field} is neither true nor false")
    return value


def text(told: dict[str, Any], field: str, *, most: int) -> str:
    """A text that must be there."""
    value = told.get(field)
    if not isinstance(value, str) or not value.strip():
        raise UnreadableWebhook(f"{field} is missing, or not a string")
    if len(value) > most:
        raise UnreadableWebhook(f"{field} is longer than {most} characters")
    return value


def word(told: dict[str, Any], field: str, known: tuple[str, ...]) -> str:
    """One of the known words."""
    value = told.get(field)
    if value not in known:
        raise UnreadableWebhook(f"{field} is none of {', '.join(known)}")
    return str(value)


def number(told: dict[str, Any], field: str) -> str | None:
    """As the phone system writes it; None if it is withheld."""
    value = told.get(field)
    if value is None:
        return None
    if not isinstance(value, str):
        raise UnreadableWebhook(f"{field} is not a string; put quotes around the number")
    return None if withheld(value) else value


def optional(told: dict[str, Any], field: str) -> str | None:
    """A text that may be left out."""
    value = told.get(field)
    if value is not None and not isinstance(value, str):
        raise UnreadableWebhook(f"{field} is not a string")
    return value or None


def link(told: dict[str, Any], field: str) -> str | None:
    """A web address that may be left out."""
    value = optional(told, field)
    if value is not None and not value.startswith(("https://", "http://")):
        raise UnreadableWebhook(f"{field} is not a web address")
    return value


def milliseconds(seconds: Any) -> int | None:
    """A duration from seconds; None if it isn't told."""
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise UnreadableWebhook("duration is not a number of seconds")
    if not 0 <= seconds <= LONGEST_CALL_S:
        raise UnreadableWebhook(f"duration is not between 0 and {LONGEST_CALL_S} seconds")
    return round(seconds * 1000)


def moment(told: dict[str, Any], field: str) -> datetime:
    """A moment with its time zone."""
    try:
        at = datetime.fromisoformat(text(told, field, most=64))
    except ValueError:
        raise UnreadableWebhook(f"{field} is no moment, e.g. 2026-03-02T17:29:40Z") from None
    if at.tzinfo is None:
        raise UnreadableWebhook(f"{field} has no time zone; add Z or an offset, e.g. -07:00")
    return at.astimezone(UTC)
