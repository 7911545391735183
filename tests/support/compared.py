"""Two sets of files, compared over the past that a house has lived."""

from __future__ import annotations

from datetime import datetime, timedelta

import attrs

from support.house import CLIENT, START, House
from textback.clock import micros
from textback.config import load
from textback.engine.replaying.tools import tools_of
from textback.engine.replaying.what_if import Comparison, Difference

HOUR = timedelta(hours=1)


@attrs.define
class Compared:
    """What a comparison found."""

    comparison: Comparison
    found: list[Difference]

    @property
    def changes(self) -> list[tuple[str | None, str, str]]:
        """Caller, step and change of each difference."""
        return [(each.call.caller, each.step, each.change) for each in self.found]


async def compare(house: House, since: datetime = START, **other: str) -> Compared:
    """Compare the files of a house with others: other settings, stack or more."""
    today = load(house.folder / "textback.toml", environ={}).clients[CLIENT]
    if other:
        house.write(**other)
    changed = load(house.folder / "textback.toml", environ={})
    assert not changed.problems, changed.problems
    found: list[Difference] = []
    kinds = house.outside.plugins()
    comparison = Comparison(
        read=house.runtime.store.read,
        hash_of=house.runtime.ctx.hash_of,
        since=micros(since - HOUR),
        until=micros(house.clock.now()) + 1,
        found=found.append,
        progress=lambda calls: None,
    )
    sides = [
        (each, tools_of(each, kinds, house.clock)) for each in (today, changed.clients[CLIENT])
    ]
    await comparison.run(*sides)
    return Compared(comparison, found)
