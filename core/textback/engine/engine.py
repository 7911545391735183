"""The engine of one process: events in, subjects advanced, timers kept.

Embedded, it is the only one on its database; what a dead process left behind is taken over when it
starts.  Where several share a database, `textback.engine.crew.presence` says who keeps the timers.
Time is the context's clock: with a virtual one, `run_due` does what is due and returns.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Coroutine, Iterable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import attrs

from textback.clock import moment
from textback.engine import retry
from textback.engine.actor import Actor
from textback.engine.committing import BUSY_WAIT_S
from textback.engine.context import Context, Wake
from textback.engine.keeping import Background, attempt, keep
from textback.engine.ledger import declaring, observing, sealer
from textback.engine.ledger.observing import Observers
from textback.engine.names import CONCLUDE
from textback.engine.port import Alone
from textback.engine.shares import Shares
from textback.engine.told import accept
from textback.engine.upkeep import retiring
from textback.errors import StoreBusy, StoreError
from textback.events import Event, Once
from textback.store import Work, steps, subjects
from textback.store.contacts import Stale

POLL_S = 0.2  # how late a timer may be, and a command of another process
MOST = 200  # subjects taken up in one look
STOP_WITHIN_S = 10.0
SEAL_WITHIN_S = 3.0  # when everything is stopped; the rest is sealed at the next start
UNKNOWN_CLIENT_US = 60_000_000  # how long steps of a client that is left out are put off


class Engine:
    """Advances every subject that has something to do.

    Attributes:
        shares: What of each client is under way.
        observers: Who is told of what was sealed.
    """

    def __init__(self, ctx: Context) -> None:
        self.ctx = ctx
        self.shares = Shares(ctx.limits, ctx.store)
        self.observers = Observers(ctx)
        self._actors: dict[tuple[str, str], Actor] = {}
        self._running: set[asyncio.Task[None]] = set()
        self._background = Background(ctx.log)
        self._claimed: dict[tuple[str, str], asyncio.Future[None]] = {}  # somebody waits for it
        self._stopping = False

    async def take_over(self) -> None:
        """Take what a dead process held; only right when no other process runs an engine."""
        now = self.ctx.now()

        def unit() -> Work[tuple[int, int]]:
            freed = yield from subjects.free_all()
            found = yield from steps.orphans(now)
            return freed, found

        freed, found = await self.ctx.store.write(unit)
        if found:
            self.ctx.log.info("took over what was running", subjects=freed, steps=found)
        await retiring.look(self.ctx)
        await declaring.declare(self.ctx)

    def start(self) -> None:
        """Keep timers and seal the ledger until `stop`."""
        ctx, log = self.ctx, self.ctx.log
        for what, work in (
            ("timers", self._poll),
            ("seal", partial(sealer.keep_sealing, ctx, self.observers)),
            ("heads", partial(observing.keep_heads_out, ctx, self.observers)),
            ("retired clients", partial(retiring.keep_looking, ctx)),
        ):
            self.background(keep(log, what, work))

    def background(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something until the engine stops; if it fails, the log says so."""
        return self._background.begin(work)

    async def stop(self) -> None:
        """Let what runs come to its end, for a while; the rest is taken up at the next start."""
        self._stopping = True
        await self._background.end()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(STOP_WITHIN_S):
                while self._running:  # a call that is concluded now leaves a case to begin
                    await asyncio.wait(self._running)
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)
        if isinstance(self.ctx.queue, Alone):
            await attempt(self.ctx.log, "last seal", self._seal, lost=(TimeoutError,))
        await self.observers.close()

    async def _seal(self) -> None:
        async with asyncio.timeout(SEAL_WITHIN_S):
            await sealer.seal_all(self.ctx, self.observers)

    def held(self) -> list[tuple[str, str, int]]:
        """The subjects that are being advanced here: client, subject, generation."""
        return [
            (actor.client.id, actor.subject, actor.generation)
            for actor in self._actors.values()
            if actor.generation is not None
        ]

    async def advance(self, client: str, subject: str) -> None:
        """Another process woke a subject; returns once it is claimed, by us or by anybody."""
        key = (client, subject)
        if client not in self.ctx.clients:  # whoever keeps the timers puts it off
            return
        self.wake([Wake(client, subject)])
        if key in self._actors and self._actors[key].generation is None:
            if key not in self._claimed:
                self._claimed[key] = asyncio.get_running_loop().create_future()
            await asyncio.shield(self._claimed[key])

    async def accept(
        self,
        client: str,
        plugin: str,
        events: Sequence[Event],
        received_at: datetime,
        once: Once | None = None,
    ) -> None:
        """Commit what a plugin reported; when this returns it survives anything.

        Raises:
            StoreBusy: Nothing is stored.
            WebhookRejected: It was stored before, under the same mark.
        """
        stack = await self.ctx.stack(client)
        wakes = await accept.accept(
            self.ctx,
            self.ctx.clients[client],
            stack,
            plugin,
            events,
            received_at,
            once,
            at_ease=self._may_begin() and self.shares.at_ease(client),
        )
        self.wake(wakes)

    def wake(self, wakes: Iterable[Wake]) -> None:
        """Advance subjects now; one that is being advanced looks again."""
        for wake in wakes:
            self._take_up(wake, at_once=False)

    def _take_up(self, wake: Wake, *, at_once: bool) -> None:
        """Advance a subject; unless *at_once*, when it is its client's turn."""
        key = (wake.client, wake.subject)
        if key in self._actors:
            self._actors[key].woken.set()
            if wake.generation is not None:  # of its next lease: it is about to end
                self._actors[key].next = wake
        elif self._may_begin(wake) and self.shares.begin(wake, at_once=at_once):
            actor = Actor(self.ctx, self.ctx.clients[wake.client], wake)
            self._actors[key] = actor
            task = asyncio.ensure_future(self._advance(key, actor))
            self._running.add(task)
            task.add_done_callback(self._running.discard)

    def _may_begin(self, wake: Wake | None = None) -> bool:
        """Whether to begin something: what is held already is brought to its end in any case."""
        held = wake is not None and wake.generation is not None
        return self.ctx.queue.works and (held or not self._stopping)

    async def run_due(self) -> datetime | None:
        """Do all that is due now, to the end; when something is due next."""
        while True:
            await self._look()
            if not self._running:
                break
            while self._running:
                await asyncio.wait(self._running)
        await sealer.seal_all(self.ctx, self.observers)
        await self.observers.told()
        stamp = await self.ctx.store.read(subjects.next_due)
        return moment(stamp) if stamp is not None else None

    async def _advance(self, key: tuple[str, str], actor: Actor) -> None:
        """Claim a subject if we don't hold it yet, and let its actor work on it."""
        client, subject = key
        log = self.ctx.log
        more: list[Wake] = []
        try:
            if await actor.claim():
                self._tell_claimed(key)
                more = await actor.run()
        except StoreBusy as error:  # nothing was committed: the same again, under the same lease
            log.warning("put off", client=client, subject=subject, error=str(error))
            await asyncio.sleep(BUSY_WAIT_S)
            more = [Wake(client, subject, actor.generation)]
        except (StoreError, Stale) as error:  # it stays due, and is taken up again
            log.warning("put off", client=client, subject=subject, error=str(error))
        except asyncio.CancelledError:
            raise
        except Exception as error:
            log.warning(
                "failed",
                client=client,
                subject=subject,
                error=type(error).__name__,
                exc_info=error,
            )
            await self._set_aside(actor, error)
        finally:
            del self._actors[key]
            self._tell_claimed(key)
            turn = self.shares.end(client)
        if actor.woken.is_set():  # woken after its last look
            more = [*more, actor.next or Wake(client, subject)]
        for each in more:  # what was begun goes on: an intent that is committed gets old
            self._take_up(each, at_once=each.generation is not None)
        if turn is not None:
            self._take_up(turn, at_once=False)

    def _tell_claimed(self, key: tuple[str, str]) -> None:
        waiting = self._claimed.pop(key, None)
        if waiting is not None:
            waiting.set_result(None)

    async def _set_aside(self, actor: Actor, error: Exception) -> None:
        """A call that can't be concluded is tried again, later each time, then parked."""
        client, subject = actor.client.id, actor.subject
        generation, now = actor.generation, self.ctx.now()

        def unit() -> Work[None]:
            held = generation
            if held is None:
                held = yield from self.ctx.queue.claim(client, subject, self.ctx.owner, now)
            if held is None:
                return
            yield from subjects.renew(client, subject, held, 0)
            step = yield from steps.get(client, subject, CONCLUDE)
            if step is not None and (yield from steps.start(step, now)):
                tried = attrs.evolve(step, attempts=step.attempts + 1)
                yield from retry.again_or_park(self.ctx, tried, error)

        with contextlib.suppress(StoreError):
            await self.ctx.store.write(unit)

    async def _poll(self) -> None:
        while True:
            try:
                await self._look()
            except StoreError as error:
                self.ctx.log.warning("the store can't be read now", error=str(error))
            await asyncio.sleep(POLL_S)

    async def _look(self) -> None:
        """Take up what is due."""
        now = self.ctx.now()
        found = await self.due(now, self.shares.full)
        self.wake(Wake(client, subject) for client, subject in found)

    async def due(self, before: int, busy: Sequence[str] = ()) -> list[tuple[str, str]]:
        """What was due before a moment and is advanced by nobody: client and subject.

        What is due of clients that we have no file of is put off: the work waits for it.  What
        one client has very much of hides nobody else's: it is looked for again without that client.

        Args:
            before: In microseconds.
            busy: Clients, up to four, that have enough to do: what is due of them waits.
        """
        now = self.ctx.now()
        rows = [*await self.ctx.store.read(lambda: subjects.due(before, MOST, busy))]
        of_client = Counter(row["client"] for row in rows).most_common(len(subjects.BUSY))
        if flood := [client for client, number in of_client if number > MOST // 8]:
            rows += await self.ctx.store.read(lambda: subjects.due(before, MOST, flood))
        for row in rows:
            client, subject = row["client"], row["subject"]
            if client not in self.ctx.clients:
                await self.ctx.store.write(
                    lambda client=client, subject=subject: steps.put_off(  # type: ignore[misc]
                        client, subject, now, now + UNKNOWN_CLIENT_US
                    )
                )
        found = dict.fromkeys((row["client"], row["subject"]) for row in rows)
        return [(client, subject) for client, subject in found if client in self.ctx.clients]
