"""What a client's file says of situations: where and when a call came in, and whose it was."""

from __future__ import annotations

from datetime import date
from typing import Literal

import attrs
from attrs import validators

from textback.config.fields import Some, setting
from textback.config.hours import DayHours, Holidays
from textback.model import PhoneNumber

HoursState = Literal["open", "closed", "holiday"]
"""How a business is at one moment; a holiday is a day on which it is closed, too."""

MissedOutcome = Literal[
    "no_answer", "busy", "declined", "abandoned", "voicemail", "failed", "out_of_hours"
]
"""The outcomes of calls that textback does something about."""


@attrs.frozen(kw_only=True)
class When:
    """``when`` of an entry: all that is said must be so; nothing: always."""

    line: Some[PhoneNumber] = setting("The line that was called.", factory=Some)
    known: bool | None = setting("Whether a CRM knows the caller.", default=None)
    outcome: Some[MissedOutcome] = setting("How the call ended.", factory=Some)
    hours: HoursState | None = setting(
        "How the business was when the call ended; a holiday is closed, too.", default=None
    )
    vip: bool | None = setting("Whether a CRM or vip_phones says that it is a VIP.", default=None)


@attrs.frozen(kw_only=True)
class ToldWhen(When):
    """``when`` of a ``[[notify]]``; the hours are those of the moment that the team is told of."""

    owner: Some[str] = setting(
        "Who owns the contact, by name or e-mail address as the CRM gives it.", factory=Some
    )
    words: Some[str] = setting(
        'Words in what the caller wrote, in any case, e.g. ["emergency", "pain"].', factory=Some
    )


@attrs.frozen(kw_only=True)
class Hours:
    """``[hours]``: when the business is open, by the clocks of its time zone."""

    mon: DayHours | None = setting(
        'Monday, e.g. "08:00-12:00, 13:00-17:00"; closed if not set, as on each other day.',
        default=None,
    )
    tue: DayHours | None = setting("Tuesday.", default=None)
    wed: DayHours | None = setting("Wednesday.", default=None)
    thu: DayHours | None = setting("Thursday.", default=None)
    fri: DayHours | None = setting(
        'Friday; "22:00-02:00" goes on into the night, and belongs to this day.', default=None
    )
    sat: DayHours | None = setting("Saturday.", default=None)
    sun: DayHours | None = setting("Sunday.", default=None)
    holidays: Holidays | None = setting(
        'The public holidays of a country or a part of it, e.g. "US" or "US-CO".', default=None
    )
    closed: tuple[date, ...] = setting(
        'More days that are holidays here, e.g. ["2026-12-24"].', default=()
    )

    @property
    def week(self) -> tuple[DayHours | None, ...]:
        """The days as `datetime.date.weekday` counts them, from Monday."""
        return (self.mon, self.tue, self.wed, self.thu, self.fri, self.sat, self.sun)

    def __attrs_post_init__(self) -> None:
        if not any(self.week):
            raise ValueError('has no day; write e.g. mon = "08:00-17:00" for each day of opening')

    def is_holiday(self, day: date) -> bool:
        """Whether the business is closed on a day, whatever its hours are."""
        return day in self.closed or (self.holidays is not None and day in self.holidays)


@attrs.frozen(kw_only=True)
class Location:
    """``[[location]]``: one place of a business that has several."""

    lines: tuple[PhoneNumber, ...] = setting(
        "Those of the client's lines that ring here.", validator=validators.min_len(1)
    )
    name: str = setting("What {{ location }} is in texts to its callers.", default="")
    contact: str = setting(
        "What {{ contact }} is in texts to its callers; the client's if not set.", default=""
    )
    hours: Hours | None = setting(
        "[location.hours]: its own hours; the client's if not set.", default=None
    )
