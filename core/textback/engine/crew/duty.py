"""What one process does for all: timers, the seal, sources, upkeep.

It runs in the process that holds the lock (`textback.engine.crew.presence`), and is cancelled with
the loss of it.  For a moment two processes may be on duty, if the old one has not noticed yet;
nothing of this does harm when it is done twice.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Final

from textback.engine.context import Context
from textback.engine.crew.sources import supervise
from textback.engine.engine import POLL_S, Engine
from textback.engine.keeping import Background, attempt, finish, keep
from textback.engine.ledger import declaring, observing, sealer
from textback.errors import StoreError
from textback.store import Work, processes, steps, subjects

GRACE_US: Final = 200_000  # whoever was woken in the commit that made it due is quicker
AGAIN_AFTER_US: Final = 2_000_000  # what was woken, and is still due, is woken again
REMEMBER_US: Final = 30_000_000  # that somebody was woken, though he only put it off
UPKEEP_EVERY_S: Final = 300.0

IsSteady = Callable[[], bool]


async def serve(ctx: Context, engine: Engine, is_steady: IsSteady) -> None:
    """Do it all until cancelled; a part that fails is begun again, and the others go on."""
    log, observers = ctx.log, engine.observers
    parts = Background(log)
    try:
        parts.begin(keep(log, "timers", _Timers(ctx, engine, is_steady).keep))
        parts.begin(keep(log, "seal", partial(sealer.keep_sealing, ctx, observers)))
        parts.begin(keep(log, "heads", partial(observing.keep_heads_out, ctx, observers)))
        parts.begin(keep(log, "upkeep", partial(_look_after, ctx)))
        parts.begin(finish(log, "declarations", partial(declaring.declare, ctx)))
        supervise(ctx, engine, parts.begin)
        await asyncio.Event().wait()  # for ever
    finally:
        await parts.end()


class _Timers:
    """Wake whoever works for what is due, and take from the dead what they held."""

    def __init__(self, ctx: Context, engine: Engine, is_steady: IsSteady) -> None:
        self._ctx = ctx
        self._engine = engine
        self._is_steady = is_steady
        self._woken: dict[tuple[str, str], int] = {}  # when

    async def keep(self) -> None:
        while True:
            try:
                await self._look()
            except StoreError as error:
                self._ctx.log.warning("the timers can't be kept now", error=str(error))
            await asyncio.sleep(POLL_S)

    async def _look(self) -> None:
        now = self._ctx.now()
        if self._is_steady():
            freed, found = await self._ctx.store.write(lambda: take_over(now))
            if freed:
                self._ctx.log.info("took over what was running", subjects=freed, steps=found)
        due = await self._engine.due(now - GRACE_US)
        early, forgotten = now - AGAIN_AFTER_US, now - REMEMBER_US
        self._woken = {key: at for key, at in self._woken.items() if at > forgotten}
        new = [key for key in due if key not in self._woken]
        again = [key for key in due if self._woken.get(key, now) <= early]
        if new or again:
            await self._ctx.store.write(lambda: self._wake(new, again))
            self._woken |= dict.fromkeys([*new, *again], now)

    def _wake(self, new: list[tuple[str, str]], again: list[tuple[str, str]]) -> Work[None]:
        yield from self._ctx.queue.wake(new)
        yield from self._ctx.queue.wake(again, again=True)


def take_over(now: int) -> Work[tuple[int, int]]:
    """Free what was held by those who were not heard any more; how many subjects, and steps.

    Only so is it free for others: what ran in it is due again in the same commit.
    """
    found = 0
    freed = yield from subjects.free_expired(now)
    for row in freed:
        found += yield from steps.abandoned(row["client"], row["subject"], now)
    return len(freed), found


async def _look_after(ctx: Context) -> None:
    while True:
        await attempt(ctx.log, "upkeep of the queue", ctx.queue.upkeep)
        await attempt(ctx.log, "upkeep of the crew", partial(_bury, ctx))
        await asyncio.sleep(UPKEEP_EVERY_S)


async def _bury(ctx: Context) -> None:
    await ctx.store.write(partial(processes.bury, ctx.now()))
