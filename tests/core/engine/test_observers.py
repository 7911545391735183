"""Whoever watches the ledger is told of each row in its order, and holds nobody up."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from functools import partial

import pytest
from structlog.testing import capture_logs

from support.house import CLIENT, STACK, House
from support.outside import Plugin
from textback.engine import keeping
from textback.engine.ledger import observing, sealer
from textback.errors import StoreBusy
from textback.hookspecs import hookimpl
from textback.model import Committed
from textback.store import clients, ledger

OTHER, OTHER_LINE = "other", "+13035550101"
DAY = timedelta(days=1)
WITHIN_S = 30.0  # only ends a test that fails


class Watch:
    """An observer of a test: what it was told of, and whether it answers."""

    def __init__(self) -> None:
        self.asked: asyncio.Queue[Committed] = asyncio.Queue()
        self.seen: list[Committed] = []
        self.answers = asyncio.Event()
        self.answers.set()
        self.cut_off = False

    def plugin(self) -> type:
        """Its class."""
        watch = self

        class Watcher(Plugin):
            @hookimpl
            async def observe(self, event: Committed) -> None:
                watch.asked.put_nowait(event)
                try:
                    await watch.answers.wait()
                except asyncio.CancelledError:
                    watch.cut_off = True
                    raise
                watch.seen.append(event)

        return Watcher

    def seqs(self) -> list[int]:
        """The rows that it saw."""
        return [event.detail["seq"] for event in self.seen if event.what != "ledger_head"]

    def heads(self) -> list[int]:
        """The heads that it saw."""
        return [event.detail["seq"] for event in self.seen if event.what == "ledger_head"]

    async def wait_for(self, what: str) -> Committed:
        """The next of a kind."""
        async with asyncio.timeout(WITHIN_S):
            while (event := await self.asked.get()).what != what:
                pass
            return event


@pytest.fixture
def watch(closed: House) -> Watch:
    """The client's observer."""
    watch = Watch()
    closed.outside.others["watcher"] = watch.plugin()
    closed.write(stack=f"{STACK}\n[plugins.watcher]\ntimeout_s = 600\n")
    return watch


@pytest.fixture
def other(closed: House) -> Watch:
    """The observer of another client."""
    other = Watch()
    closed.outside.others["other"] = other.plugin()
    closed.write(client=OTHER, line=OTHER_LINE, stack=f"{STACK}\n[plugins.other]\n")
    return other


async def note(house: House, client: str = CLIENT, count: int = 1) -> None:
    """Write rows into a client's ledger."""
    ctx = house.runtime.ctx
    for _ in range(count):
        await ctx.store.write(partial(ledger.write, client, "noted", "client", None, {}, ctx.now()))


async def look_for_heads(house: House) -> None:
    """Do what is done every few minutes where a client is served."""
    engine = house.runtime.engine
    await house.runtime.store.write(partial(clients.seen, [CLIENT], house.runtime.ctx.now()))
    await observing.tell_heads(house.runtime.ctx, engine.observers)
    await engine.observers.told()


async def test_all_is_told_in_its_order_when_what_is_due_is_done(
    closed: House, watch: Watch
) -> None:
    """With a virtual clock nothing is left to a task that goes on."""
    await closed.open()
    await closed.missed()

    (rows,) = closed.rows("SELECT count(*) AS count FROM ledger")
    assert watch.seqs() == list(range(1, rows["count"] + 1))
    assert {event.what for event in watch.seen} >= {"decided", "sent"}


