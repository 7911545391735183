"""Tell those who watch what was committed: best effort, after the ledger's row is sealed.

Every event carries its row's sequence and hash, and once a day each client's newest ones go out by
themselves, so that somebody else holds them: a ledger that is rewritten later won't agree.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Final

import attrs

from textback import dispatch
from textback.clock import moment
from textback.engine.context import Context
from textback.model import Committed
from textback.store import clients, ledger, plugin_state
from textback.store.ledger import Sealed

HEAD_EVERY_US: Final = timedelta(days=1) // timedelta(microseconds=1)
LOOK_EVERY_S: Final = 600.0  # whether heads are due
WAITING_OF_CLIENT: Final = 1000  # rows, of some 400 bytes
WAITING_OF_ALL: Final = 10_000  # rows of all clients, for the deployment's plugins
TELL_WITHIN_S: Final = 3.0  # when everything is stopped

_DEPLOYMENT: Final = "*"  # the queue of its plugins, among those of the clients
_LAST_HEADS: Final = ("*", "textback", "heads")  # client, plugin and key among the plugins' state


@attrs.define(eq=False)
class _Queue:
    """Rows that somebody has yet to be told of, and the task that does it while there are any."""

    rows: deque[Sealed]
    behind: bool = False
    task: asyncio.Task[None] | None = None


class Observers:
    """Tells each client's plugins, and those of the deployment, of sealed rows, in their order.

    Nothing waits for them: who doesn't keep up is not told of the oldest rows, as the newer ones
    have hashes that cover these.
    """

    def __init__(self, ctx: Context) -> None:
        self._ctx = ctx
        self._queues: dict[str, _Queue] = {}

    def tell(self, rows: Iterable[Sealed]) -> None:
        """Have these told, soon."""
        for row in rows:
            if self._ctx.watching:
                self._put(_DEPLOYMENT, row, WAITING_OF_ALL)
            if row.client in self._ctx.clients and self._ctx.stacks.offers(row.client, "observe"):
                self._put(row.client, row, WAITING_OF_CLIENT)

    async def told(self) -> None:
        """Wait until all is told."""
        while tasks := self._tasks():
            await asyncio.wait(tasks)

    async def close(self) -> None:
        """Tell what there is for a moment longer, then give up."""
        with suppress(TimeoutError):
            async with asyncio.timeout(TELL_WITHIN_S):
                await self.told()
        for who, queue in self._queues.items():
            self._ctx.log.warning(
                "an observer is too slow to be told of the last rows",
                client=who,
                waiting=len(queue.rows),
            )
        tasks = self._tasks()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._queues.clear()

    def _tasks(self) -> list[asyncio.Task[None]]:
        return [queue.task for queue in self._queues.values() if queue.task is not None]

    def _put(self, who: str, row: Sealed, most: int) -> None:
        queue = self._queues.get(who)
        if queue is None:
            queue = self._queues[who] = _Queue(deque(maxlen=most))
            queue.task = asyncio.ensure_future(self._empty(who, queue))
        if len(queue.rows) == most and not queue.behind:
            queue.behind = True
            self._ctx.log.warning("an observer doesn't keep up, and misses rows", client=who)
        queue.rows.append(row)

    async def _empty(self, who: str, queue: _Queue) -> None:
        while queue.rows:
            row = queue.rows.popleft()
            try:
                await dispatch.everyone(await self._watching(who), event=_event(row))
            except Exception as error:
                self._ctx.log.warning(
                    "observers can't be asked",
                    client=who,
                    error=dispatch.describe(error),
                    exc_info=error,
                )
        del self._queues[who]

    async def _watching(self, who: str) -> Sequence[dispatch.Impl]:
        if who == _DEPLOYMENT:
            return self._ctx.watching
        return (await self._ctx.stack(who)).impls("observe")


def _event(row: Sealed) -> Committed:
    what, _, name = row.subject.partition("/")
    return Committed(
        what=row.kind,
        client=row.client,
        at=moment(row.at),
        case=name if what == "case" else None,
        detail={"seq": row.seq, "chain": row.chain},
    )


async def keep_heads_out(ctx: Context, observers: Observers) -> None:
    """Once a day, tell the newest row of each client's chain, until cancelled."""
    while True:
        await tell_heads(ctx, observers)
        await asyncio.sleep(LOOK_EVERY_S)


async def tell_heads(ctx: Context, observers: Observers) -> None:
    """Tell them if a day has passed since the last time, whoever it was that did it then."""
    now = ctx.now()
    last = await ctx.store.read(partial(plugin_state.get, *_LAST_HEADS, now))
    if last is not None and last <= now < last + HEAD_EVERY_US:
        return
    heads = [] if last is None else await _heads(ctx, now)  # the first day begins now
    await ctx.store.write(partial(plugin_state.put, *_LAST_HEADS, now, None))
    observers.tell(heads)  # only now: while the store can't write they'd be told again and again


async def _heads(ctx: Context, now: int) -> list[Sealed]:
    found = []
    for client in await ctx.store.read(clients.known):
        seq, chain = await ctx.store.read(partial(ledger.head, client))
        if seq:
            found.append(
                Sealed(client=client, kind="ledger_head", subject="", at=now, seq=seq, chain=chain)
            )
    return found
