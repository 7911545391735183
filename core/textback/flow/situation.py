"""The situation of a call, as far as wording and leads depend on it."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import attrs

from textback.config.hours import DAY
from textback.config.places import Hours, HoursState
from textback.config.settings import Client
from textback.model import Case, Outcome, PhoneNumber


@attrs.frozen(kw_only=True)
class Situation:
    """What ``when`` and ``language`` of a client's file ask for.

    Attributes:
        line: The one last called.
        outcome: None if the caller wrote and never called.
        hours: When the call ended, or at the later moment, where the business is.
        language: A BCP 47 tag in lower case; the client's if the caller's isn't known.
    """

    line: PhoneNumber
    known: bool
    outcome: Outcome | None
    hours: HoursState
    vip: bool
    language: str


def situation_of(client: Client, case: Case, at: datetime | None = None) -> Situation:
    """The situation in which a case was opened, or is at a later moment."""
    caller = case.caller
    line = case.line or client.lines[0]
    return Situation(
        line=line,
        known=bool(caller.known),
        outcome=case.outcome,
        hours=_state(client, line, case, at or case.opened_at),
        vip=bool(caller.vip) or case.number in client.vip_phones,
        language=spoken(client, case),
    )


def spoken(client: Client, case: Case) -> str:
    """What a caller speaks, as a tag in lower case; CRMs write ``es_MX`` as well as ``es-MX``."""
    return (case.caller.language or client.language).strip().replace("_", "-").lower()


def hours_of(client: Client, line: PhoneNumber) -> Hours | None:
    """The hours of the place where a line rings."""
    place = client.location_of(line)
    return (place.hours if place else None) or client.hours


def state_at(hours: Hours, local: datetime) -> HoursState:
    """How a business is at a moment.

    A night that has begun on an open day is open until its end, even if a holiday follows.

    Args:
        hours: When it is open.
        local: The moment by its own clock, which is all that counts: an hour that comes twice at
            the end of summer time is open twice.
    """
    today, minute = local.date(), local.hour * 60 + local.minute
    if _open(hours, today - timedelta(days=1), DAY + minute):
        return "open"
    if hours.is_holiday(today):
        return "holiday"
    return "open" if _open(hours, today, minute) else "closed"


def as_told(state: HoursState, outcome: Outcome | None) -> HoursState:
    """What the hours say, unless the phone system knows of a time off that they don't."""
    return "closed" if outcome is Outcome.OUT_OF_HOURS and state == "open" else state


def _open(hours: Hours, day: date, minute: int) -> bool:
    """Whether the hours of *day* include a minute, counted from the midnight that begins it."""
    opening = hours.week[day.weekday()]
    return opening is not None and opening.includes(minute) and not hours.is_holiday(day)


def _state(client: Client, line: PhoneNumber, case: Case, at: datetime) -> HoursState:
    hours = hours_of(client, line)
    state = state_at(hours, at.astimezone(client.time_zone)) if hours is not None else "open"
    return as_told(state, case.outcome if at == case.opened_at else None)
