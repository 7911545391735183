"""A database as the first version of the schema made it."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

from alembic.config import Config
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine

from textback.store import migrations

FIRST = "0001"


def make(url: str) -> None:
    """Make it in a place that is empty; nothing is in it."""
    if url.startswith("sqlite"):
        engine = create_engine(url)
        with engine.connect() as connection:
            _make(connection)
        engine.dispose()
        return
    with ThreadPoolExecutor(1) as thread:  # the caller is in an event loop of its own
        thread.submit(asyncio.run, _make_on_postgres(url)).result()


async def _make_on_postgres(url: str) -> None:
    from sqlalchemy.ext.asyncio import create_async_engine  # needs the extra postgres

    from textback.store.postgres import connect

    engine = create_async_engine("postgresql+asyncpg://", async_creator=partial(connect, url))
    async with engine.connect() as connection:
        await connection.run_sync(_make)
    await engine.dispose()


def _make(connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))
    script = ScriptDirectory.from_config(config)
    with EnvironmentContext(
        config, script, fn=lambda revision, _: script._upgrade_revs(FIRST, revision)
    ) as environment:
        environment.configure(connection=connection)
        with environment.begin_transaction():
            environment.run_migrations()
    connection.commit()
