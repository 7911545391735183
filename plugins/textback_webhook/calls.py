"""Topic ``calls``: how a call ended, as any phone system can tell it in a few lines of JSON."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from textback.errors import UnreadableWebhook
from textback.events import CallEvent, Confidence, Happened, WebhookRequest
from textback.model import Outcome
from textback.phones import withheld

OUTCOMES = {
    "answered": Outcome.ANSWERED,
    "missed": Outcome.NO_ANSWER,
    "no_answer": Outcome.NO_ANSWER,
    "busy": Outcome.BUSY,
    "declined": Outcome.DECLINED,
    "abandoned": Outcome.ABANDONED,
    "voicemail": Outcome.VOICEMAIL,
    "failed": Outcome.FAILED,
    "out_of_hours": Outcome.OUT_OF_HOURS,
}
"""The words that ``status`` may be; "missed" is for systems that know no more than that."""

DIRECTIONS = ("inbound", "outbound")
LONGEST_ID = 200
LONGEST_CALL_S = 24 * 3600


def read(request: WebhookRequest) -> CallEvent:
    """The one event of a request that has been verified.

    The key is made of the call and what is said of it, so that it counts once however often and
    with whichever ``webhook-id`` it is posted.

    Raises:
        UnreadableWebhook: A field is missing or wrong; says which.
    """
    told = request.json
    if not isinstance(told, dict):
        raise UnreadableWebhook("the body is not a JSON object")
    call, status = _text(told, "id", most=LONGEST_ID), _word(told, "status", tuple(OUTCOMES))
    outgoing = _word(told, "direction", DIRECTIONS) == "outbound"
    caller, line = _number(told, "from"), _number(told, "to")
    if outgoing:
        caller, line = line, caller
    if line is None:
        side = "from" if outgoing else "to"
        raise UnreadableWebhook(f"{side} is missing: the number of the business")
    duration_s, final = told.get("duration"), told.get("final", True)
    if not isinstance(final, bool):
        raise UnreadableWebhook("final is neither true nor false")
    return CallEvent(
        key=f"{call}/{status}" if final else f"{call}/{status}/provisional",
        call=call,
        happened=Happened.CONCLUDED,
        at=_moment(told, "occurred_at"),
        caller=caller,
        line=line,
        outcome=OUTCOMES[status],
        outgoing=outgoing,
        confidence=Confidence.CERTAIN if final else Confidence.LIKELY,
        caller_name=_optional(told, "caller_name"),
        duration_ms=_milliseconds(duration_s),
        recording_url=_link(told, "recording_url"),
        evidence=f"status={status}",
    )


def _text(told: dict[str, Any], field: str, *, most: int) -> str:
    value = told.get(field)
    if not isinstance(value, str) or not value.strip():
        raise UnreadableWebhook(f"{field} is missing, or not a string")
    if len(value) > most:
        raise UnreadableWebhook(f"{field} is longer than {most} characters")
    return value


def _word(told: dict[str, Any], field: str, known: tuple[str, ...]) -> str:
    value = told.get(field)
    if value not in known:
        raise UnreadableWebhook(f"{field} is none of {', '.join(known)}")
    return str(value)


def _number(told: dict[str, Any], field: str) -> str | None:
    """As the phone system writes it; None if it is withheld."""
    value = told.get(field)
    if value is None:
        return None
    if not isinstance(value, str):
        raise UnreadableWebhook(f"{field} is not a string; put quotes around the number")
    return None if withheld(value) else value


def _optional(told: dict[str, Any], field: str) -> str | None:
    value = told.get(field)
    if value is not None and not isinstance(value, str):
        raise UnreadableWebhook(f"{field} is not a string")
    return value or None


def _link(told: dict[str, Any], field: str) -> str | None:
    value = _optional(told, field)
    if value is not None and not value.startswith(("https://", "http://")):
        raise UnreadableWebhook(f"{field} is not a web address")
    return value


def _milliseconds(seconds: Any) -> int | None:
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        raise UnreadableWebhook("duration is not a number of seconds")
    if not 0 <= seconds <= LONGEST_CALL_S:
        raise UnreadableWebhook(f"duration is not between 0 and {LONGEST_CALL_S} seconds")
    return round(seconds * 1000)


def _moment(told: dict[str, Any], field: str) -> datetime:
    try:
        at = datetime.fromisoformat(_text(told, field, most=64))
        utc = at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise UnreadableWebhook(f"{field} is no moment, e.g. 2026-03-02T17:29:40Z") from None
    if at.tzinfo is None:
        raise UnreadableWebhook(f"{field} has no time zone; add Z or an offset, e.g. -07:00")
    return utc
