"""Later texts: at their times, and none after anything was heard of the caller."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from support.house import CALLER, START, House
from textback.engine.told import people
from textback.events import Happened
from textback.model import Outcome
from textback.store import cases

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


async def test_three_follow_ups_go_at_their_times(house: House) -> None:
    """In a week in which nothing is heard: the first text, then one at each time, then none."""
    await house.missed()
    await house.let_pass(9 * DAY)

    late = timedelta(seconds=1)
    times = [text.attempted_at - START for _, text in house.sent if text.attempted_at]
    wanted = [0 * DAY, 2 * HOUR, DAY, 3 * DAY]
    assert all(due <= at < due + late for at, due in zip(times, wanted, strict=True))
    assert [text.body[:4] for _, text in house.sent[1:]] == ["One:", "Two:", "Thre"]


async def answered(house: House) -> None:
    await house.tell(house.picked_up())


async def rung_back(house: House) -> None:
    await house.tell(
        house.event("OUT1", Happened.STARTED, outgoing=True),
        house.picked_up(call="OUT1"),
    )


async def replied(house: House) -> None:
    await house.write_in("yes please, at five?")


async def booked(house: House) -> None:
    await house.tell(house.booked(), plugin="booker")


async def opted_out(house: House) -> None:
    await house.write_in("Stop.")


async def closed_by_hand(house: House) -> None:
    ctx, client = house.runtime.ctx, house.runtime.config.clients["bright"]
    row = await house.runtime.store.read(lambda: cases.open_of("bright", CALLER))
    assert row is not None
    await house.runtime.store.write(
        lambda: people.close(ctx.hash_of, client, row, "done by phone", ctx.now())
    )


@pytest.mark.parametrize(
    ("heard", "still_open"),
    [
        (replied, True),
        (answered, False),
        (rung_back, False),
        (booked, False),
        (opted_out, False),
        (closed_by_hand, False),
    ],
)
async def test_no_follow_up_after_the_caller_was_heard(
    house: House, heard: Callable[[House], Awaitable[None]], still_open: bool
) -> None:
    """One follow-up went before it, none goes after it; only a reply leaves the case open."""
    await house.missed()
    await house.let_pass(3 * HOUR)

    await heard(house)
    still = house.case()["closed_at"] is None
    await house.let_pass(20 * DAY)

    went = [text.step for _, text in house.sent if text.kind.value in ("first", "follow_up")]
    assert went == ["text/1", "follow_up/1"]
    assert still is still_open
    assert house.case()["closed_at"] is not None
    assert set(house.states().values()) <= {"done", "cancelled"}
    assert await house.ledger_fault() is None


async def test_ringing_in_vain_is_no_call_back(house: House) -> None:
    """The business rang and nobody took it: the sequence goes on."""
    await house.missed()

    await house.tell(house.ended(Outcome.OUTGOING))
    await house.let_pass(7 * DAY)

    assert len(house.sent) == 4


async def test_a_quiet_case_is_closed(house: House) -> None:
    """Seven days after the last follow-up; the next missed call opens a new one."""
    await house.missed()

    await house.let_pass(10 * DAY - HOUR)
    assert house.case()["closed_at"] is None
    await house.let_pass(2 * HOUR)
    assert house.case()["closed_because"] == "nothing happened for 7 days"
    await house.missed()

    assert house.ends() == ["sent", "sent"]


async def test_a_reply_keeps_the_case_open_for_longer(house: House) -> None:
    """The quiet days are counted from the last thing that happened."""
    await house.missed()
    await house.let_pass(9 * DAY)
    await house.write_in("still here")

    await house.let_pass(6 * DAY)
    assert house.case()["closed_at"] is None
    await house.let_pass(2 * DAY)

    assert house.case()["closed_at"] is not None


async def test_a_pause_holds_and_releases(house: House) -> None:
    """Held texts go when it ends, each once; the team is told of the call at once."""
    await house.pause()
    await house.missed()
    await house.let_pass(HOUR)
    assert not house.outside.asked
    assert house.ends() == [None]
    assert len(house.outside.notices) == 1

    await house.resume()
    await house.run()
    assert house.ends() == ["sent"]
    await house.pause()
    await house.let_pass(5 * HOUR)
    assert len(house.sent) == 1
    await house.resume()
    await house.run()

    assert [text.step for _, text in house.sent] == ["text/1", "follow_up/1"]


async def test_a_held_first_text_is_suppressed_by_a_reply(house: House) -> None:
    """The call has its end then, and the text doesn't go when the pause is over."""
    await house.pause()
    await house.missed()

    await house.write_in("hello, I rang")
    assert house.ends() == ["suppressed"]
    await house.resume()
    await house.let_pass(DAY)

    assert not house.outside.asked


async def test_the_sequence_outlives_a_restart(house: House) -> None:
    """Due times are kept in the store; what became due while it was down goes once, at once."""
    await house.missed()
    await house.close()
    house.clock.advance(3 * HOUR)

    await house.open()
    await house.run()

    assert [text.step for _, text in house.sent] == ["text/1", "follow_up/1"]


async def test_help_does_not_end_the_sequence(house: House) -> None:
    """It is a question to the program, not a word to the business."""
    await house.missed()

    await house.write_in("HELP")
    await house.let_pass(7 * DAY)

    kinds = [text.kind.value for _, text in house.sent]
    assert kinds == ["first", "help", "follow_up", "follow_up", "follow_up"]
