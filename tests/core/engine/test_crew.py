"""A process among others on a Postgres database: what others must hear of it, they hear in time."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest

from support import postgres
from support.deployment import until
from support.house import CLIENT, STACK, TEXTBACK, House
from textback.config import load
from textback.engine.starting.runtime import open_runtime
from textback.model import Lead
from textback.store import contacts

pytestmark = pytest.mark.slow

MANY = 200  # units: many more than can be under way at once


async def test_the_heartbeat_waits_for_no_other_commit(closed: House, postgres_server: Any) -> None:
    """Nothing else can be committed, or read, and much waits: what it holds it holds on to."""
    import asyncpg

    url = postgres.new_database(postgres_server)
    closed.write(stack=STACK)
    config = closed.folder / "textback.toml"
    config.write_text(TEXTBACK.replace("[store]", f'[store]\nurl = "{url}"'))
    asked, answer = asyncio.Event(), asyncio.Event()

    async def hang(lead: Lead) -> None:
        asked.set()
        await answer.wait()

    closed.outside.saving = hang
    aside = await asyncpg.connect(url)
    locking = await asyncpg.connect(url)

    async def told() -> tuple[int, int]:
        """Until when the process is there, and until when it holds the case."""
        there = await aside.fetchval(
            "SELECT max(expires_at) FROM plugin_state WHERE key LIKE 'process/%'"
        )
        held = await aside.fetchval(
            "SELECT max(lease_until) FROM subjects WHERE subject LIKE 'case/%'"
        )
        return there, held

    async def told_anew() -> bool:
        return all(new > old for new, old in zip(await told(), before, strict=True))

    async with open_runtime(
        load(config, environ={}), found=closed.outside.plugins(), kind="worker"
    ) as runtime:
        await runtime.start()
        await runtime.engine.accept(CLIENT, "phones", [closed.ended()], closed.clock.now())
        await asked.wait()
        async with locking.transaction():
            await locking.execute("LOCK TABLE contacts")
            writes = [
                asyncio.ensure_future(
                    runtime.store.write(partial(contacts.raise_version, CLIENT, str(number)))
                )
                for number in range(MANY)
            ]
            await asyncio.sleep(0)  # they are in the queue
            before = await told()
            await until(told_anew)
            assert not all(write.done() for write in writes)
        await asyncio.gather(*writes, return_exceptions=True)
        answer.set()
    await locking.close()
    await aside.close()
