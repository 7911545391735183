"""Move what a file remembers into a Postgres database, and see row by row that it is all there.

The target gets everything in one transaction: if anything stops it, nothing is there, and it is
begun again.  Rows stream through in the order of their keys, so that memory doesn't grow with the
store.
"""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any, Final

import asyncpg
import attrs
from sqlalchemy import Table as Declared

from textback.errors import WrongStore
from textback.store.locks import COPYING
from textback.store.migrations import HEAD
from textback.store.opening import Place, schema_of
from textback.store.postgres import connect, in_words
from textback.store.schema import metadata
from textback.store.sqlite import connect as open_file

AT_A_TIME: Final = 2_000  # rows in memory

Told = Callable[[int], None]


@attrs.frozen
class _Table:
    """One table, read in the order of its key, the same in both databases."""

    name: str
    columns: tuple[str, ...]
    key: tuple[str, ...]

    @classmethod
    def of(cls, table: Declared) -> _Table:
        key = tuple(column.name for column in table.primary_key.columns)
        return cls(table.name, tuple(column.name for column in table.columns), key)

    def in_file(self) -> str:
        return f"SELECT {', '.join(self.columns)} FROM {self.name} ORDER BY {', '.join(self.key)}"

    def in_database(self) -> str:
        order = ", ".join(f'{column} COLLATE "C"' for column in self.key)  # as SQLite orders
        return f"SELECT {', '.join(self.columns)} FROM {self.name} ORDER BY {order}"

    def named(self, row: tuple[Any, ...]) -> str:
        """A row by its key, for people; what it says is not shown."""
        values = dict(zip(self.columns, row, strict=True))
        return f"{self.name} {'/'.join(str(values[column]) for column in self.key)}"


TABLES: Final = [_Table.of(table) for table in metadata.sorted_tables]


async def must_fit(source: Path, target: Place) -> None:
    """See that a copy is possible; an empty database gets its tables.

    Raises:
        WrongStore: There is no source, its schema is another, or something is in the target.
    """
    found = await schema_of(Place(f"sqlite:///{source}", source))
    if found is None:
        raise WrongStore(f"{source}: there is no store")
    if found != HEAD:
        raise WrongStore(f"{source.name}: has schema {found}; bring it to {HEAD}: textback migrate")
    there = await schema_of(target)
    if there is None:
        from textback.store.migrate import migrate  # loads alembic

        migrate(target.url)
    elif there != HEAD:
        raise WrongStore(f"{target}: has schema {there}; bring it to {HEAD}: textback migrate")


def count(source: Path) -> int:
    """How many rows there are to copy."""
    with closing(open_file(source)) as connection:
        return sum(
            connection.execute(f"SELECT count(*) FROM {table.name}").fetchone()[0]
            for table in TABLES
        )


async def copy(source: Path, target: Place, copied: Told, checked: Told) -> dict[str, int]:
    """Copy all, and compare all; how many rows of each table.

    Args:
        source: The file, which nobody serves meanwhile.
        target: A database with empty tables.
        copied: Told of portions of rows that are on their way.
        checked: Told of portions of rows that were found as they should be.

    Raises:
        WrongStore: Something is in the target, the source was changed meanwhile, or a row can't be
            stored there; nothing is copied.
        StoreBusy: The server was lost; nothing is copied.
    """
    with closing(open_file(source)) as file, closing(open_file(source)) as watch:
        file.row_factory = None
        before = _commits(watch)
        file.execute("BEGIN")
        connection = await connect(target.url)
        try:
            with in_words(target.url):
                async with connection.transaction():
                    await _close_to_others(connection, target)
                    counts = {
                        table.name: await _copy(file, connection, table, copied) for table in TABLES
                    }
                    for table in TABLES:
                        await _compare(file, connection, table, checked)
                    if _commits(watch) != before:
                        raise WrongStore(f"{source.name} was written to meanwhile; begin again")
                await connection.execute(f"ANALYZE {', '.join(counts)}", timeout=None)
        finally:
            await connection.close(timeout=10)
    return counts


def _commits(watch: sqlite3.Connection) -> int:
    """Another number once anybody else has committed."""
    (number,) = watch.execute("PRAGMA data_version").fetchone()
    return int(number)


async def _close_to_others(connection: asyncpg.Connection, target: Place) -> None:
    """Nobody else copies or serves there, and there is nothing."""
    if not await connection.fetchval("SELECT pg_try_advisory_xact_lock($1)", COPYING):
        raise WrongStore(f"{target}: somebody is copying into it already")
    for table in TABLES:
        await connection.execute(f"LOCK TABLE {table.name} IN EXCLUSIVE MODE")
        if await connection.fetchval(f"SELECT EXISTS (SELECT FROM {table.name})"):
            raise WrongStore(f"{target}: is not empty ({table.name}); use a new database")


async def _copy(
    file: sqlite3.Connection, connection: asyncpg.Connection, table: _Table, copied: Told
) -> int:
    number = 0

    async def rows() -> AsyncIterator[tuple[Any, ...]]:
        nonlocal number
        for portion in _portions(file, table):
            for row in portion:
                _must_be_storable(table, row)
                yield row
            number += len(portion)
            copied(len(portion))

    try:
        await connection.copy_records_to_table(
            table.name, records=rows(), columns=table.columns, timeout=None
        )
    except (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError) as error:
        raise WrongStore(f"{table.name}: a row can't be stored: {error}") from error
    return number


def _portions(file: sqlite3.Connection, table: _Table) -> Iterator[list[tuple[Any, ...]]]:
    rows = file.execute(table.in_file())
    while portion := rows.fetchmany(AT_A_TIME):
        yield portion


def _must_be_storable(table: _Table, row: tuple[Any, ...]) -> None:
    for value in row:
        if isinstance(value, str) and "\0" in value:
            raise WrongStore(
                f"{table.named(row)}: has a NUL character, which Postgres doesn't store; erase it"
                " with `textback forget` or `prune`"
            )


async def _compare(
    file: sqlite3.Connection, connection: asyncpg.Connection, table: _Table, checked: Told
) -> None:
    there = await connection.cursor(table.in_database())
    for portion in _portions(file, table):
        found = await there.fetch(len(portion), timeout=None)
        for row, copy in zip(portion, found, strict=False):
            if row != tuple(copy):
                raise WrongStore(f"{table.named(row)}: arrived changed; nothing is copied")
        if len(found) < len(portion):
            missing = next(islice(portion, len(found), None))
            raise WrongStore(f"{table.named(missing)}: did not arrive; nothing is copied")
        checked(len(portion))
    if await there.fetch(1, timeout=None):
        raise WrongStore(f"{table.name}: has more rows than it should; nothing is copied")
