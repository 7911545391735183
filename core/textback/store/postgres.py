"""Postgres: the same units of work on a pool of asyncpg connections.

As long as connections are free a unit has a transaction of its own.  Those that come while a few
transactions are under way share the next, which saves a third of the work here and in the server.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import CodeType, GeneratorType
from typing import Any, TypeVar, cast
from urllib.parse import urlsplit

import asyncpg

from textback.errors import StoreBusy, WrongStore
from textback.store.work import Job, Statement, Unit, Values, Waiting, Work

T = TypeVar("T")

CONNECTIONS = 10  # of one process, besides those of its queue
COMMITTING = 4  # transactions of one process that write at the same time
GROUP = 16  # units in one of them at the most
ANSWER_WITHIN_S = 10.0  # a server that takes longer is one that can't commit now

logging.getLogger("asyncpg").setLevel(logging.CRITICAL)  # what fails is told in our own words

# Two units met: one of them is run again.  https://www.postgresql.org/docs/current/errcodes-appendix.html
_AGAIN = (asyncpg.DeadlockDetectedError, asyncpg.SerializationError)
_TRIES = 5

# It can't now, and may in a moment: gone, starting, stopping, full, or a replica.
AWAY = (
    OSError,
    TimeoutError,
    asyncpg.IdleInTransactionSessionTimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InsufficientResourcesError,
    asyncpg.InternalClientError,  # a connection that broke between two statements
    asyncpg.OperatorInterventionError,
    asyncpg.PostgresConnectionError,
    asyncpg.PostgresIOError,
    asyncpg.ReadOnlySQLTransactionError,
)

# A machine that is gone says no good-bye: the server ends its sessions, and with them its locks.
_ALIVE = {
    "tcp_keepalives_idle": "5",
    "tcp_keepalives_interval": "2",
    "tcp_keepalives_count": "3",
    "tcp_user_timeout": "11000",  # keepalives are not sent while an answer is unacknowledged
}
# A unit waits for nothing but the server: who is silent in the midst of one holds rows for nobody.
_UNITS = {**_ALIVE, "idle_in_transaction_session_timeout": "15000"}


def place(url: str) -> str:
    """Where a database is, for people: without user and password."""
    try:
        parts = urlsplit(url)
        return f"{parts.hostname or 'localhost'}:{parts.port or 5432}{parts.path}"
    except ValueError:
        return "the address in store.url"


@contextmanager
def in_words(url: str) -> Iterator[None]:
    """Say what is wrong with a connection; never with what secrets.

    Raises:
        WrongStore: The address, the user or the database is wrong.
        StoreBusy: The server can't be used now.
    """
    where = place(url)
    try:
        yield
    except asyncpg.InvalidCatalogNameError as error:
        raise WrongStore(f"{where}: there is no such database; make it, e.g. with createdb") from (
            error
        )
    except asyncpg.InvalidAuthorizationSpecificationError as error:
        raise WrongStore(
            f"{where}: the server doesn't let us in with the user and password of store.url"
        ) from error
    except asyncpg.InsufficientPrivilegeError as error:
        raise WrongStore(f"{where}: the user of store.url may not do this: {error}") from error
    except AWAY as error:
        raise StoreBusy(
            f"{where}: the Postgres server can't be reached: {_said(error)}; is it running, and"
            " is store.url right?"
        ) from error
    except (asyncpg.ClientConfigurationError, ValueError) as error:
        raise WrongStore(
            "store.url can't be read; write postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with"
            " special characters of the password as %XX"
        ) from error


def _said(error: BaseException) -> str:
    return str(error) or type(error).__name__


async def connect(url: str, **options: Any) -> asyncpg.Connection:
    """One connection of its own.

    Raises:
        WrongStore: The address, the user or the database is wrong.
        StoreBusy: The server can't be used now.
    """
    settings = {"application_name": "textback", **_ALIVE, **options.pop("server_settings", {})}
    with in_words(url):
        return await asyncpg.connect(
            url, timeout=ANSWER_WITHIN_S, server_settings=settings, **options
        )


async def version_at(url: str) -> str | None:
    """The schema's version of a database, which is only looked at; None if it has none yet.

    Raises:
        WrongStore: It can't be used with this address.
        StoreBusy: The server can't be used now.
    """
    connection = await connect(url)
    try:
        with in_words(url):
            if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
                return None
            return cast(
                "str | None", await connection.fetchval("SELECT version_num FROM alembic_version")
            )
    finally:
        await connection.close()


async def _leave_as_is(connection: object) -> None:
    """Units change nothing of a session, so that there is nothing to reset between them."""


class PostgresStore:
    """The store in a Postgres database."""

    def __init__(self, url: str, pool: asyncpg.Pool) -> None:
        self.url = url
        self._pool = pool
        self.waiting = Waiting()
        self.can_commit = True
        self._jobs: deque[Job[Any]] = deque()
        self._committing: set[asyncio.Task[None]] = set()
        self._several: set[CodeType] = set()  # units that read with more than one statement

    @classmethod
    async def open(
        cls,
        url: str,
        *,
        connections: int = CONNECTIONS,
        answer_within_s: float = ANSWER_WITHIN_S,
    ) -> PostgresStore:
        """Connect.

        Args:
            url: Where to.
            connections: At the most.
            answer_within_s: A statement that takes longer has failed.

        Raises:
            WrongStore: The address, the user or the database is wrong.
            StoreBusy: The server can't be used now.
        """
        with in_words(url):
            pool = await asyncpg.create_pool(
                url,
                min_size=1,
                max_size=connections,
                timeout=answer_within_s,
                command_timeout=answer_within_s,
                reset=_leave_as_is,
                server_settings={"application_name": "textback", **_UNITS},
            )
        return cls(url, pool)

    async def write(self, unit: Unit[T]) -> T:
        """Commit one unit, together with others that wait at this moment."""
        job = Job(unit)
        self._jobs.append(job)
        if len(self._committing) < COMMITTING:
            task = asyncio.ensure_future(self._commit_waiting())
            self._committing.add(task)
            task.add_done_callback(self._committing.discard)
        with self.waiting.one():
            return await job.over()

    async def _commit_waiting(self) -> None:
        while self._jobs:
            count = min(len(self._jobs), GROUP)
            jobs = [self._jobs.popleft() for _ in range(count)]
            if len(jobs) > 1 and await self._commit(jobs):
                continue
            for job in jobs:
                try:
                    job.answer(await self._alone(job.unit))
                except BaseException as error:  # noqa: BLE001 (it belongs to who waits for it)
                    job.refuse(error)

    async def _commit(self, jobs: Sequence[Job[Any]]) -> bool:
        """Commit a group; False if one of it failed, so that each has to stand alone."""
        try:
            async with self._pool.acquire() as connection, connection.transaction():
                results = await _run_all(connection, [job.unit for job in jobs])
        except AWAY as error:
            self.can_commit = False
            busy = StoreBusy(f"the store can't commit: {_said(error)}")
            busy.__cause__ = error
            for job in jobs:
                job.refuse(busy)
            return True
        except BaseException:  # noqa: BLE001 (whose it is will be seen)
            return False
        self.can_commit = True
        for job, result in zip(jobs, results, strict=True):
            job.answer(result)
        return True

    async def _alone(self, unit: Unit[T]) -> T:
        """Commit one unit, again if it met another."""
        for attempt in range(_TRIES):
            try:
                result = await self._transaction(unit)
                self.can_commit = True
                return result
            except _AGAIN:
                await asyncio.sleep(random.uniform(0, 0.01 * 2**attempt))  # noqa: S311 (no secret)
            except AWAY as error:
                self.can_commit = False
                raise StoreBusy(f"the store can't commit: {_said(error)}") from error
        raise StoreBusy("the store can't commit: other work on the same rows came first, often")

    async def read(self, unit: Unit[T]) -> T:
        """Run a unit on one snapshot."""
        try:
            async with self._pool.acquire() as connection:
                return await self._read(connection, unit)
        except AWAY as error:
            raise StoreBusy(f"the store can't be read: {_said(error)}") from error

    async def _read(self, connection: asyncpg.Connection, unit: Unit[T]) -> T:
        """One statement is a snapshot by itself: most units need no transaction around it.

        Which units have more is learned: such a one is run again from its beginning.
        """
        work = cast("GeneratorType[Any, Any, T]", unit())
        if work.gi_code not in self._several:
            try:
                query, values = next(work)
                work.send(await connection.fetch(query.postgres, *_arguments(query, values)))
            except StopIteration as stop:
                return cast("T", stop.value)
            work.close()
            self._several.add(work.gi_code)
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            return await _run(connection, unit())

    async def _transaction(self, unit: Unit[T]) -> T:
        async with self._pool.acquire() as connection, connection.transaction():
            return await _run(connection, unit())

    async def close(self) -> None:
        """Commit what waits, and close all connections."""
        await asyncio.gather(*self._committing, return_exceptions=True)
        await self._pool.close()


async def _run_all(connection: asyncpg.Connection, units: Sequence[Unit[Any]]) -> list[Any]:
    """Run units one after the other, ordered by what each begins with; their results.

    All processes order alike, so that no two groups wait for each other's rows.
    """
    results: list[Any] = [None] * len(units)
    begun: list[tuple[tuple[str, ...], int, Work[Any], tuple[Statement, Values]]] = []
    for place, unit in enumerate(units):
        work = unit()
        try:
            first = next(work)
        except StopIteration as stop:
            results[place] = stop.value
        else:
            about = tuple(str(first[1].get(name, "")) for name in _ORDER)
            begun.append((about, place, work, first))
    for _, place, work, first in sorted(begun, key=lambda each: each[:2]):
        results[place] = await _run(connection, work, first)
    return results


_ORDER = ("client", "number", "subject", "call_id", "plugin", "key")


def _arguments(query: Statement, values: Values) -> list[Any]:
    return [values[name] for name in query.names]


async def _run(
    connection: asyncpg.Connection, work: Work[T], first: tuple[Statement, Values] | None = None
) -> T:
    try:
        query, values = first or next(work)
        while True:
            rows = await connection.fetch(query.postgres, *_arguments(query, values))
            query, values = work.send(rows)
    except StopIteration as stop:
        return cast("T", stop.value)
