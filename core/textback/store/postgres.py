"""Postgres: the same units of work on a pool of asyncpg connections."""

from __future__ import annotations

import random
from asyncio import sleep
from typing import TypeVar, cast

import asyncpg

from textback.errors import StoreBusy, WrongStore
from textback.store.work import Unit, Waiting, Work

T = TypeVar("T")

# Two units met: one of them is run again.  https://www.postgresql.org/docs/current/errcodes-appendix.html
_AGAIN = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
_TRIES = 5


class PostgresStore:
    """The store in a Postgres database."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self._pool = pool
        self.waiting = Waiting()

    @classmethod
    async def open(cls, url: str, *, connections: int = 8) -> PostgresStore:
        """Connect.

        Raises:
            WrongStore: The server can't be reached with this address.
        """
        try:
            pool = await asyncpg.create_pool(url, min_size=1, max_size=connections)
        except (OSError, asyncpg.PostgresError) as error:
            raise WrongStore(f"the Postgres server can't be used: {error}") from error
        return cls(pool)

    async def write(self, unit: Unit[T]) -> T:
        """Commit one unit, again if it met another."""
        with self.waiting.one():
            return await self._write(unit)

    async def _write(self, unit: Unit[T]) -> T:
        for attempt in range(_TRIES):
            try:
                return await self._transaction(unit, readonly=False)
            except _AGAIN:
                await sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311 (no secret)
            except (OSError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError) as error:
                raise StoreBusy(f"the store can't commit: {error}") from error
        raise StoreBusy("the store can't commit: other work on the same rows came first, often")

    async def read(self, unit: Unit[T]) -> T:
        """Run a unit on one snapshot."""
        try:
            return await self._transaction(unit, readonly=True)
        except (OSError, asyncpg.InterfaceError, asyncpg.PostgresConnectionError) as error:
            raise StoreBusy(f"the store can't be read: {error}") from error

    async def _transaction(self, unit: Unit[T], *, readonly: bool) -> T:
        async with self._pool.acquire() as connection:
            kind = "repeatable_read" if readonly else "read_committed"
            async with connection.transaction(isolation=kind, readonly=readonly):
                return await _run(connection, unit())

    async def close(self) -> None:
        """Close all connections."""
        await self._pool.close()


async def _run(connection: asyncpg.Connection, work: Work[T]) -> T:
    try:
        query, values = next(work)
        while True:
            rows = await connection.fetch(query.postgres, *[values[name] for name in query.names])
            query, values = work.send(rows)
    except StopIteration as stop:
        return cast("T", stop.value)
