"""A caller who got no text calls again: joined, or decided on anew once the reason is gone."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest

from support.house import CALLER, FOLLOW_UPS, House
from textback.errors import DeliveryError
from textback.model import Receipt, Text

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
HOURS = '[hours]\nmon = "10:00-18:00"\n'
MONEY = "[caps]\nspend_per_day = 0.01\n"
PRICED = 'mode = "live"\nsegment_price = 0.01'


async def in_test_mode(house: House) -> None:
    """Nobody but testers is texted; then the client goes live."""
    house.write(settings='mode = "test"')
    await house.open()
    await house.missed()
    house.write()
    await house.reopen()


async def in_shadow_mode(house: House) -> None:
    """What would be texted is shown; then the client goes live."""
    house.write(settings='mode = "shadow"')
    await house.open()
    await house.missed()
    house.write()
    await house.reopen()


async def too_late(house: House) -> None:
    """We were down when the first call was missed."""
    house.write()
    await house.open()
    await house.missed(at=house.clock.now() - HOUR)


async def while_closed(house: House) -> None:
    """Texts go only while the business is open: at nine it isn't, at ten it is."""
    house.write(settings='mode = "live"\ntext_hours = "open"', more=HOURS)
    await house.open()
    await house.missed()
    await house.let_pass(2 * HOUR)


async def without_money(house: House) -> None:
    """The day's money was spent on somebody else."""
    house.write(settings=PRICED, more=MONEY)
    await house.open()
    await house.missed(caller="+13035550124")
    await house.missed()
    await house.let_pass(DAY)


async def refused(house: House) -> None:
    """The provider took nothing then."""

    async def refuse(text: Text) -> Receipt:
        raise DeliveryError("the account is suspended", permanent=True)

    house.write()
    house.outside.sending["carrier"] = refuse
    await house.open()
    await house.missed()
    del house.outside.sending["carrier"]


@pytest.mark.parametrize(
    ("before", "end"),
    [
        (in_test_mode, "suppressed"),
        (in_shadow_mode, "shadowed"),
        (too_late, "suppressed"),
        (while_closed, "suppressed"),
        (without_money, "suppressed"),
        (refused, "failed"),
    ],
)
async def test_a_reason_that_is_gone(
    closed: House, before: Callable[[House], Awaitable[None]], end: str
) -> None:
    """The second call is a case of its own and is texted, once; a third joins it."""
    await before(closed)
    assert closed.outside.bodies(CALLER) == []

    await closed.missed()
    await closed.missed()

    assert closed.ends()[-3:] == [end, "sent", "joined"]
    assert len(closed.outside.bodies(CALLER)) == 1
    cases = closed.rows(
        "SELECT closed_because, end_state FROM cases WHERE number = ? ORDER BY opened_at, rowid",
        CALLER,
    )
    assert [row["end_state"] for row in cases] == [end, "sent"]
    assert [row["closed_because"] for row in cases] == ["the caller called again", None]
    assert await closed.ledger_fault() is None


async def test_a_reason_that_stands(house: House) -> None:
    """Blocked: later calls join the case, which stays one, and nobody is texted."""
    await house.suppress(CALLER)
    for _ in range(3):
        await house.missed()

    assert house.ends() == ["suppressed", "joined", "joined"]
    assert house.sent == []


@pytest.mark.parametrize("who", ["caller", "team"])
async def test_somebody_wrote(closed: House, who: str) -> None:
    """Without a first text it is a conversation all the same, and a call joins it."""
    await too_late(closed)
    if who == "caller":
        await closed.write_in("are you there?")
    else:
        await closed.write_as_team("Sorry, we were out")
    texts = len(closed.sent)

    await closed.missed()

    assert closed.ends() == ["suppressed", "joined"]
    assert len(closed.sent) == texts


async def test_what_was_only_watched_is_not_followed_up(closed: House) -> None:
    """The client goes live: who never got a first text gets no follow-up either."""
    await in_shadow_mode(closed)
    await closed.let_pass(5 * DAY)

    assert closed.sent == []
    assert FOLLOW_UPS.count("body") == len(closed.states("follow_up/%")) == 3
    assert set(closed.states("follow_up/%").values()) == {"done"}


async def test_two_calls_at_once_after_the_reason_is_gone(closed: House) -> None:
    """One opens a case, the other joins it."""
    await too_late(closed)
    await closed.tell(*(closed.ended() for _ in range(3)))
    await closed.run()

    assert len(closed.sent) == 1
    assert sorted(map(str, closed.ends())) == ["joined", "joined", "sent", "suppressed"]
