"""Advance one subject while it has something to do.

An actor holds the subject's lease.  It runs all steps that are due at the same time, commits what
they come to, several in one unit where they end together, and takes what became due meanwhile;
with nothing left it gives the lease back in the same commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial

from textback.config.settings import Client
from textback.engine import calls, idle, notices, records, retry, settling, staff, texts
from textback.engine.committing import committed
from textback.engine.context import Context, Wake
from textback.engine.port import Alone
from textback.errors import StoreBusy
from textback.store import Work, processes, steps, subjects
from textback.store.steps import Step

Result = Callable[[], Work[None]]

KINDS = frozenset(
    {"text", "follow_up", "stop", "help", "lead", "deal", "log", "notify", "ask", "settle", "idle"}
)
"""The steps of this version."""

OTHERS_AFTER_US = 5_000_000  # a process of another version may take what we don't know
LOOK_AGAIN_S = 1.0  # while steps run: what another process added to this subject


class Actor:
    """One subject at work."""

    def __init__(self, ctx: Context, client: Client, wake: Wake) -> None:
        assert wake.generation is not None
        self.ctx = ctx
        self.client = client
        self.subject = wake.subject
        self.generation = wake.generation
        self.woken = asyncio.Event()
        self._renewed = ctx.now()
        self._tasks: dict[asyncio.Task[Result], Step] = {}
        self._prepared = dict(wake.prepared)
        self._start(wake.started)
        if not wake.started:
            self.woken.set()

    async def run(self) -> list[Wake]:
        """Work until nothing is due; what other subjects can do next.

        Raises:
            LostLease: Someone else advances this subject now.
        """
        if self.subject.startswith("call/"):
            self.woken.clear()
            wake = Wake(self.client.id, self.subject, self.generation, prepared=self._prepared)
            return await calls.advance(self.ctx, self.client, wake)
        try:
            while await self._round():
                pass
        finally:
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        return []

    async def _round(self) -> bool:
        """Wait for something, commit it, start what is due; False if all is done.

        While steps run it looks now and then for what another process added, and holds the lease.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(LOOK_AGAIN_S):
                await self.woken.wait()
        if not self.woken.is_set() and not await self._anything_new():
            return True
        self.woken.clear()
        ended = [task for task in self._tasks if task.done()]
        results = [self._result(task, self._tasks.pop(task)) for task in ended]
        busy = frozenset(step.name for step in self._tasks.values())
        self._renewed = self.ctx.now()
        unit = partial(self._commit, results, busy)
        self._start(await committed(self.ctx, self.client.id, unit))
        return bool(self._tasks)

    async def _anything_new(self) -> bool:
        now = self.ctx.now()
        if now > self._renewed + self.ctx.queue.renew_after_us:
            return True
        try:
            due = await self.ctx.store.read(
                partial(steps.due, self.client.id, self.subject, self.ctx.now())
            )
        except StoreBusy:
            return False  # what runs goes on: a text that is under way is not to be broken off
        busy = {step.name for step in self._tasks.values()}
        return any(step.name not in busy for step in due)

    def _commit(self, results: Sequence[Result], busy: frozenset[str]) -> Work[list[Step]]:
        """Commit results, and take what is due; with nothing left, give the lease back.

        That the lease is still ours is seen at the end: if not, nothing of all this is committed.
        """
        yield from self.ctx.queue.hold(self.client.id, self.subject, self.generation)
        for result in results:
            yield from result()
        now = self.ctx.now()  # not before: what a result has brought forward is due by now
        due = yield from steps.start_due(self.client.id, self.subject, now)
        started = [step for step in due if step.name not in busy]
        others = yield from self._for_others(started, now)
        started = [step for step in started if step not in others]
        until = now + self.ctx.queue.lease_us if started or busy else 0
        yield from subjects.renew(self.client.id, self.subject, self.generation, until)
        return started

    def _hold(self) -> Work[None]:
        """Be sure in a commit that nobody else advances this subject, nor will for a lease.

        Raises:
            LostLease: Someone else does.
        """
        until = self.ctx.now() + self.ctx.queue.lease_us
        yield from subjects.renew(self.client.id, self.subject, self.generation, until)

    def _for_others(self, started: Sequence[Step], now: int) -> Work[Sequence[Step]]:
        """Steps of a version that works beside us are left as they are, for that one to find."""
        unknown = [step for step in started if step.name.partition("/")[0] not in KINDS]
        if not unknown or isinstance(self.ctx.queue, Alone):
            return ()
        crew = yield from processes.alive(now)
        if len({each.version for each in crew if each.works}) < 2:
            return ()
        for step in unknown:
            yield from steps.later(step, now + OTHERS_AFTER_US)
        return unknown

    def _start(self, started: Sequence[Step]) -> None:
        for step in started:
            task = asyncio.ensure_future(self._do(step))
            task.add_done_callback(self._ended)
            self._tasks[task] = step

    def _ended(self, task: asyncio.Task[Result]) -> None:
        if task in self._tasks:  # it is not one that we gave up
            self.woken.set()

    def _result(self, task: asyncio.Task[Result], step: Step) -> Result:
        error = task.exception()
        if error is None:
            return task.result()
        if not isinstance(error, Exception):
            raise error
        self.ctx.log.warning(
            "a step failed",
            client=self.client.id,
            subject=self.subject,
            step=step.name,
            attempts=step.attempts,
            error=retry.describe(error),
        )
        return partial(retry.again_or_park, self.ctx, step, error)

    async def _do(self, step: Step) -> Result:
        """Run one step by its name."""
        ctx, client = self.ctx, self.client
        prepared = self._prepared.pop(step.name, None)
        match step.name.partition("/")[0]:
            case "text" | "follow_up" | "stop" | "help":
                return await texts.run(ctx, client, step, prepared, self._hold)
            case "lead" | "deal":
                return await records.save(ctx, client, step, prepared)
            case "log":
                return await records.log(ctx, client, step)
            case "notify":
                return await notices.tell(ctx, client, step)
            case "ask":
                return await staff.ask(ctx, client, step)
            case "settle":
                return await settling.run(ctx, client, step)
            case "idle":
                return idle.run(ctx, client, step)
            case _:
                raise retry.Unknown(step.name)
