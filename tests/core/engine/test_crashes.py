"""Killed at each commit in turn, just before it and just after it, and started again."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import TypeVar

import pytest

from support.house import CALLER, House
from textback.errors import StoreError
from textback.store import SQLiteStore, Store, Unit, open_embedded

pytestmark = pytest.mark.slow

T = TypeVar("T")
DAY = timedelta(days=1)


class Dying:
    """A store whose process dies at one of its commits; from then on nothing works.

    Args:
        store: What lives on.
        commits: How many are done before.
        after: Whether the fatal one is committed, and only nobody learns of it.
    """

    def __init__(self, store: Store, commits: int, *, after: bool) -> None:
        self.store = store
        self.left = commits
        self.after = after

    @property
    def dead(self) -> bool:
        """Whether it has happened."""
        return self.left < 0

    async def write(self, unit: Unit[T]) -> T:
        """Commit, or die."""
        if self.dead:
            raise StoreError("the process is dead")
        self.left -= 1
        if self.dead:
            if self.after:
                await self.store.write(unit)
            raise StoreError("killed")
        return await self.store.write(unit)

    async def read(self, unit: Unit[T]) -> T:
        """Read, while alive."""
        if self.dead:
            raise StoreError("the process is dead")
        return await self.store.read(unit)

    async def close(self) -> None:
        """The file is closed by who has opened it."""


class Story:
    """A missed call, a follow-up, a second call, a reply, a STOP; told again what got no 2xx."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.first = house.ended(call="CA1")
        self.second = house.ended(call="CA2")
        self.reply = house.text_from("yes, at five")
        self.stop = house.text_from("STOP")

    async def play(self) -> None:
        """From the beginning; what was done before is not done again."""
        house = self.house
        await house.tell(self.first)
        await house.run()
        await house.let_pass(timedelta(hours=3))
        await house.tell(self.second)
        await house.run()
        await house.tell(self.reply, plugin="carrier")
        await house.run()
        await house.tell(self.stop, plugin="carrier")
        await house.let_pass(9 * DAY)


async def killed(folder: Path, empty: Path, commits: int, *, after: bool) -> tuple[House, bool]:
    """Play the story with one death in it; the house afterwards, and whether it came to that."""
    house = House(folder, empty)
    house.write()
    file: SQLiteStore = open_embedded(folder / "textback.db")
    dying = Dying(file, commits, after=after)
    story = Story(house)
    try:
        await house.open(dying)
        await story.play()
    except StoreError:
        assert dying.dead
    await house.close()
    await file.close()
    await house.open()
    await story.play()
    return house, dying.dead


@pytest.mark.parametrize("after", [False, True], ids=["before the commit", "after the commit"])
async def test_a_death_at_any_commit_loses_nothing_and_repeats_nothing(
    tmp_path: Path, empty: Path, after: bool
) -> None:
    """One first text, or an end that says that nobody knows; every call has its one end."""
    commits = 0
    died = True
    while died:
        folder = tmp_path / str(commits)
        folder.mkdir()
        house, died = await killed(folder, empty, commits, after=after)
        where = f"killed at commit {commits}"

        steps = [text.step for _, text in house.sent]
        assert len(steps) == len(set(steps)), where
        end, joined = house.ends()
        assert joined == "joined", where
        assert end == "sent" or (end == "unknown" and died), where
        assert ("text/1" in steps) or end == "unknown", where
        states = {row["state"] for row in house.texts()}
        assert "sending" not in states, where
        assert set(house.states().values()) <= {"done", "cancelled"}, where
        assert len(house.rows("SELECT * FROM cases")) == 1, where
        (suppressed,) = house.rows("SELECT reason FROM suppressions")
        assert suppressed["reason"] == "opt_out", where
        assert {lead.number for lead in house.outside.leads.values()} == {CALLER}, where
        kinds = {notice.kind.value for notice in house.outside.notices}
        assert kinds >= {"missed_call", "called_again", "reply", "opted_out"}, where
        assert await house.ledger_fault() is None, where
        await house.close()
        commits += 1
    assert commits > 15
