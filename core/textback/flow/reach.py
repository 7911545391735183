"""Which entries of a client's file can never be used, and which calls none of them is for.

Both are found by going through every situation that a call to this client can be in, as far as its
entries tell them apart.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product
from typing import get_args

import attrs

from textback.config.places import HoursState, MissedOutcome, When
from textback.config.settings import Client, LeadRule, Wording
from textback.flow.choice import choose
from textback.flow.situation import Situation, as_told, hours_of
from textback.model import Outcome, PhoneNumber

Entries = Sequence[Wording | LeadRule]


@attrs.frozen
class Reach:
    """What was found of a list of entries.

    Attributes:
        unused: Those that no call can reach, counted from 1.
        gap: A situation that no entry fits, as ``when`` would say it; None if there is none.
    """

    unused: tuple[int, ...]
    gap: str | None


def reach(client: Client, entries: Entries) -> Reach:
    """Find out which entries are for which calls; without any, nothing is missing."""
    used, gap = set(), None
    for situation in situations(client, entries) if entries else ():
        chosen = choose(entries, situation)
        if chosen is not None:
            used.add(id(chosen))
        elif gap is None:
            gap = _in_words(situation, entries)
    unused = tuple(n for n, entry in enumerate(entries, start=1) if id(entry) not in used)
    return Reach(unused, gap)


def situations(client: Client, entries: Entries) -> Iterator[Situation]:
    """Every situation of a missed call; what no entry asks for is the same in all of them."""
    asked = _asked(entries)
    outcomes = [Outcome(each) for each in get_args(MissedOutcome)]
    both = (True, False)
    for (line, states), known, outcome, vip, language in product(
        _lines(client, entries),
        both if "known" in asked else (False,),
        outcomes if "outcome" in asked else (Outcome.NO_ANSWER,),
        both if "vip" in asked else (False,),
        _languages(client, entries),
    ):
        for hours in states if "hours" in asked else states[:1]:
            yield Situation(
                line=line,
                known=known,
                outcome=outcome,
                hours=as_told(hours, outcome),
                vip=vip,
                language=language,
            )


def _asked(entries: Entries) -> set[str]:
    """The conditions that any entry has."""
    names = [field.name for field in attrs.fields(When)]
    return {n for n in names for e in entries if getattr(e.when, n) not in (None, ())}


def _lines(client: Client, entries: Entries) -> list[tuple[PhoneNumber, tuple[HoursState, ...]]]:
    """The lines, with what their hours can be; of those that are alike in both, one."""
    named = {line for entry in entries for line in entry.when.line}
    alike: dict[object, tuple[PhoneNumber, tuple[HoursState, ...]]] = {}
    for line in client.lines:
        states = _states(client, line)
        alike.setdefault((line if line in named else None, states), (line, states))
    return list(alike.values())


def _states(client: Client, line: PhoneNumber) -> tuple[HoursState, ...]:
    hours = hours_of(client, line)
    if hours is None:
        return ("open",)
    return ("open", "closed", "holiday") if hours.holidays or hours.closed else ("open", "closed")


def _languages(client: Client, entries: Entries) -> list[str]:
    """The client's own; then those that are written, and one that nobody has thought of."""
    written = [language.lower() for entry in entries if (language := _language(entry))]
    return list(dict.fromkeys((client.language.lower(), *written, *([_OTHER] if written else ()))))


def _language(entry: Wording | LeadRule) -> str | None:
    return entry.language if isinstance(entry, Wording) else None


_OTHER = "und"  # BCP 47: undetermined


def _in_words(situation: Situation, entries: Entries) -> str:
    """A situation as far as the entries ask for it, as ``when`` would say it."""
    asked = _asked(entries)
    said = [
        f"{name} = {_toml(value)}"
        for name, value in attrs.asdict(situation, recurse=False).items()
        if name in asked
    ]
    if any(_language(entry) for entry in entries):
        other = situation.language == _OTHER
        said.append("another language" if other else f"language {situation.language}")
    return ", ".join(said)


def _toml(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else f'"{value}"'
