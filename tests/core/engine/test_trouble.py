"""The store says no for a moment, people act in the middle of a decision, a plan can't be made."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from types import ModuleType
from typing import Any

import pytest

from support.house import CALLER, House
from textback.clock import micros
from textback.engine import opening, people, statuses
from textback.errors import MaybeSent, StoreBusy
from textback.model import Absent, Lead, Text, TextState
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


def busy() -> None:
    """Another process holds the database."""
    raise StoreBusy("locked")


async def unsure(text: Text) -> None:
    """The provider took it, perhaps."""
    raise MaybeSent("the connection broke")


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


@pytest.mark.parametrize("paused", [True, False])
async def test_pause_and_resume_count_in_the_middle_of_a_decision(
    house: House, paused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever pauses or resumes after the picture was made is heard, too."""
    real = opening._plan

    async def plan(*args: Any) -> opening.Planned:
        planned = await real(*args)
        await (house.resume() if paused else house.pause())
        return planned

    if paused:
        await house.pause()
    monkeypatch.setattr(opening, "_plan", plan)
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

    monkeypatch.setattr(opening, "_steps", broken)
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
