"""Known calls by changed files: exactly those differ that must."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from support.compared import HOUR, compare
from support.house import FOLLOW_UPS, START, House
from textback.testing.clock import VirtualClock

MINUTE = timedelta(minutes=1)
ANNA, BEN, CARL, DORA = (f"+1303555012{n}" for n in range(1, 5))
AUSTIN = [f"+1512555012{n}" for n in range(1, 6)]
LIVE = 'mode = "live"\n'
ONE, TWO, THREE = (f"[[follow_up]]{each}" for each in FOLLOW_UPS.split("[[follow_up]]")[1:])


@pytest.fixture
async def plain(closed: House) -> House:
    """A live client with one follow-up, after two hours."""
    closed.write(more=ONE)
    await closed.open()
    return closed


class TestQuietHours:
    """``first_text_at_night = false``: a first text at night waits, and so what follows it."""

    async def test_only_calls_at_night(self, plain):
        """Not those by day, nor the one of which the caller got through before it was day."""
        await plain.missed(caller=ANNA)  # nine in the morning
        await plain.let_pass(13 * HOUR)
        await plain.missed(caller=BEN)  # ten at night
        await plain.let_pass(4 * HOUR)
        await plain.missed(caller=CARL)
        await plain.let_pass(HOUR)
        await plain.tell(plain.picked_up(caller=CARL))
        await plain.let_pass(5 * HOUR)
        await plain.missed(caller=DORA)  # eight in the morning
        await plain.let_pass(24 * HOUR)

        compared = await compare(plain, settings=LIVE + "first_text_at_night = false", more=ONE)

        assert sorted(compared.changes) == [
            (BEN, "follow_up/1", "held by quiet_hours, then sent -> sent"),
            (BEN, "text/1", "sent -> held by quiet_hours, then sent"),
            (CARL, "follow_up/1", "cancelled -> none"),
            (CARL, "text/1", "sent -> held by quiet_hours, then suppressed"),
        ]
        assert compared.comparison.summary.differing == 2

    async def test_a_law_counts_from_its_day_on(self, closed):
        """Texas asks for more since 2025-09-01; the days before are as they were."""
        closed.clock = VirtualClock(datetime(2025, 8, 30, 3, 30, tzinfo=UTC))  # 22:30 in Austin
        federal = LIVE + 'rules.packs = ["us-federal"]'
        closed.write(settings=federal, more="")
        await closed.open()
        began = closed.clock.now()
        for day, caller in enumerate(AUSTIN):  # from Friday the 29th on
            await closed.until(began + timedelta(days=day))
            await closed.missed(caller=caller)
        await closed.let_pass(24 * HOUR)

        compared = await compare(
            closed, began, settings=LIVE + 'rules.packs = ["us-federal", "us-tx"]', more=""
        )

        night = "sent -> held by quiet_hours, then sent"
        assert compared.changes == [(AUSTIN[3], "text/1", night), (AUSTIN[4], "text/1", night)]


class TestCaps:
    """One too many is held; what is within the cap goes as it went."""

    async def test_of_the_client_in_an_hour(self, closed):
        """The third caller of an hour waits for the next one, and counts in that."""
        closed.write(more="")
        await closed.open()
        for caller in (ANNA, BEN, CARL):
            await closed.missed(caller=caller)
            await closed.let_pass(MINUTE)
        await closed.let_pass(HOUR)
        await closed.missed(caller=DORA)
        await closed.let_pass(HOUR)

        compared = await compare(closed, settings=LIVE + "caps.per_hour = 2", more="")

        assert compared.changes == [(CARL, "text/1", "sent -> held by caps, then sent")]
        assert compared.found[0].after.at == compared.found[0].before.at + 58 * 60 * 1_000_000

    async def test_of_the_caller_in_a_day(self, house):
        """With one text in 24 hours, the follow-up after two hours goes a day later."""
        await house.missed(caller=ANNA)
        await house.missed(caller=BEN)
        await house.write_in("yes", number=BEN)  # no follow-up
        await house.let_pass(timedelta(days=5))

        compared = await compare(house, settings=LIVE + "caps.per_caller_day = 1")

        assert compared.changes[0] == (ANNA, "follow_up/1", "sent -> held by caps, then sent")
        assert {caller for caller, _, _ in compared.changes} == {ANNA}


class TestFollowUps:
    """The sequence of a changed file."""

    async def test_one_is_removed(self, house):
        """Who would have got it gets it no more; nothing else is different."""
        await house.missed(caller=ANNA)
        await house.missed(caller=BEN)
        await house.let_pass(timedelta(days=2))
        await house.write_in("call me", number=BEN)  # before the third
        await house.let_pass(timedelta(days=3))

        compared = await compare(house, more=ONE + TWO)

        assert sorted(compared.changes) == [
            (ANNA, "follow_up/3", "sent -> none"),
            (BEN, "follow_up/3", "cancelled -> none"),
        ]

    async def test_another_template(self, house):
        """Only the step whose words they are, and only where it went."""
        await house.missed(caller=ANNA)
        await house.missed(caller=BEN)
        await house.let_pass(3 * HOUR)
        await house.write_in("call me", number=BEN)
        await house.let_pass(timedelta(days=5))

        compared = await compare(house, more=ONE + TWO.replace("Two", "2") + THREE)

        assert compared.changes == [(ANNA, "follow_up/2", "other template")]
        assert compared.found[0].before.body.startswith("Two: still")
        assert compared.found[0].after.body.startswith("2: still")


async def test_the_same_files_in_other_words(house):
    """What means the same is no difference: order, spelling of durations, settings by default."""
    await house.missed(caller=ANNA)
    await house.let_pass(12 * HOUR)
    await house.missed(caller=BEN)
    await house.let_pass(timedelta(days=5))

    same = 'cool_down = "1440m"\nfirst_text_at_night = true\ncaps.per_hour = 0\n' + LIVE
    compared = await compare(house, START, settings=same, more=FOLLOW_UPS.replace("1d", "24h"))

    assert compared.changes == []
    assert compared.comparison.summary.agreeing == 2
