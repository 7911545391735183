"""The store says no for a moment, people act in the middle of a decision, a plan can't be made."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest

from support.house import CALLER, STACK, House
from textback.clock import micros
from textback.engine.actor import Actor
from textback.engine.calls import opening, planning
from textback.engine.context import Wake
from textback.engine.steps import intents, statuses, texts
from textback.engine.told import people
from textback.errors import MaybeSent, NotSent, StoreBusy
from textback.events import Confidence
from textback.model import Absent, Call, Lead, Text, TextState
from textback.store import Store, Unit


@contextmanager
def once(module: ModuleType, name: str, before: Callable[[], None]) -> Iterator[None]:
    """Let *before* happen at the first call of a unit of work."""
    real, calls = getattr(module, name), iter([True])

    def unit(*args: Any, **kwargs: Any) -> Any:
        if next(calls, False):
            before()
        return (yield from real(*args, **kwargs))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, name, unit)
        yield


@contextmanager
def answer_lost(store: Store, after: Callable[[], bool]) -> Iterator[None]:
    """Commit, and say that it can't be done: once, when something stands in the store."""
    real, lost = store.write, iter([True])

    async def write(unit: Unit[Any]) -> Any:
        result = await real(unit)
        if after() and next(lost, False):
            raise StoreBusy("the connection was closed in the middle of operation")
        return result

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "write", write)
        yield


def busy() -> None:
    """Another process holds the database."""
    raise StoreBusy("locked")


async def unsure(text: Text) -> None:
    """The provider took it, perhaps."""
    raise MaybeSent("the connection broke")


async def down(text: Text) -> None:
    """The provider surely didn't take it."""
    raise NotSent("no connection")


async def test_a_case_that_is_open_goes_on_though_nobody_heard_of_it(house: House) -> None:
    """A database server that dies right after a commit: no text had left, so this one does."""
    opened = lambda: bool(house.rows("SELECT 1 FROM cases"))  # noqa: E731
    with answer_lost(house.runtime.ctx.store, opened):
        await house.missed()

    assert house.ends() == ["sent"]
    assert len(house.sent) == 1
    assert [text["state"] for text in house.texts("text/1")] == ["sent"]
    assert house.states("lead/%") == {"lead/crm": "done"}


@pytest.mark.parametrize(("module", "name"), [(opening, "_open"), (statuses, "taken")])
async def test_a_commit_that_fails_is_tried_again(
    house: House, module: ModuleType, name: str
) -> None:
    """The text is not late for it, and its receipt is not lost."""
    with once(module, name, busy):
        await house.missed()

    assert len(house.sent) == 1
    assert house.ends() == ["sent"]
    assert "follow_up/1" in house.states()


async def test_what_a_sender_surely_did_not_send_goes_by_another(closed: House) -> None:
    """Its no is not lost when the store is busy just then: nobody takes the text for unsure."""
    closed.write(stack=STACK + '[plugins.backup]\nuse = "carrier"\n')
    await closed.open()
    closed.outside.sending["carrier"] = down
    with once(texts, "_declined", busy):
        await closed.missed()

    assert [sender for sender, _ in closed.outside.asked] == ["carrier", "backup"]
    assert [text["state"] for text in closed.texts()] == ["failed", "sent"]
    assert closed.ends() == ["sent"]


