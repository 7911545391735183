"""Caps of a client: they hold to the last text, whoever counts at the same time."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from support.house import House
from textback.events import TeamReply

CALLERS = [f"+130355501{number}" for number in range(20, 40)]


async def calls_at_once(house: House, callers: list[str]) -> None:
    """Many calls are missed at one moment."""
    await asyncio.gather(*(house.tell(house.ended(caller=caller)) for caller in callers))
    await house.run()


async def test_an_hour_has_so_many_texts_and_no_more(closed: House) -> None:
    """Twenty calls at once: seven texts in this hour, seven in the next, the rest after it."""
    closed.write(settings='mode = "live"', more="[caps]\nper_hour = 7")
    await closed.open()

    await calls_at_once(closed, CALLERS)

    assert len(closed.sent) == 7
    await closed.let_pass(timedelta(hours=1))
    assert len(closed.sent) == 14
    await closed.let_pass(timedelta(hours=1))
    assert len({text.to for _, text in closed.sent}) == len(closed.sent) == 20


async def test_a_day_has_so_much_money_and_no_more(closed: House) -> None:
    """First texts beyond it are suppressed, what the team writes isn't sent, and they are told."""
    settings = 'mode = "live"\nsegment_price = 0.01'
    closed.write(settings=settings, more="[caps]\nspend_per_day = 0.05")
    await closed.open()

    await calls_at_once(closed, CALLERS)

    assert len(closed.sent) == 5
    assert sorted(str(end) for end in closed.ends()) == ["sent"] * 5 + ["suppressed"] * 15
    case = closed.rows("SELECT case_id FROM cases WHERE end_state = 'sent' LIMIT 1")[0]["case_id"]
    reply = TeamReply(key="R1", at=closed.clock.now(), body="Hello", by="Kim", case=case)
    await closed.tell(reply, plugin="team")
    await closed.run()
    assert len(closed.sent) == 5
    await closed.let_pass(timedelta(days=1))
    await closed.tell(TeamReply(key="R2", at=closed.clock.now(), body="Hi", by="Kim", case=case))
    await closed.tell(closed.ended(caller="+13035550190"))
    await closed.run()
    assert any(text.to == "+13035550190" for _, text in closed.sent)


@pytest.mark.parametrize(("late_s", "sent"), [(0, 1), (90, 0)])
async def test_the_first_text_at_night(closed: House, late_s: int, sent: int) -> None:
    """It goes with the call; told of too late it goes in the morning, and follow-ups do, too."""
    closed.write()
    await closed.open()
    await closed.until(closed.clock.now() + timedelta(hours=13))  # ten in the evening in Denver
    ended = closed.ended()
    await closed.let_pass(timedelta(seconds=late_s))

    await closed.tell(ended)
    await closed.run()

    assert len(closed.sent) == sent
    await closed.let_pass(timedelta(hours=9))  # until seven
    assert len(closed.sent) == sent
    await closed.let_pass(timedelta(hours=2))
    assert len(closed.sent) == (2 if sent else 1)
    assert await closed.ledger_fault() is None