async def test_one_that_hangs_delays_neither_the_seal_nor_the_end(
    closed: House, watch: Watch, other: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own rows and those of others are sealed, others are told, and everything stops."""
    monkeypatch.setattr(observing, "TELL_WITHIN_S", 0)
    watch.answers.clear()
    await closed.open()
    await note(closed)
    await closed.runtime.start()
    async with asyncio.timeout(WITHIN_S):
        await watch.asked.get()

    await note(closed)
    await note(closed, OTHER)
    await other.wait_for("noted")
    assert closed.rows("SELECT * FROM ledger WHERE seq IS NULL") == []

    with capture_logs() as logs:
        await closed.close()
    assert watch.cut_off
    assert watch.seen == []
    (told,) = (log for log in logs if "last rows" in log["event"])
    assert told["client"] == CLIENT


async def test_what_is_sealed_at_the_end_is_told(closed: House, watch: Watch) -> None:
    """An observer that answers sees all that was committed."""
    await closed.open()
    await note(closed, count=3)
    await closed.close()

    (rows,) = closed.rows("SELECT count(*) AS count FROM ledger")
    assert len(watch.seqs()) == rows["count"]


async def test_who_does_not_keep_up_misses_the_oldest(
    closed: House, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waits is bounded, and the log says once for each time that rows are missed."""
    monkeypatch.setattr(observing, "WAITING_OF_CLIENT", 2)
    await closed.open()
    await closed.run()
    ctx, observers = closed.runtime.ctx, closed.runtime.engine.observers
    await note(closed)
    await closed.run()
    before = watch.seqs()[-1]

    with capture_logs() as logs:
        for _ in range(2):
            watch.answers.clear()
            await note(closed)
            await sealer.seal_all(ctx, observers)
            await watch.wait_for("noted")
            await note(closed, count=5)
            await sealer.seal_all(ctx, observers)
            watch.answers.set()
            await observers.told()
            watch.asked = asyncio.Queue()

    assert [seq - before for seq in watch.seqs() if seq > before] == [1, 5, 6, 7, 11, 12]
    missed = [log for log in logs if "misses rows" in log["event"]]
    assert [log["client"] for log in missed] == [CLIENT] * 2


async def test_heads_go_out_once_a_day_whatever_restarts(closed: House, watch: Watch) -> None:
    """The day goes on while nothing runs."""
    await closed.open()
    await closed.run()
    await look_for_heads(closed)
    for _ in range(3):
        closed.clock.advance(DAY / 2)
        await closed.reopen()
        await closed.run()
        await look_for_heads(closed)
        await look_for_heads(closed)

    assert watch.heads() == watch.seqs()[-1:]


async def test_heads_go_out_at_the_start_if_a_day_is_over(closed: House, watch: Watch) -> None:
    """A process that is restarted each day before they are due has them out all the same."""
    await closed.open()
    await closed.run()
    await look_for_heads(closed)
    await closed.close()
    closed.clock.advance(DAY)
    await closed.open()
    await closed.runtime.start()

    head = await watch.wait_for("ledger_head")
    assert head.detail["seq"] == watch.seqs()[-1]


@pytest.mark.parametrize("error", [StoreBusy("full"), RuntimeError("wrong")])
@pytest.mark.parametrize(("module", "name"), [(sealer, "seal_all"), (observing, "tell_heads")])
async def test_an_error_ends_neither_the_seal_nor_the_heads(
    closed: House,
    watch: Watch,
    monkeypatch: pytest.MonkeyPatch,
    module: object,
    name: str,
    error: Exception,
) -> None:
    """The loop is begun again, and the log says why."""
    works, errors = getattr(module, name), [error]

    async def fails_once(*given: object) -> object:
        if errors:
            raise errors.pop()
        return await works(*given)

    await closed.open()
    await closed.run()
    await look_for_heads(closed)
    closed.clock.advance(DAY)
    monkeypatch.setattr(keeping, "AGAIN_AFTER_S", 0)
    monkeypatch.setattr(sealer, "EVERY_S", 0.01)
    monkeypatch.setattr(module, name, fails_once)
    await note(closed)
    with capture_logs() as logs:
        await closed.runtime.start()
        await watch.wait_for("noted" if module is sealer else "ledger_head")

    assert not errors
    assert any(log["log_level"] == "warning" for log in logs)