async def test_an_intent_that_was_never_used_is_not_unsure(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It was too old, and the store was busy when that was to be written down."""
    real = planning.plan

    async def slow(*args: Any) -> planning.Planned:
        planned = await real(*args)
        house.clock.advance(intents.FRESH_FOR + timedelta(seconds=1))
        return planned

    monkeypatch.setattr(planning, "plan", slow)
    with once(texts, "_unused", busy):
        await house.missed()

    assert [text["state"] for text in house.texts()] == ["failed", "sent"]
    assert len(house.outside.asked) == 1
    assert house.ends() == ["sent"]


@pytest.mark.parametrize("stored", [True, False])
async def test_an_intent_that_the_store_may_have_is_not_used(
    house: House, stored: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection broke in its commit: it is over, wherever it stands, and decided again."""
    house.outside.sending["carrier"] = down
    await house.missed()
    house.outside.sending.clear()
    real, breaks = type(house.runtime.store).write, iter([True])

    async def write(store: Store, unit: Any) -> Any:
        if getattr(unit, "func", None) is texts._intend and next(breaks, False):
            if stored:
                await real(store, unit)
            raise StoreBusy("the connection broke")
        return await real(store, unit)

    monkeypatch.setattr(type(house.runtime.store), "write", write)
    await house.let_pass(timedelta(minutes=1))

    failed = ["failed"] * (2 if stored else 1)
    assert [text["state"] for text in house.texts()] == [*failed, "sent"]
    assert len(house.sent) == 1
    assert house.ends() == ["sent"]


@pytest.mark.parametrize("paused", [True, False])
async def test_pause_and_resume_count_in_the_middle_of_a_decision(
    house: House, paused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever pauses or resumes after the picture was made is heard, too."""
    real = planning.plan

    async def plan(*args: Any) -> planning.Planned:
        planned = await real(*args)
        await (house.resume() if paused else house.pause())
        return planned

    if paused:
        await house.pause()
    monkeypatch.setattr(planning, "plan", plan)
    await house.missed()
    monkeypatch.undo()
    await house.let_pass(timedelta(minutes=1))

    assert len(house.sent) == (1 if paused else 0)


async def test_after_the_team_wrote_nothing_goes_by_itself(house: House) -> None:
    """The first text was unsure; that it never left, or did, starts nothing any more."""
    house.outside.sending["carrier"] = unsure
    await house.missed()
    house.outside.sending.clear()
    ctx, case = house.runtime.ctx, house.case()
    await house.runtime.store.write(
        lambda: people.reply(ctx.clients["bright"], case, "Ann here", ctx.now())
    )
    await house.run()

    house.outside.finding = lambda text: Absent()
    await house.let_pass(timedelta(minutes=5))
    first = house.texts("text/1")[0]["text_id"]
    await house.tell(house.status(TextState.DELIVERED, text=first), plugin="carrier")
    await house.let_pass(timedelta(days=3))

    assert [text.body for _, text in house.sent] == ["Ann here"]


async def test_a_call_that_cannot_be_concluded_is_parked(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not for ever tried in silence: people see it, and `retry` takes it up once it is mended."""

    def broken(*args: object) -> None:
        raise OverflowError("a date too far")

    monkeypatch.setattr(planning, "steps_of", broken)
    await house.missed()
    await house.let_pass(timedelta(days=3))
    ((state, error),) = {
        (row["state"], row["error"]) for row in house.rows("SELECT state, error FROM steps")
    }
    assert (state, error) == ("parked", "failed in an unexpected way (OverflowError)")

    monkeypatch.undo()
    await house.runtime.store.write(lambda: people.steps.retry_parked("*", house.runtime.ctx.now()))
    await house.run()
    assert house.ends() == ["suppressed"]  # three days late: told, not texted


@pytest.mark.parametrize("confidence", [Confidence.CERTAIN, Confidence.LIKELY])
async def test_a_call_whose_past_cannot_be_read_is_kept_and_parked(
    confidence: Confidence, house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that a newer version wrote, say: the webhook is taken, and the call is not lost."""

    def broken(*args: object) -> Iterator[None]:
        yield from ()
        raise ValueError("a basis of which nobody has heard")

    monkeypatch.setattr(opening, "look", broken)
    await house.tell(house.ended(confidence=confidence))
    await house.let_pass(timedelta(days=3))
    assert house.states("conclude") == {"conclude": "parked"}

    monkeypatch.undo()
    await house.runtime.store.write(lambda: people.steps.retry_parked("*", house.runtime.ctx.now()))
    await house.run()
    assert house.ends() == ["suppressed"]


async def test_a_case_that_opens_while_the_process_stops_is_not_left_half_done(
    house: House,
) -> None:
    """Its text goes, and its contact is saved, before the end."""
    asked, known = asyncio.Event(), asyncio.Event()

    async def look(call: Call) -> None:
        asked.set()
        await known.wait()

    house.outside.looking = look
    await house.tell(house.ended())
    await asked.wait()
    stopping = asyncio.ensure_future(house.runtime.engine.stop())
    while not house.runtime.engine._stopping:
        await asyncio.sleep(0)
    known.set()
    await stopping

    assert [row["state"] for row in house.texts()] == ["sent"]
    assert len(house.outside.leads) == 1


async def test_a_subject_that_is_claimed_again_while_it_ends_is_begun_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Under the new lease: nobody else may take it before that one is over."""
    begun: list[int | None] = []
    free = asyncio.Event()

    async def run(actor: Actor) -> list[Wake]:
        begun.append(actor.generation)
        await free.wait()
        return []

    monkeypatch.setattr(Actor, "run", run)
    house.runtime.engine.wake([Wake("bright", "call/phones/CA1", 1)])
    await asyncio.sleep(0)
    house.runtime.engine.wake([Wake("bright", "call/phones/CA1", 2)])
    free.set()
    await house.run()

    assert begun == [1, 2]


async def test_a_lease_counts_from_its_commit(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A store that is behind commits it long after it was asked to: it is not over by then."""
    await house.suppress(CALLER)
    left: list[int] = []
    real = type(house.runtime.store).write

    async def late(store: Store, unit: Unit[Any]) -> Any:
        house.clock.advance(timedelta(minutes=2))
        return await real(store, unit)

    async def save(lead: Lead) -> None:
        (row,) = house.rows("SELECT lease_until FROM subjects WHERE subject LIKE 'case/%'")
        left.append(row["lease_until"] - micros(house.clock.now()))

    house.outside.saving = save
    monkeypatch.setattr(type(house.runtime.store), "write", late)
    await house.missed()

    (us,) = left
    assert us > 0
