"""Caps of a client: they hold to the last text, whoever counts at the same time."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from support.house import STACK, House
from textback.errors import DeliveryError, MaybeSent, NotSent
from textback.events import TeamReply
from textback.model import Absent, CannotTell, FailureReason, Receipt, Text, TextState

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


BACKUP = STACK + '[plugins.backup]\nuse = "carrier"\n'
CAPS = "[caps]\nper_hour = 7\nspend_per_day = 0.07"
PRICED = 'mode = "live"\nsegment_price = 0.01'


@pytest.mark.parametrize(
    "error",
    [NotSent("no connection"), DeliveryError("out of order", permanent=True, try_next=True)],
)
async def test_what_surely_did_not_leave_is_given_back(closed: House, error: DeliveryError) -> None:
    """The first sender never takes anything; as many texts go by the second as without it."""

    async def refuse(text: Text) -> Receipt:
        raise error

    closed.write(settings=PRICED, stack=BACKUP, more=CAPS)
    await closed.open()
    closed.outside.sending["carrier"] = refuse

    for caller in CALLERS:
        await closed.missed(caller=caller)

    assert [plugin for plugin, _ in closed.sent] == ["backup"] * 7
    assert counted(closed) == {"texts": 7, "segments": 7}


async def test_a_text_that_everybody_refuses_costs_nothing(closed: House) -> None:
    """Nothing left, and nothing is billed."""

    async def refuse(text: Text) -> Receipt:
        raise DeliveryError("not a mobile", permanent=True, unreachable=True)

    closed.write(settings=PRICED, more=CAPS)
    await closed.open()
    closed.outside.sending["carrier"] = refuse
    await closed.missed()

    assert counted(closed) == {"texts": 0, "segments": 0}
    assert closed.ends() == ["failed"]


@pytest.mark.parametrize(("found", "left"), [(Absent(), 0), (CannotTell(), 1)])
async def test_a_text_that_may_have_left_counts_until_it_surely_did_not(
    closed: House, found: Absent | CannotTell, left: int
) -> None:
    """The provider never got it, and then refuses it; or it can't tell."""
    answers = iter((MaybeSent("broke"), DeliveryError("no", permanent=True)))

    async def fail(text: Text) -> Receipt:
        raise next(answers)

    closed.write(settings=PRICED, more=CAPS)
    await closed.open()
    closed.outside.sending["carrier"] = fail
    closed.outside.finding = lambda text: found
    await closed.missed()
    assert counted(closed) == {"texts": 1, "segments": 1}

    await closed.let_pass(timedelta(minutes=10))

    assert counted(closed) == {"texts": left, "segments": left}


async def test_a_text_that_was_not_delivered_counts(closed: House) -> None:
    """It is billed."""
    closed.write(settings=PRICED, more=CAPS)
    await closed.open()
    await closed.missed()
    (text,) = closed.texts()
    failed = closed.status(TextState.FAILED, text=text["text_id"], reason=FailureReason.UNREACHABLE)
    await closed.tell(failed, plugin="carrier")

    assert closed.texts()[0]["state"] == "failed"
    assert counted(closed) == {"texts": 1, "segments": 1}


def counted(house: House) -> dict[str, int]:
    """What stands in the counters."""
    return {row["name"]: row["count"] for row in house.rows("SELECT name, count FROM counters")}


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
