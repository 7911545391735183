"""One client's slow provider or flood holds up its own work, and nobody else's."""

from __future__ import annotations

import asyncio
import contextlib
from datetime import timedelta

import pytest

from support.house import LINE, House
from textback.config.settings import Limits
from textback.engine import engine, shares
from textback.engine.shares import Shares
from textback.model import Receipt, Text

OTHER_LINE = "+13035550177"
CALLS = 12


async def open_with(closed: House, work_of_client: int) -> None:
    closed.write()
    closed.write(client="other", line=OTHER_LINE)
    await closed.open()
    engine = closed.runtime.engine
    engine.shares = Shares(Limits(work_of_client=work_of_client), closed.runtime.store)


async def test_the_others_go_on_while_one_waits_for_its_provider(closed: House) -> None:
    """Of the one, two at a time; the other's call is texted meanwhile; then all are."""
    await open_with(closed, 2)
    answered = asyncio.Event()

    async def slow(text: Text) -> Receipt:
        if text.line == LINE:
            await answered.wait()
        return closed.outside.take("carrier", text)

    closed.outside.sending["carrier"] = slow
    for number in range(CALLS):
        await closed.tell(closed.ended(caller=f"+13035550{200 + number}"))
    await closed.tell(closed.ended(caller="+13035550300", line=OTHER_LINE), client="other")
    running = asyncio.create_task(closed.run())
    async with asyncio.timeout(30):
        while not closed.sent or len(closed.outside.asked) < 3:
            await asyncio.sleep(0.01)

    assert [text.line for _, text in closed.sent] == [OTHER_LINE]
    assert [text.line for _, text in closed.outside.asked].count(LINE) == 2

    answered.set()
    await running
    assert len({text.to for _, text in closed.sent}) == CALLS + 1


async def test_what_nobody_remembers_is_found_by_its_due_step(
    closed: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More wait than are kept in memory: nothing is lost."""
    await open_with(closed, 1)
    monkeypatch.setattr(shares, "QUEUED", 2)
    for number in range(CALLS):
        await closed.tell(closed.ended(caller=f"+13035550{200 + number}"))
    await closed.run()
    closed.clock.advance(timedelta(seconds=61))  # so long it has a lease
    await closed.run()

    assert len({text.to for _, text in closed.sent}) == CALLS


async def test_much_that_is_due_of_one_hides_nobody_elses(
    closed: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The timers look at so many at a time, the longest due first."""
    closed.write()
    closed.write(client="other", line=OTHER_LINE)
    await closed.open()
    await closed.pause()
    await closed.pause("other")
    for number in range(CALLS):
        await closed.missed(caller=f"+13035550{200 + number}")
    await closed.tell(closed.ended(caller="+13035550300", line=OTHER_LINE), client="other")
    await closed.run()
    monkeypatch.setattr(engine, "MOST", CALLS // 2)
    await closed.resume()
    await closed.resume("other")

    due = await closed.runtime.engine.due(closed.runtime.ctx.now())

    assert {client for client, _ in due} == {"bright", "other"}
    assert len(due) == len(set(due)) == CALLS // 2 + 1


async def test_a_burst_is_not_at_ease(closed: House) -> None:
    """What is begun early does not get in the way of others: webhooks that are stored count."""
    closed.write()
    await closed.open()
    at_hand = closed.runtime.engine.shares

    with contextlib.ExitStack() as burst:
        assert at_hand.at_ease("bright")
        for _ in range(shares.AT_EASE):
            burst.enter_context(at_hand.webhook("bright"))
        assert not at_hand.at_ease("bright")
        assert at_hand.at_ease("other")
