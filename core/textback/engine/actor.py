"""Advance one subject while it has something to do.

An actor holds the subject's lease.  It runs all steps that are due at the same time, commits what
they come to, several in one unit where they end together, and takes what became due meanwhile;
with nothing left it gives the lease back in the same commit.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

import attrs

from textback.config.settings import Client
from textback.engine import retry
from textback.engine.calls import concluding
from textback.engine.committing import committed
from textback.engine.context import Context, Wake
from textback.engine.names import CONCLUDE
from textback.engine.port import Alone
from textback.engine.steps.kinds import AtWork, kind_of
from textback.errors import StoreBusy, StoreError
from textback.store import Unit, Work, processes, steps, subjects
from textback.store.steps import Step

OTHERS_AFTER_US = 5_000_000  # a process of another version may take what we don't know
LOOK_AGAIN_S = 1.0  # while steps run: what another process added to this subject


@attrs.frozen
class Begun:
    """Steps that were marked as running, and what was looked up for them, by name."""

    steps: Sequence[Step] = ()
    looked: Mapping[str, Any] = attrs.field(factory=dict)


@attrs.frozen
class _Unread:
    """What a step needs could not be made of the rows that were read: the trouble of this step."""

    error: Exception


@attrs.frozen
class _Ended:
    """A step that has ended, and the unit that commits what it came to."""

    step: Step
    unit: Unit[None]


class Actor:
    """One subject at work.

    Attributes:
        generation: Of the lease; None until it is claimed.
        next: The same subject under its next lease, claimed while this one came to its end.
    """

    def __init__(self, ctx: Context, client: Client, wake: Wake) -> None:
        self.ctx = ctx
        self.client = client
        self.subject = wake.subject
        self.generation = wake.generation
        self.woken = asyncio.Event()
        self.next: Wake | None = None
        self._is_call = wake.subject.startswith("call/")
        self._renewed = ctx.now()
        self._tasks: dict[asyncio.Task[Unit[None]], Step] = {}
        self._looked = dict(wake.prepared)
        self._begun = wake.started

    async def claim(self) -> bool:
        """Take the subject, unless we hold it, and what is due of it in the same commit.

        Returns:
            False if somebody else holds it, or nothing is due.
        """
        if self.generation is not None:
            self._start(self._begun)
            if not self._begun and not self._is_call:
                self.woken.set()
            return True
        taken = await self.ctx.store.write(self._claim)
        if taken is None:
            return False
        self.generation, begun = taken
        self._begin(begun)
        return True

    def _claim(self) -> Work[tuple[int, Begun] | None]:
        ctx, client, subject, now = self.ctx, self.client, self.subject, self.ctx.now()
        generation = yield from ctx.queue.claim(client.id, subject, ctx.owner, now)
        if generation is None:
            return None
        begun = Begun()
        if self._is_call:
            known = yield from concluding.take(ctx, client, subject)
            if known is not None:
                begun = Begun(looked={CONCLUDE: known})
        else:
            begun = yield from self._take_due(frozenset())
        if not begun.steps and not begun.looked:
            yield from subjects.renew(client.id, subject, generation, 0)
            return None
        return generation, begun

    async def run(self) -> list[Wake]:
        """Work until nothing is due; what other subjects can do next.

        Raises:
            LostLease: Someone else advances this subject now.
        """
        if self._is_call:
            wake = Wake(self.client.id, self.subject, self.generation, prepared=self._looked)
            return await concluding.advance(self.ctx, self.client, wake)
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
        done = [task for task in self._tasks if task.done()]
        ended = [self._result(task, self._tasks.pop(task)) for task in done]
        busy = frozenset(step.name for step in self._tasks.values())
        self._renewed = self.ctx.now()
        self._begin(await self._committed(ended, busy))
        return bool(self._tasks)

    async def _committed(self, ended: Sequence[_Ended], busy: frozenset[str]) -> Begun:
        """Commit results together; if one of them can't be, each by itself."""
        client = self.client.id
        try:
            return await committed(self.ctx, client, partial(self._commit, ended, busy))
        except StoreError:
            raise
        except Exception:
            if not ended:
                raise
        for each in ended:
            await self._committed_alone(each)
        return await committed(self.ctx, client, partial(self._commit, (), busy))

    async def _committed_alone(self, ended: _Ended) -> None:
        """Commit one result; if it can't be, its step has failed, as if nothing had come of it."""
        client, step = self.client.id, ended.step
        try:
            await committed(self.ctx, client, partial(self._keep, ended.unit))
        except StoreError:
            raise
        except Exception as error:  # noqa: BLE001 (it belongs to this step)
            failed = self._failed(step, error)
            await committed(self.ctx, client, partial(self._keep, failed.unit))

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

    def _keep(self, result: Unit[None]) -> Work[None]:
        yield from self._hold()
        yield from result()

    def _commit(self, ended: Sequence[_Ended], busy: frozenset[str]) -> Work[Begun]:
        """Commit results, and take what is due; with nothing left, give the lease back.

        If the lease is not ours any more, nothing of all this is committed.  To renew it comes
        first: on Postgres whoever wants the subject waits for this commit, so that what becomes due
        before it is seen by us, and what does later by them.
        """
        yield from self._hold()
        for each in ended:
            yield from each.unit()
        begun = yield from self._take_due(busy)
        if not begun.steps and not busy:
            yield from subjects.renew(self.client.id, self.subject, self._generation, 0)
        return begun

    @property
    def _generation(self) -> int:
        assert self.generation is not None
        return self.generation

    def _take_due(self, busy: frozenset[str]) -> Work[Begun]:
        """Mark what is due as running, and look up what it needs."""
        now = self.ctx.now()  # not before: what a result has brought forward is due by now
        due = yield from steps.start_due(self.client.id, self.subject, now)
        started = [step for step in due if step.name not in busy]
        others = yield from self._for_others(started, now)
        started = [step for step in started if step not in others]
        looked: dict[str, Any] = {}
        for step in started:
            kind = kind_of(step)
            if kind is not None and kind.look is not None:
                try:
                    looked[step.name] = yield from kind.look(self.client, step)
                except Exception as error:  # noqa: BLE001 (it belongs to this step)
                    looked[step.name] = _Unread(error)
        return Begun(started, looked)

    def _hold(self) -> Work[None]:
        """Be sure in a commit that nobody else advances this subject, nor will for a lease.

        Raises:
            LostLease: Someone else does.
        """
        until = self.ctx.now() + self.ctx.queue.lease_us
        yield from subjects.renew(self.client.id, self.subject, self._generation, until)

    def _for_others(self, started: Sequence[Step], now: int) -> Work[Sequence[Step]]:
        """Steps of a version that works beside us are left as they are, for that one to find."""
        unknown = [step for step in started if kind_of(step) is None]
        if not unknown or isinstance(self.ctx.queue, Alone):
            return ()
        crew = yield from processes.alive(now)
        if len({each.version for each in crew if each.works}) < 2:
            return ()
        for step in unknown:
            yield from steps.later(step, now + OTHERS_AFTER_US)
        return unknown

    def _begin(self, begun: Begun) -> None:
        self._looked |= begun.looked
        self._start(begun.steps)

    def _start(self, started: Sequence[Step]) -> None:
        for step in started:
            task = asyncio.ensure_future(self._do(step))
            task.add_done_callback(self._ended)
            self._tasks[task] = step

    def _ended(self, task: asyncio.Task[Unit[None]]) -> None:
        if task in self._tasks:  # it is not one that we gave up
            self.woken.set()

    def _result(self, task: asyncio.Task[Unit[None]], step: Step) -> _Ended:
        error = task.exception()
        if error is None:
            return _Ended(step, task.result())
        if not isinstance(error, Exception):
            raise error
        return self._failed(step, error)

    def _failed(self, step: Step, error: Exception) -> _Ended:
        self.ctx.log.warning(
            "a step failed",
            client=self.client.id,
            subject=self.subject,
            step=step.name,
            attempts=step.attempts,
            error=retry.describe(error),
        )
        return _Ended(step, partial(retry.again_or_park, self.ctx, step, error))

    async def _do(self, step: Step) -> Unit[None]:
        """Run one step by its name."""
        looked = self._looked.pop(step.name, None)
        if isinstance(looked, _Unread):
            raise looked.error
        kind = kind_of(step)
        if kind is None:
            raise retry.Unknown(step.name)
        at = AtWork(ctx=self.ctx, client=self.client, step=step, looked=looked, hold=self._hold)
        return await kind.do(at)
