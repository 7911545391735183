"""What other files would have made of a past that the real engine has lived."""

from __future__ import annotations

from datetime import timedelta
from functools import partial

import attrs
import pytest

from support.compared import HOUR, compare
from support.house import FOLLOW_UPS, STACK, START, House
from textback.events import KeyPressed
from textback.hookspecs import hookimpl
from textback.model import Outcome
from textback.picture import Action, Picture, Verdict

MINUTE = timedelta(minutes=1)
ANNA, BEN, CARL, DORA = (f"+1303555012{n}" for n in range(1, 5))
HOURS = '[hours]\nmon = "08:00-17:00"\n'
CLOSED = '[[text]]\nwhen = { hours = "closed" }\nbody = "We are closed. Reply STOP to opt out"\n'


@pytest.fixture
def what_if(house: House):
    """Compare today's files with others: other settings, stack or more."""
    return partial(compare, house)


async def eventful(house: House) -> None:
    """Two weeks with something of everything."""
    await house.missed(caller=ANNA)
    await house.let_pass(HOUR)
    await house.missed(caller=ANNA)  # joins
    await house.missed(caller=BEN)
    await house.write_in("can you call me?", number=BEN)
    await house.let_pass(HOUR)
    await house.missed(caller=CARL)
    await house.let_pass(MINUTE)
    await house.write_in("STOP", number=CARL)
    await house.let_pass(HOUR)
    await house.missed(caller=CARL)  # opted out
    await house.missed(caller=None)
    await house.suppress(DORA)
    await house.let_pass(MINUTE)
    await house.missed(caller=DORA)
    await house.pause()
    await house.let_pass(MINUTE)
    await house.missed(caller="+13035550131")
    await house.let_pass(HOUR)
    await house.missed(caller="+13035550132")
    await house.tell(house.picked_up(caller="+13035550132"))  # got through while it was held
    await house.let_pass(MINUTE)
    await house.resume()
    await house.let_pass(timedelta(days=2))
    await house.tell(house.picked_up(caller=ANNA))
    await house.let_pass(HOUR)
    await house.missed(caller=ANNA, outcome=Outcome.BUSY)
    await house.tell(house.booked(number=ANNA))
    await house.write_in("START", number=CARL)
    await house.let_pass(HOUR)
    await house.missed(caller=ANNA)  # within the cool-down
    await house.let_pass(timedelta(days=12))
    await house.missed(caller=CARL)
    await house.missed(caller=BEN)
    await house.let_pass(HOUR)


class TestTheReplay:
    """It does what the engine did."""

    async def test_agrees_with_what_happened(self, house, what_if):
        """Each call of an eventful time comes to the end that it really came to."""
        await eventful(house)

        summary = (await what_if()).comparison.summary

        assert summary.calls == len([end for end in house.ends() if end])
        assert summary.disagreeing == {}
        assert summary.agreeing == summary.calls
        assert summary.other_words == 0

    async def test_unchanged_files_show_no_difference(self, house, what_if):
        """The same files twice are the same."""
        await eventful(house)

        compared = await what_if()

        assert compared.found == []
        assert compared.comparison.summary.differing == 0

    async def test_what_callers_agreed_to(self, house, what_if):
        """A key carries a follow-up whose call alone carries none; who opted out is past it."""
        later = '[[follow_up]]\nafter = "100d"\nbody = "Bright Smile Dental: still need us?"\n'
        files = {"settings": 'mode = "live"\nidle_after = "200d"', "more": later}
        house.write(**files)
        await house.reopen()
        for caller, call in ((ANNA, "CA1"), (BEN, "CA2"), (CARL, "CA3")):
            await house.missed(caller=caller, call=call)
            if caller != BEN:
                pressed = KeyPressed(key=call, at=house.clock.now(), call=call, digits="1")
                await house.tell(pressed)
        await house.let_pass(HOUR)
        await house.write_in("STOP", number=CARL)
        await house.write_in("START", number=CARL)
        await house.let_pass(timedelta(days=101))
        assert [text.to for _, text in house.sent if text.step == "follow_up/1"] == [ANNA]

        unchanged = await what_if()
        sooner = await what_if(**{**files, "more": later.replace("100d", "80d")})

        assert unchanged.comparison.summary.disagreeing == {}
        assert unchanged.found == []
        assert sooner.changes == [
            (ANNA, "follow_up/1", "other time"),
            (BEN, "follow_up/1", "suppressed by consent -> sent"),
        ]

    async def test_a_refusal_is_taken_over(self, house, what_if, outside):
        """What a provider said no to then is not taken for sent."""
        from textback.errors import DeliveryError

        async def refuse(text):
            raise DeliveryError("no such number", permanent=True, unreachable=True)

        outside.sending["carrier"] = refuse
        await house.missed()

        summary = (await what_if()).comparison.summary

        assert house.ends() == ["failed"]
        assert (summary.agreeing, summary.disagreeing) == (1, {})

    async def test_says_where_it_does_not_agree(self, house, what_if):
        """What today's file would not do any more is counted, with the rule."""
        await house.missed()
        house.write(settings='mode = "live"\nstaff_phones = ["+13035550123"]')

        summary = (await what_if()).comparison.summary

        assert summary.disagreeing == {"sent then, suppressed (suppressed) in the replay": 1}


