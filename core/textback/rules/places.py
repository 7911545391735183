"""Where a caller may be: country, states and time zones, as far as a number tells.

A number says where it was given out, which is a presumption and no more; so every place that is
plausible counts, and the strictest of them decides.  A zone that a CRM knows takes the place of the
number's zones, but not of its states: some states presume that who has their area code is there.
"""

from __future__ import annotations

import tomllib
from functools import lru_cache
from importlib.resources import files
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import attrs

from textback.phones import region_of

_CACHED = 4096
_NORTH_AMERICA = "+1"

# For numbers without a place, e.g. toll-free ones: where nearly all who have one are.
_CONTIGUOUS = tuple(
    ZoneInfo(f"America/{city}") for city in ("New_York", "Chicago", "Denver", "Los_Angeles")
)


@attrs.frozen
class Place:
    """Everywhere that a caller may plausibly be.

    Attributes:
        areas: Countries and their parts as ISO 3166 writes them: ``US``, ``US-CO``.
        zones: Nothing if nobody knows.
    """

    areas: frozenset[str]
    zones: tuple[ZoneInfo, ...]

    @property
    def named(self) -> str:
        """The areas for people, the most exact first."""
        return _named(self.areas)


@lru_cache(maxsize=_CACHED)
def _named(areas: frozenset[str]) -> str:
    return ", ".join(sorted(areas, key=lambda area: (-len(area), area))) or "unknown"


def place_of(number: str, zone: ZoneInfo | None = None) -> Place:
    """Where the caller with an E.164 number may be; *zone* is what a CRM knows."""
    place = _place_of_prefix(number[:5]) if number.startswith(_NORTH_AMERICA) else None
    if place is None:
        place = _place_of_number(number)
    return place if zone is None else Place(place.areas, (zone,))


@lru_cache(maxsize=_CACHED)
def _place_of_prefix(prefix: str) -> Place | None:
    """The place of a North American area code, ``+1303``; None if it has none of its own."""
    return _area_codes().get(prefix.removeprefix(_NORTH_AMERICA))


@lru_cache(maxsize=_CACHED)
def _place_of_number(number: str) -> Place:
    # Imported when it is needed: its data takes 30 ms, and most numbers are told by area code.
    from phonenumbers import NumberParseException, parse
    from phonenumbers.timezone import time_zones_for_number

    country = region_of(number)
    areas = frozenset({country}) if country else frozenset[str]()
    try:
        names = time_zones_for_number(parse(number))
    except NumberParseException:
        names = ()
    if number.startswith(_NORTH_AMERICA) and (country in (None, "US", "CA") or len(names) > 9):
        return Place(areas | {"US"}, _CONTIGUOUS)
    return Place(areas, tuple(zone for name in names if (zone := _zone(name)) is not None))


def _zone(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):  # "Etc/Unknown", or newer than our zones
        return None


@lru_cache(maxsize=1)
def _area_codes() -> dict[str, Place]:
    text = (files("textback.rules") / "area_codes.toml").read_text(encoding="utf-8")
    found: dict[str, Place] = {}
    for areas, zones in tomllib.loads(text).items():
        everywhere = frozenset(part for area in areas.split() for part in (area, area[:2]))
        for names, codes in zones.items():
            place = Place(everywhere, tuple(ZoneInfo(name) for name in names.split()))
            found |= dict.fromkeys(codes.split(), place)
    return found
