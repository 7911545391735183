"""On Postgres, who needs two rows of a number takes the deployment's first, as intents do."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from support import postgres
from support.beside import store_of
from support.deployment import until
from support.house import CALLER, CLIENT, House
from textback.events import Event, OptIn, OptOut

pytestmark = pytest.mark.slow

LOCK = "SELECT version FROM contacts WHERE client = $1 AND number = $2 FOR UPDATE NOWAIT"
WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"


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
