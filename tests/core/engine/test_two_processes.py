"""Two processes on one database: what forbids a text is heeded, and no cap is passed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from support import postgres, races
from support.beside import (
    Other,
    call,
    call_and_close,
    process_beside,
    refuses,
    refusing_some,
    store_of,
)
from support.house import House
from textback.store.migrate import migrate

pytestmark = pytest.mark.slow

RACES = 60  # of each kind; tests/crash/races.py lets as many happen as you like
MINE, THEIRS = ([f"+1303555{first + index:04d}" for index in range(40)] for first in (1000, 2000))
LATER = [f"+1303555{3000 + index:04d}" for index in range(40)]
CAP = 25

Sent = list[list[str]]


@pytest.fixture(params=["sqlite", "postgres"])
def database(request: pytest.FixtureRequest) -> str | None:
    """The address of an empty Postgres, or None for SQLite."""
    if request.param == "sqlite":
        return None
    return postgres.new_database(request.getfixturevalue("postgres_server"))


@pytest.mark.parametrize(("what", "text"), races.KINDS)
async def test_no_intent_after_what_forbids_it(
    tmp_path: Path, database: str | None, what: str, text: str
) -> None:
    """By the order of the commits in the database, whoever comes first; and both did."""
    report = await races.race(tmp_path, database, what, text, RACES)

    assert not report.wrong, str(report)
    assert report.close, str(report)


@asynccontextmanager
async def both(folder: Path, database: str | None, settings: str) -> AsyncIterator[Any]:
    """Two engines on one store, that send for one client by a provider that refuses some."""
    if database is None:
        migrate(f"sqlite:///{folder / 'textback.db'}")
    house = House(folder, None, name="own")
    house.write(settings=f'mode = "live"\nsegment_price = 0.01\n{settings}', more="")
    house.outside.sending["carrier"] = lambda text: refusing_some(house, text)
    store = await store_of(folder, database)
    await house.open(store)
    async with process_beside(folder, database) as other:
        yield house, other
    await house.close()
    await store.close()


def own(house: House) -> Sent:
    """What this process has sent."""
    return [[text.to, text.step] for _, text in house.sent]


async def order(house: House, other: Other, **what: Any) -> Sent:
    """Let the other process do something at this moment; what it has sent so far."""
    sent: Sent = await other.tell(at=house.clock.now().isoformat(), **what)
    return sent


@pytest.mark.parametrize(
    "cap", [f"per_hour = {CAP}", f"spend_per_day = {CAP / 100}"], ids=["per hour", "spend"]
)
async def test_a_cap_holds_to_the_last_text_and_none_is_lost(
    tmp_path: Path, database: str | None, cap: str
) -> None:
    """Both want more than is left at the same moment; what is refused is free for another."""
    async with both(tmp_path, database, f"[caps]\n{cap}") as (house, other):
        _, theirs = await asyncio.gather(
            call(house, MINE), order(house, other, do="call", numbers=THEIRS)
        )
        assert theirs
        assert own(house)
        assert len(theirs) + len(own(house)) <= CAP
        for number in LATER:  # one after the other, by turns
            if int(number) % 2:
                await call(house, [number])
            else:
                theirs = await order(house, other, do="call", numbers=[number])

        sent = theirs + own(house)
        assert len(sent) == CAP
        assert len({number for number, _ in sent}) == CAP
        assert not any(refuses(number) for number, _ in sent)
        assert any(refuses(text.to) for _, text in house.outside.asked)


async def test_the_cap_of_one_caller_holds(tmp_path: Path, database: str | None) -> None:
    """The same caller again and again, each time a conversation of its own, at both processes."""
    number, times = "+13035551000", 12
    settings = 'cool_down = "0s"\n[caps]\nper_caller_day = 5'
    async with both(tmp_path, database, settings) as (house, other):
        _, theirs = await asyncio.gather(
            call_and_close(house, number, times),
            order(house, other, do="call and close", number=number, times=times),
        )

        assert len(theirs) + len(own(house)) == 5
        house.clock.advance(timedelta(days=1, seconds=1))
        await call_and_close(house, number, times)
        assert len(theirs) + len(own(house)) == 10
