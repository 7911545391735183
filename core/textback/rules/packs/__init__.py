"""Rule packs: what the law of a place, or the custom of a trade, asks of texts, as dated data.

A pack is a TOML file beside this module.  It has a title, says where it holds (`where`, ISO 3166;
nowhere: only for clients that name it), and has entries.  Each entry says in one sentence what it
asks, where that stands (`source`), from and until which day it holds, and whether somebody has read
the primary text (`verified`); what has not been verified is as strict as its strictest reading.  A
rule that changes on a day is two entries, and changes by itself.

No pack is legal advice.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from functools import lru_cache
from importlib.resources import files
from typing import Any

import attrs

RECIPIENT = "recipient"
"""In a client's ``rules.packs``: the packs of every place where the caller may be."""

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

OTHERWISE = (8 * 60, 20 * 60)
"""The hours, in minutes after midnight, where no pack says any: ours, and no law's."""

Hours = tuple[int, int] | None
"""From the first minute to the first one after it; None: not on that day."""


@attrs.frozen(kw_only=True)
class Entry:
    """One thing that a pack asks.

    Attributes:
        name: The pack's and its own: ``us-tx/hours``.
        since: The first day on which it holds; None: as long as textback exists.
        until: The first day on which it holds no longer.
        hours: For each day of the week, when texts may go.
        first_at_night: False: not even the first text may go outside of the hours.
        per_day: So many texts to one person in 24 hours.
        per_week: So many in seven days.
        lasts: For how many days a basis of consent carries texts.
        asks: What is asked of each kind of text (``first``, ``follow_up``, ``confirmation``):
            `textback.rules.content.ASKED`.
    """

    name: str
    says: str
    source: str
    verified: bool
    since: date | None = None
    until: date | None = None
    hours: tuple[Hours, ...] | None = None
    first_at_night: bool = True
    per_day: int | None = None
    per_week: int | None = None
    lasts: Mapping[str, int] = attrs.field(factory=dict)
    asks: Mapping[str, frozenset[str]] = attrs.field(factory=dict)

    def holds_on(self, day: date) -> bool:
        """Whether it is in force."""
        return (self.since is None or self.since <= day) and (
            self.until is None or day < self.until
        )


@attrs.frozen(kw_only=True)
class Pack:
    """The rules of one place or trade."""

    name: str
    title: str
    where: frozenset[str]
    entries: tuple[Entry, ...]


@attrs.frozen(kw_only=True)
class Law:
    """What all packs that apply come to on one day: of each thing the strictest.

    Attributes:
        packs: Their names.
        hours: For each day of the week, when texts may go.
        entries: The entries that are in force.
    """

    packs: tuple[str, ...]
    hours: tuple[Hours, ...]
    first_at_night: bool
    per_day: int | None
    per_week: int | None
    lasts: Mapping[str, int]
    asks: Mapping[str, frozenset[str]]
    entries: tuple[Entry, ...]


@lru_cache(maxsize=1)
def everything() -> Mapping[str, Pack]:
    """All packs, by name; read once."""
    folder = files(__name__)
    names = sorted(each.name for each in folder.iterdir() if each.name.endswith(".toml"))
    packs = (read(name.removesuffix(".toml"), (folder / name).read_text("utf-8")) for name in names)
    return {pack.name: pack for pack in packs}


def read(name: str, text: str) -> Pack:
    """A pack from its file.

    Raises:
        TypeError: An entry lacks something, or has something unknown.
    """
    table = tomllib.loads(text)
    return Pack(
        name=name,
        title=table["title"],
        where=frozenset(table.get("where", ())),
        entries=tuple(
            Entry(name=f"{name}/{entry}", **dict(_values(values)))
            for entry, values in table["entry"].items()
        ),
    )


def _values(values: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        match key:
            case "hours":
                yield key, tuple(_hours(value[day]) if day in value else None for day in DAYS)
            case "asks":
                yield key, {kind: frozenset(asked) for kind, asked in value.items()}
            case _:
                yield key, value


def _hours(text: str) -> Hours:
    start, end = (int(each[:2]) * 60 + int(each[3:5]) for each in text.split("-"))
    return start, end


@lru_cache(maxsize=4096)
def law_of(names: tuple[str, ...], areas: frozenset[str], day: date) -> Law:
    """What holds for a caller on one day, by the recipient's own calendar.

    Args:
        names: Packs as a client names them; `RECIPIENT` stands for those of *areas*.
        areas: Where the caller may be.
        day: Which entries are in force.
    """
    applying = [
        pack
        for pack in everything().values()
        if pack.name in names or (RECIPIENT in names and pack.where & areas)
    ]
    entries = tuple(each for pack in applying for each in pack.entries if each.holds_on(day))
    lasts: dict[str, int] = {}
    for entry in entries:
        for basis, days in entry.lasts.items():
            lasts[basis] = min(days, lasts.get(basis, days))
    asks: dict[str, frozenset[str]] = {}
    for entry in entries:
        for kind, asked in entry.asks.items():
            asks[kind] = asks.get(kind, frozenset()) | asked
    timed = [entry.hours for entry in entries if entry.hours is not None]
    return Law(
        packs=tuple(pack.name for pack in applying),
        hours=tuple(map(_strictest, zip(*timed, strict=True))) if timed else (OTHERWISE,) * 7,
        first_at_night=all(entry.first_at_night for entry in entries),
        per_day=_least(entry.per_day for entry in entries),
        per_week=_least(entry.per_week for entry in entries),
        lasts=lasts,
        asks=asks,
        entries=entries,
    )


def _strictest(hours: tuple[Hours, ...]) -> Hours:
    """The time that is in all; None if there is none."""
    known = [each for each in hours if each is not None]
    if len(known) < len(hours):
        return None
    start, end = max(each[0] for each in known), min(each[1] for each in known)
    return (start, end) if start < end else None


def _least(numbers: Iterable[int | None]) -> int | None:
    return min((each for each in numbers if each is not None), default=None)
