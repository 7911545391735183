"""Opening hours and holidays as people write them: ``"08:00-12:00, 13:00-17:00"``, ``"US-CO"``."""

from __future__ import annotations

import re
from datetime import date
from functools import lru_cache
from itertools import pairwise

import attrs

from textback.errors import ConfigError

DAY = 24 * 60
"""Minutes of a day, by the clock on the wall."""

PATTERN = r"^\s*\d\d:\d\d\s*-\s*\d\d:\d\d\s*(,\s*\d\d:\d\d\s*-\s*\d\d:\d\d\s*)*$"
"""What the hours of a day look like, for the JSON Schema."""

_RANGE = re.compile(r"\s*(\d\d):(\d\d)\s*-\s*(\d\d):(\d\d)\s*", re.ASCII)


@attrs.frozen(order=True)
class Opening:
    """One time in which a business is open.

    Attributes:
        start: In minutes after midnight.
        end: The first minute after it; from 1440 on it is in the night to the next day.
    """

    start: int
    end: int


@attrs.frozen
class DayHours:
    """When a business is open on one day of the week, earliest first."""

    openings: tuple[Opening, ...]

    def includes(self, minute: int) -> bool:
        """Whether it is open then, in minutes after the midnight at which the day begins."""
        return any(each.start <= minute < each.end for each in self.openings)


def read_hours(text: str) -> DayHours:
    """The hours that *text* writes; an end before its start is on the next day.

    Raises:
        ConfigError: It isn't written as ranges of times, or they overlap.
    """
    openings = sorted(_opening(part) for part in text.split(","))
    for earlier, later in pairwise(openings):
        if later.start < earlier.end:
            raise ConfigError("has times that overlap")
    return DayHours(tuple(openings))


def _opening(text: str) -> Opening:
    found = _RANGE.fullmatch(text)
    if found is None:
        raise ConfigError(
            'is no time of opening; write e.g. "08:00-17:00" or "08:00-12:00, 13:00-17:00"'
        )
    hour, minute, end_hour, end_minute = map(int, found.groups())
    start, end = hour * 60 + minute, end_hour * 60 + end_minute
    if minute > 59 or end_minute > 59 or start >= DAY or end > DAY:
        raise ConfigError("has a time that no clock shows; the last one is 24:00")
    if start == end:
        raise ConfigError('is no time at all; the whole day is "00:00-24:00"')
    return Opening(start, end if end > start else end + DAY)


def write_hours(hours: DayHours) -> str:
    """Hours as `read_hours` reads them."""
    return ", ".join(f"{_clock(each.start)}-{_clock(each.end)}" for each in hours.openings)


def _clock(minute: int) -> str:
    minute = minute if minute <= DAY else minute - DAY
    return f"{minute // 60:02}:{minute % 60:02}"


@attrs.frozen
class Holidays:
    """The public holidays of a country or a part of it, observed days included.

    They come from the package holidays: https://holidays.readthedocs.io/en/latest/#available-countries
    """

    region: str  # ISO 3166: "US", "US-CO"

    def __contains__(self, day: date) -> bool:
        return day in _of_year(self.region, day.year)

    def __str__(self) -> str:
        return self.region


@lru_cache(maxsize=256)
def read_holidays(text: str) -> Holidays:
    """The holidays of a region by its ISO 3166 code, e.g. ``US`` or ``US-CO``.

    Raises:
        ConfigError: The package holidays knows no such country, or no such part of it.
    """
    from holidays import country_holidays, list_supported_countries

    country, dash, part = text.partition("-")
    parts = list_supported_countries().get(country)
    if parts is None:
        raise ConfigError('is no country whose holidays are known; write e.g. "US" or "US-CO"')
    if not dash:
        return Holidays(text)
    try:
        if part:
            country_holidays(country, subdiv=part)
            return Holidays(text)
    except NotImplementedError:
        pass
    known = f"has the parts {', '.join(parts)}" if parts else "has no parts"
    raise ConfigError(f"is no part of a country whose holidays are known; {country} {known}")


@lru_cache(maxsize=1024)
def _of_year(region: str, year: int) -> frozenset[date]:
    # Imported when it is needed: it takes 50 ms, and most clients name no holidays.
    from holidays import country_holidays

    country, _, part = region.partition("-")
    return frozenset(country_holidays(country, subdiv=part or None, years=year, expand=False))
