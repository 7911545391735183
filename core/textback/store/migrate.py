"""Bring a database to the schema of this version, with alembic; say no to a newer one."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import attrs
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.runtime.environment import EnvironmentContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, create_engine

from textback.errors import WrongStore
from textback.store.locks import MIGRATING
from textback.store.schema import metadata

_SCRIPTS = Path(__file__).parent / "migrations"


@attrs.frozen
class Migrated:
    """From which version to which; equal if there was nothing to do."""

    before: str | None
    after: str


def migrate(url: str) -> Migrated:
    """Apply what is missing, in one transaction.

    Args:
        url: ``sqlite:///FILE`` or ``postgresql://...``.

    Raises:
        WrongStore: The database was made by a newer version of textback.
    """
    if url.startswith("sqlite"):
        engine = create_engine(url)
        try:
            with engine.connect() as connection:
                return _migrate(connection)
        finally:
            engine.dispose()
    with ThreadPoolExecutor(1) as thread:  # the caller may be in an event loop of its own
        return thread.submit(asyncio.run, _migrate_postgres(url)).result()


async def _migrate_postgres(url: str) -> Migrated:
    from sqlalchemy.ext.asyncio import create_async_engine  # needs the extra postgres

    from textback.store.postgres import connect, in_words

    engine = create_async_engine("postgresql+asyncpg://", async_creator=partial(connect, url))
    try:
        with in_words(url):
            async with engine.connect() as connection:
                return await connection.run_sync(_migrate)
    finally:
        await engine.dispose()


def _migrate(connection: Connection) -> Migrated:
    config = Config()
    config.set_main_option("script_location", str(_SCRIPTS).replace("%", "%%"))
    script = ScriptDirectory.from_config(config)
    head = script.get_current_head()
    assert head is not None
    before: list[str | None] = []

    def upgrade(revision: object, context: MigrationContext) -> list[object]:
        del context
        current = revision[0] if isinstance(revision, tuple) and revision else None
        if isinstance(revision, str):
            current = revision
        before.append(current)
        if current is not None and current not in {
            each.revision for each in script.walk_revisions()
        }:
            raise WrongStore(
                f"the database has schema {current}, which this version of textback doesn't know;"
                " install the version that made it, or a newer one"
            )
        return list(script._upgrade_revs("head", current))  # type: ignore[arg-type]

    with EnvironmentContext(config, script, fn=upgrade) as environment:
        _serialise(connection)
        environment.configure(connection=connection, target_metadata=metadata)
        with environment.begin_transaction():
            environment.run_migrations()
        connection.commit()
    return Migrated(before=before[0] if before else None, after=head)


def _serialise(connection: Connection) -> None:
    """Only one process migrates at a time: the others wait, then find nothing to do."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({MIGRATING})")
    else:
        connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        connection.exec_driver_sql("BEGIN IMMEDIATE")