class TestOtherFiles:
    """A changed file shows what it changes, and nothing else."""

    async def test_a_shorter_cool_down(self, house, what_if):
        """A caller who called again after it is texted again."""
        await house.missed(caller=ANNA)
        await house.missed(caller=BEN)
        await house.tell(house.booked(number=ANNA))
        await house.let_pass(HOUR * 3)
        await house.missed(caller=ANNA)
        await house.let_pass(HOUR)

        compared = await what_if(settings='mode = "live"\ncool_down = "2h"', more="")
        same = [each for each in compared.changes if not each[1].startswith("follow_up")]

        assert same == [(ANNA, "text/1", "suppressed by cool_down -> sent")]

    async def test_a_shorter_max_age(self, house, what_if):
        """A call that was told late is not texted any more."""
        await house.missed(caller=ANNA)
        await house.missed(caller=BEN, at=house.clock.now() - timedelta(minutes=10))

        compared = await what_if(settings='mode = "live"\nmax_age = "5m"')

        assert (BEN, "text/1", "sent -> suppressed by too_old") in compared.changes
        assert {caller for caller, _, _ in compared.changes} == {BEN}

    async def test_other_words(self, house, what_if):
        """Another [[text]] is another template, for the calls that it fits."""
        await house.missed(caller=ANNA)  # nine in the morning
        await house.let_pass(HOUR * 10)
        await house.missed(caller=BEN)

        compared = await what_if(more=FOLLOW_UPS + CLOSED + HOURS)

        assert compared.changes == [(BEN, "text/1", "other template")]
        assert compared.found[0].after.body == "We are closed. Reply STOP to opt out"

    async def test_another_follow_up(self, house, what_if):
        """Later, other and more follow-ups are seen step by step."""
        await house.missed()
        await house.let_pass(timedelta(days=5))

        compared = await what_if(more=FOLLOW_UPS.replace('"2h"', '"3h"').replace("Two", "2"))

        assert [(step, change) for _, step, change in compared.changes] == [
            ("follow_up/1", "other time"),
            ("follow_up/2", "other template"),
        ]

    async def test_a_reply_cancels_what_would_have_come_later(self, house, what_if):
        """Who wrote after the first follow-up gets none that is moved behind that."""
        await house.missed()
        await house.let_pass(HOUR * 3)
        await house.write_in("yes please")

        compared = await what_if(more=FOLLOW_UPS.replace('"2h"', '"4h"'))

        assert [(step, change) for _, step, change in compared.changes] == [
            ("follow_up/1", "sent -> cancelled")
        ]

    async def test_shadow(self, house, what_if):
        """A client that would only watch sends nothing."""
        await house.missed()
        await house.let_pass(HOUR * 3)

        compared = await what_if(settings='mode = "shadow"')

        assert [(step, change) for _, step, change in compared.changes] == [
            ("text/1", "sent -> shadowed"),
            ("follow_up/1", "sent -> shadowed"),
        ]

    async def test_a_plugin_that_judges(self, house, what_if):
        """It is asked about the past, and can hold and release."""

        @attrs.frozen(eq=False)
        class Night:
            settings: Settings
            services: object

            @hookimpl
            def judge(self, picture: Picture) -> Verdict | None:
                if picture.now < START + HOUR:
                    return Verdict(
                        rule="night", action=Action.HOLD, because="not yet", until=START + HOUR
                    )
                return None

        house.outside.others["night"] = Night
        await house.missed()
        await house.let_pass(HOUR)

        compared = await what_if(stack=STACK + "[plugins.night]\n")

        assert compared.changes[0] == (
            house.case()["number"],
            "text/1",
            "sent -> held by night, then sent",
        )


@attrs.frozen(kw_only=True)
class Settings:
    """None."""
