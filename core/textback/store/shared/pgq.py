"""Wake-ups by PgQueuer: one job for each, enqueued in the transaction that has something to do.

There is no dedupe key: with one, a wake-up that comes during the work would be lost.  A job is over
once its subject is claimed, or found to be claimed; from there on the lease counts, not the job.

The queue's tables are unlogged: after a crash of the server they are empty, and whoever keeps the
timers finds in `steps` what was in them.
"""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import timedelta
from functools import lru_cache
from typing import Any, Final

import asyncpg
from pgqueuer import Queries
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence import qb
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.settings import DBSettings, Durability
from pgqueuer.models import Job
from pgqueuer.types import Channel

from textback.store.locks import INSTALLING
from textback.store.postgres import ANSWER_WITHIN_S, AWAY, connect, in_words
from textback.store.shared import Advance, Subjects
from textback.store.work import Statement, Work

ADVANCE: Final = "advance"
BATCH: Final = 25  # jobs taken at once
LOOK_EVERY: Final = timedelta(seconds=2)  # if no notification came
DEAD_AFTER: Final = timedelta(seconds=5)  # a job taken, and not over
KEEP_LOG: Final = timedelta(hours=1)

_settings = DBSettings(prefix="textback_", durability=Durability.volatile)
logging.getLogger("pgqueuer").setLevel(logging.CRITICAL)  # what fails is told in our own words


def _queries(driver: Any) -> Queries:
    return Queries(
        driver,
        qb.QueryBuilderEnvironment(_settings),
        qb.QueryQueueBuilder(_settings),
        qb.QuerySchedulerBuilder(_settings),
    )


async def install(url: str) -> None:
    """Make the queue's tables, or bring them up to date.

    Raises:
        WrongStore: The user of the database may not.
        StoreBusy: The server can't be used now.
    """
    connection = await connect(url)
    queries = _queries(AsyncpgDriver(connection))
    try:
        with in_words(url):
            await connection.execute("SELECT pg_advisory_lock($1)", INSTALLING)
            if await queries.schema_is_installed():
                await queries.apply_upgrade()
            else:
                await queries.install()
                await queries.optimize_autovacuum()
    finally:
        await connection.close()


async def is_installed(url: str) -> bool:
    """Whether the queue's tables are there."""
    connection = await connect(url)
    try:
        table = _settings.queue_table
        return await connection.fetchval("SELECT to_regclass($1)", table) is not None
    finally:
        await connection.close()


class _Written:
    """A driver that only remembers what it was to run."""

    sql = ""
    values: tuple[object, ...] = ()

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        self.sql, self.values = query, args
        return []


@lru_cache
def _statement(sql: str, count: int) -> Statement:
    return Statement(sql="", postgres=sql, names=tuple(f"v{n}" for n in range(count)))


class PgQueue:
    """Wake-ups by PgQueuer."""

    workers: tuple[str, ...] = ()

    def __init__(self, url: str) -> None:
        self._url = url
        self._written = _Written()
        self._enqueuing = _queries(self._written)

    async def prepare(self) -> None:
        """Make the tables if they aren't there."""
        if not await is_installed(self._url):
            await install(self._url)

    def wake(self, subjects: Subjects, *, again: bool = False) -> Work[None]:
        """Enqueue: once the transaction commits, somebody takes them."""
        del again
        payloads: list[bytes | None] = [f"{client}\n{name}".encode() for client, name in subjects]
        if not payloads:
            return
        count = len(payloads)
        enqueuing = self._enqueuing.enqueue([ADVANCE] * count, payloads, [0] * count)
        with suppress(StopIteration):
            enqueuing.send(None)  # it only writes its statement down: there is nothing to wait for
        values = self._written.values
        query = _statement(self._written.sql, len(values))
        yield query, dict(zip(query.names, values, strict=True))

    async def attend(self, advance: Advance) -> None:
        """Take jobs until cancelled.

        Raises:
            Exception: The connection was lost.
        """
        # An answer that doesn't come ends it: else a server that is gone without a word is waited
        # for as long as TCP does, which is a quarter of an hour.
        connection = await connect(self._url, command_timeout=ANSWER_WITHIN_S)
        try:
            manager = QueueManager(_queries(AsyncpgDriver(connection)), Channel(_settings.channel))

            @manager.entrypoint(ADVANCE, on_failure="hold")
            async def _(job: Job) -> None:
                client, _, subject = (job.payload or b"").decode().partition("\n")
                await advance(client, subject)

            def lost(_: object) -> None:
                manager.shutdown.set()

            connection.add_termination_listener(lost)
            await manager.run(
                dequeue_timeout=LOOK_EVERY,
                batch_size=BATCH,
                heartbeat_timeout=DEAD_AFTER,
                shutdown_on_listener_failure=True,
                log_aggregation_interval=timedelta(0),
            )
        finally:
            connection.terminate()

    async def upkeep(self) -> None:
        """Delete what PgQueuer has written down of jobs that are over; by one process."""
        connection = await connect(self._url, command_timeout=ANSWER_WITHIN_S)
        try:
            log = _settings.queue_table_log
            await connection.execute(
                f"DELETE FROM {log} WHERE created < now() - $1::interval", KEEP_LOG
            )
        except AWAY:
            return
        except asyncpg.UndefinedTableError:
            return
        finally:
            connection.terminate()
