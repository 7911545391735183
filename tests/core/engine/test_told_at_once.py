"""What is told in the same moment by several, to several processes on a Postgres database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from datetime import timedelta
from typing import Any

import attrs
import pytest

from support import postgres
from support.house import CLIENT, STACK, TEXTBACK, House
from textback.config import load
from textback.engine.starting.runtime import Runtime, open_runtime
from textback.events import Event, Happened
from textback.model import Outcome

pytestmark = pytest.mark.slow

CALLS = 30  # at each of which they meet, or nearly so

OTHER_PHONES = '[plugins.pbx]\nuse = "phones"\n'


@attrs.frozen
class Doors:
    """Two processes that take webhooks, and their store."""

    house: House
    runtimes: tuple[Runtime, Runtime]
    url: str

    async def tell(self, *told: tuple[str, Event]) -> None:
        """Each to another process, in the same moment: by which plugin, and what."""
        now = self.house.clock.now()
        await asyncio.gather(
            *(
                runtime.engine.accept(CLIENT, plugin, [event], now)
                for runtime, (plugin, event) in zip(self.runtimes, told, strict=False)
            )
        )

    async def rows(self, query: str) -> list[Any]:
        """Ask the database."""
        import asyncpg

        connection = await asyncpg.connect(self.url)
        try:
            return [tuple(row) for row in await connection.fetch(query)]
        finally:
            await connection.close()


@pytest.fixture
async def doors(closed: House, postgres_server: Any) -> AsyncIterator[Doors]:
    """Nobody works on what comes in."""
    url = postgres.new_database(postgres_server)
    closed.write(stack=STACK + OTHER_PHONES)
    path = closed.folder / "textback.toml"
    path.write_text(TEXTBACK.replace("[store]", f'[store]\nurl = "{url}"'))
    config = load(path, environ={})
    async with AsyncExitStack() as opened:
        first, second = [
            await opened.enter_async_context(
                open_runtime(config, found=closed.outside.plugins(), works=False)
            )
            for _ in range(2)
        ]
        yield Doors(closed, (first, second), url)


async def test_the_ends_of_two_legs_are_one_end(doors: Doors) -> None:
    """Whichever is committed last sees the other: nothing rings any more, and it was missed."""
    house = doors.house
    for number in range(CALLS):
        call = f"CA{number}"
        for leg in ("L1", "L2"):
            ringing = house.event(call, Happened.RINGING, leg=leg)
            await doors.tell(("phones", ringing))
        ends = [
            house.event(call, Happened.LEG_ENDED, leg=leg, outcome=Outcome.NO_ANSWER)
            for leg in ("L1", "L2")
        ]
        ended = house.event(call, Happened.ENDED)
        await doors.tell(("phones", ended))
        await doors.tell(*(("phones", end) for end in ends))

    assert await doors.rows("SELECT DISTINCT outcome FROM calls") == [("no_answer",)]
    late = house.clock.now() + timedelta(minutes=1)
    query = f"SELECT count(*) FROM steps WHERE due_at > {late.timestamp() * 1e6:.0f}"
    assert await doors.rows(query) == [(0,)]


async def test_a_call_that_two_sources_tell_of_is_one(doors: Doors) -> None:
    """Whichever is committed last sees the other: so whatever both tell is folded into one."""
    house = doors.house
    for number in range(CALLS):
        caller = f"+1303555{4000 + number:04d}"
        await doors.tell(
            *(
                (plugin, house.event(f"CA{number}", Happened.STARTED, caller=caller))
                for plugin in ("phones", "pbx")
            )
        )

    assert await doors.rows("SELECT count(*), count(same_as) FROM calls") == [(2 * CALLS, CALLS)]
