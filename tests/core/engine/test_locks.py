"""On Postgres, where units run at the same time: who waits for whom before he commits."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from support import postgres
from support.beside import store_of
from support.deployment import until
from support.house import CALLER, CLIENT, House
from textback.events import Event, OptIn, OptOut
from textback.store import pauses, steps
from textback.store.work import Work

pytestmark = pytest.mark.slow

LOCK = "SELECT version FROM contacts WHERE client = $1 AND number = $2 FOR UPDATE NOWAIT"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


HOURS = timedelta(hours=2, seconds=1)  # then the first follow-up is due


@pytest.fixture
async def shared(tmp_path: Path, postgres_server: Any) -> AsyncIterator[tuple[House, str]]:
    """A house whose opt-outs are for all clients, with a caller who was texted; its database."""
    url = postgres.new_database(postgres_server)
    house = House(tmp_path, None)
    house.write(settings='mode = "live"\nopt_out_scope = "deployment"')
    store = await store_of(tmp_path, url)
    await house.open(store)
    await house.missed()
    yield house, url
    await house.close()
    await store.close()


def told(house: House, what: str) -> Event:
    """An order of the caller's."""
    if what in ("STOP", "START"):
        return house.text_from(what)
    kind = {"opt-out": OptOut, "opt-in": OptIn}[what]
    return kind(key=house.key(), at=house.clock.now(), number=CALLER, evidence="the provider")


@pytest.mark.parametrize("what", ["STOP", "START", "opt-out", "opt-in"])
async def test_the_deployments_row_is_locked_first(shared: tuple[House, str], what: str) -> None:
    """Who waits for it holds none that an intent, which has it, may still want."""
    import asyncpg

    house, url = shared
    await house.tell(told(house, "STOP" if what in ("START", "opt-in") else "START"))
    intent, looking = await asyncpg.connect(url), await asyncpg.connect(url)
    async with intent.transaction():
        await intent.fetch(LOCK, "*", CALLER)
        telling = asyncio.ensure_future(house.tell(told(house, what), plugin="carrier"))
        await until(lambda: looking.fetchval(WAITING))
        await intent.fetch(LOCK, CLIENT, CALLER)
    await telling
    await intent.close()
    await looking.close()


async def beside(connection: Any, work: Work[Any]) -> None:
    """Run a unit in a transaction of a test's own."""
    rows: Any = None
    try:
        while True:
            query, values = work.send(rows)
            rows = await connection.fetch(query.postgres, *(values[name] for name in query.names))
    except StopIteration:
        return


@pytest.mark.parametrize("paused", [False, True], ids=["pause", "resume"])
async def test_who_decides_waits_for_who_pauses(shared: tuple[House, str], paused: bool) -> None:
    """And hears of it: no text goes once it is paused, none is held once that is over."""
    import asyncpg

    house, url = shared
    house.clock.advance(HOURS)
    if paused:
        await house.pause()
    other, looking = await asyncpg.connect(url), await asyncpg.connect(url)
    async with other.transaction():
        if paused:
            await beside(other, pauses.resume(CLIENT))
            await beside(other, steps.release_held(CLIENT, house.runtime.ctx.now()))
        else:
            await beside(other, pauses.pause(CLIENT, "a test", 1))
        running = asyncio.ensure_future(house.run())
        await until(lambda: looking.fetchval(WAITING))
        assert not running.done()
    await running
    await house.run()
    assert [text.step for _, text in house.sent] == ["text/1", *(["follow_up/1"] * paused)]
    await other.close()
    await looking.close()
