"""Several processes on one store: who is there, what they hold, and who is on duty.

Each process says once a second that it is there, and renews the leases of all it advances, by a
connection that nothing else waits for: a process with much to commit is alive all the same.  One of
those that work is *on duty*: it keeps the timers, seals the ledger, holds the connections of
sources and looks after what providers want renewed (`textback.engine.crew.duty`).  The duty goes
with an advisory lock of a connection of its own: when that process or its connection dies, the
server gives the lock to the next.
"""

from __future__ import annotations

import asyncio
import contextlib
import importlib.metadata
import itertools
import os
import socket
from collections.abc import Coroutine
from functools import partial
from typing import Any, Final

import asyncpg
import attrs

from textback.engine.context import Context
from textback.engine.crew import duty
from textback.engine.crew.sharing import Shared, SharedClock
from textback.engine.engine import Engine
from textback.engine.keeping import Part, keep
from textback.engine.upkeep import retiring
from textback.errors import StoreError
from textback.store import Work, processes
from textback.store.locks import DUTY
from textback.store.postgres import AWAY, PostgresStore, connect
from textback.store.processes import Process
from textback.store.shared import leases

VERSION: Final = importlib.metadata.version("textback")
TRY_EVERY_S: Final = 1.0  # to get on duty
WARN_EVERY_S: Final = 30.0
ANSWER_WITHIN_S: Final = 3.0  # or somebody else may have the lock, or what we held


class Crew:
    """This process among the others.

    Attributes:
        on_duty: Whether this process keeps the timers.
        steady_since: When the store could be reached without a break, by the loop's clock: only
            after a whole lease of that we know that whoever was not heard is dead.
    """

    def __init__(self, ctx: Context, engine: Engine, url: str, kind: str) -> None:
        assert isinstance(ctx.queue, Shared)
        self._ctx = ctx
        self._engine = engine
        self._url = url
        self._queue = ctx.queue
        self._heart: PostgresStore | None = None
        self._beating: asyncio.Future[None] | None = None
        self.on_duty = False
        self.steady_since = 0.0
        self._process = Process(
            owner=ctx.owner,
            kind=kind,
            works=ctx.queue.works,
            version=VERSION,
            host=socket.gethostname(),
            pid=os.getpid(),
            since=ctx.now(),
        )

    async def join(self) -> None:
        """Be there, and take part, until the engine stops.

        Raises:
            StoreError: The store can't be used now.
        """
        await retiring.see(self._ctx)
        heart = self._heart = await PostgresStore.open(
            self._url, connections=1, answer_within_s=ANSWER_WITHIN_S
        )
        await self._be_present(heart)
        self.steady_since = asyncio.get_running_loop().time()
        self._beating = asyncio.ensure_future(
            self._kept("heartbeat", partial(self._keep_present, heart))
        )
        background = self._engine.background
        background(self._kept("retired clients", self._see_retired))
        if self._queue.works:
            background(self._kept("wake-ups", partial(self._queue.attend, self._engine.advance)))
            background(self._kept("duty", self._stand_by))
        else:
            background(self._kept("workers", self._miss_workers))

    async def leave(self) -> None:
        """Be there no longer, once the engine has stopped: until then it holds what it ends.

        What is still held is free once its lease is over.
        """
        if self._heart is None:
            return
        if self._beating is not None:
            self._beating.cancel()
            await asyncio.gather(self._beating, return_exceptions=True)
        with contextlib.suppress(StoreError):
            await self._heart.write(partial(processes.leave, self._ctx.owner))
        await self._heart.close()

    def _kept(self, what: str, work: Part) -> Coroutine[Any, Any, None]:
        return keep(self._ctx.log, what, work, lost=AWAY)

    async def _keep_present(self, heart: PostgresStore) -> None:
        while True:
            await asyncio.sleep(leases.HEARTBEAT_S)
            try:
                await self._be_present(heart)
            except StoreError:
                self.steady_since = asyncio.get_running_loop().time()
                raise

    async def _be_present(self, heart: PostgresStore) -> None:
        """Say that we are there, hold on to what we hold, and set the clock."""
        clock = self._ctx.clock
        asked = clock.machine() if isinstance(clock, SharedClock) else 0
        server, crew = await heart.write(self._presence)
        if isinstance(clock, SharedClock):
            clock.told(server, asked, clock.machine())
        self._queue.carrier.workers = tuple(each.owner for each in crew if each.works)

    def _presence(self) -> Work[tuple[int, tuple[Process, ...]]]:
        server = yield from leases.clock()
        held = self._engine.held()
        if held:
            yield from self._queue.renew(held, server)
        process = attrs.evolve(self._process, on_duty=self.on_duty)
        yield from processes.present(process, server + self._queue.lease_us)
        return server, (yield from processes.alive(server))

    async def _see_retired(self) -> None:
        again: frozenset[str] = frozenset()
        while True:
            await asyncio.sleep(retiring.EVERY_S)
            if self.on_duty:
                again = await retiring.look(self._ctx, again)
            else:
                await retiring.see(self._ctx)
                again = self._ctx.retired  # whoever was on duty may not have finished with them

    async def _miss_workers(self) -> None:
        """Webhooks are taken, but nothing is done with them: say so until somebody works."""
        while True:
            await asyncio.sleep(WARN_EVERY_S)
            if not self._queue.carrier.workers:
                self._ctx.log.warning("nobody works on what comes in; start: textback worker")

    async def _stand_by(self) -> None:
        connection = await connect(self._url)
        try:
            for _ in itertools.count():
                if await connection.fetchval(
                    "SELECT pg_try_advisory_lock($1)", DUTY, timeout=ANSWER_WITHIN_S
                ):
                    break
                await asyncio.sleep(TRY_EVERY_S)
            await self._be_on_duty(connection)
        finally:
            connection.terminate()

    async def _be_on_duty(self, connection: asyncpg.Connection) -> None:
        """Until the connection is lost: then somebody else has the lock."""
        self._ctx.log.info("on duty")
        self.on_duty = True
        work = asyncio.ensure_future(duty.serve(self._ctx, self._engine, self._is_steady))
        try:
            while not work.done():
                await connection.execute("SELECT 1", timeout=ANSWER_WITHIN_S)
                await asyncio.wait([work], timeout=TRY_EVERY_S)
            await work
        finally:
            self.on_duty = False
            work.cancel()
            await asyncio.gather(work, return_exceptions=True)
            self._ctx.log.info("off duty")

    def _is_steady(self) -> bool:
        steady_s = asyncio.get_running_loop().time() - self.steady_since
        return steady_s > self._queue.lease_us / 1e6
