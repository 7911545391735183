"""Calls that a simulated carrier plays over real HTTP, and what comes of each."""

import pytest

from textback.engine.crew.sources import list_calls
from textback.model import NoticeKind, TextState
from textback.testing.plays import ANONYMOUS, Play
from textback.testing.trouble import RETRY_AFTER_S, Trouble

MISSED = {
    Play.RINGS_OUT: "no_answer",
    Play.BUSY: "busy",
    Play.DECLINED: "declined",
    Play.GIVES_UP: "abandoned",
    Play.VOICEMAIL: "voicemail",
    Play.FAILED: "failed",
    Play.OUT_OF_HOURS: "out_of_hours",
    Play.GROUP_MISSED: "no_answer",
}
NOT_MISSED = (Play.ANSWERED, Play.GROUP_ANSWERED, Play.OUTGOING)


class TestOutcomes:
    @pytest.mark.parametrize("play", MISSED)
    async def test_missed_calls_are_texted(self, staged, play):
        """One text, one contact, one notice; the outcome is the one that was played."""
        async with staged() as played:
            await played.carrier.call(play, played.caller)
            await played.world.until(lambda: played.world.notices)
            case = await played.case(lambda row: row["end_state"] == "sent")

            assert case["outcome"] == MISSED[play]
            assert len(played.world.inbox(played.caller)) == 1
            assert played.world.contacts[played.caller].tags == ["missed-call"]
            assert [each.kind for each in played.world.notices] == [NoticeKind.MISSED_CALL]
            assert set(played.carrier.answers) == {204}

    @pytest.mark.parametrize("play", NOT_MISSED)
    async def test_others_are_not(self, staged, play):
        """Somebody spoke with the customer: no text, no case."""
        async with staged() as played:
            await played.carrier.call(play, played.caller)
            await played.settle()

            assert played.world.texts == []
            assert await played.cases() == []

    async def test_withheld_number(self, staged):
        """Nobody to text: the team is told, and no contact is made."""
        async with staged() as played:
            await played.carrier.call(Play.RINGS_OUT, ANONYMOUS)
            await played.world.until(lambda: played.world.notices)
            case = await played.case(lambda row: row["end_state"])

            assert case["end_state"] == "suppressed"
            assert played.world.texts == []
            assert played.world.contacts == {}


class TestWebhooks:
    async def test_repeated_webhooks_are_one_call(self, staged):
        """Each event five times: still one text."""
        async with staged() as played:
            played.carrier.webhooks.repeat = 5
            await played.carrier.call(Play.RINGS_OUT, played.caller)
            await played.world.until(lambda: played.world.notices)
            await played.settle()

            assert len(played.world.texts) == 1
            assert len(await played.cases()) == 1

    @pytest.mark.parametrize("play", NOT_MISSED)
    async def test_reversed_webhooks_of_an_answered_call(self, staged, play):
        """The end comes first, the answer within the settle time: nobody is texted."""
        async with staged() as played:
            played.carrier.webhooks.reverse = True
            await played.carrier.call(play, played.caller)
            await played.settle()

            assert played.world.texts == []

    async def test_wrong_secret(self, staged):
        """401, and nothing is stored."""
        async with staged() as played:
            await played.carrier.call(Play.RINGS_OUT, played.caller, tell=False)
            answers = await played.carrier.send(*played.carrier.told, secret="another")
            await played.settle()

            assert answers == [401]
            assert await played.cases() == []
            assert played.world.texts == []


class TestConversation:
    async def test_stop(self, staged):
        """STOP is answered once; the team's next text does not leave."""
        async with staged() as played:
            await played.carrier.call(Play.RINGS_OUT, played.caller)
            await played.world.until(lambda: played.world.texts)
            await played.carrier.reply(played.caller, "Stop.")
            await played.case(lambda row: row["closed_because"] == "the caller opted out")
            await played.world.until(lambda: len(played.world.texts) == 2)
            await played.carrier.call(Play.RINGS_OUT, played.caller)
            case = await played.case(lambda row: row["end_state"] == "suppressed")

            assert "opted out" in case["because"]
            assert len(played.world.texts) == 2
            assert "opted out" in played.world.inbox(played.caller)[1]

    async def test_opting_out_at_the_carrier(self, staged):
        """No text tells of it, and it counts all the same."""
        async with staged() as played:
            await played.carrier.call(Play.RINGS_OUT, played.caller)
            await played.world.until(lambda: played.world.texts)
            await played.carrier.opt_out(played.caller)

            await played.case(lambda row: row["closed_because"] == "the caller opted out")

    async def test_calls_whose_webhooks_never_came(self, staged):
        """Asked for its calls, the carrier tells of the one that was missed."""
        async with staged() as played:
            await played.carrier.call(Play.BUSY, played.caller, tell=False)
            ctx, engine = played.runtime.ctx, played.runtime.engine
            stack = await ctx.stack("example")
            (impl,) = stack.impls("list_calls")
            count = await list_calls(ctx, engine, ctx.clients["example"], impl, ctx.now())
            await played.world.until(lambda: played.world.texts)

            assert count == len(played.carrier.told)


class TestTrouble:
    async def test_broken_connection_after_taking(self, staged):
        """Taken and never confirmed: unknown, not sent again, settled by the status."""
        async with staged() as played:
            played.carrier.fail("texts", Trouble.BREAK_AFTER)
            await played.carrier.call(Play.RINGS_OUT, played.caller)
            case = await played.case(lambda row: row["end_state"])
            assert case["end_state"] == "unknown"

            (text,) = played.world.texts
            await played.carrier.status(text, TextState.DELIVERED)

            await played.case(lambda row: row["end_state"] == "sent")
            assert len(played.world.texts) == 1

    @pytest.mark.parametrize(
        ("trouble", "posts"), [(Trouble.BREAK_AFTER, 1), (Trouble.BREAK_BEFORE, 2)]
    )
    async def test_broken_connection_is_looked_up(self, staged, clock, trouble, posts):
        """Found by our id: settled. Surely absent: sent again, and only then."""
        async with staged(clock) as played:
            played.carrier.fail("texts", trouble)
            await played.carrier.call(Play.RINGS_OUT, played.caller)
            await played.let_pass(seconds=1)
            await played.case(lambda row: row["end_state"] == "unknown")

            await played.let_pass(minutes=1)

            await played.case(lambda row: row["end_state"] == "sent")
            assert len(played.world.texts) == 1
            assert played.carrier.requests["POST /texts"] == posts

    async def test_no_answer_at_all(self, staged):
        """The time-out of the plugin's settings ends the wait; the text is unknown."""
        async with staged(timeout_s=0.3) as played:
            played.carrier.fail("texts", Trouble.NOTHING)
            await played.carrier.call(Play.RINGS_OUT, played.caller)

            await played.case(lambda row: row["end_state"] == "unknown")
            assert played.world.texts == []

    async def test_too_many(self, staged, clock):
        """429: the text waits as long as the carrier asks, and goes once."""
        async with staged(clock) as played:
            played.carrier.fail("texts", Trouble.TOO_MANY)
            await played.carrier.call(Play.RINGS_OUT, played.caller)
            await played.let_pass(seconds=RETRY_AFTER_S)
            assert played.world.texts == []

            await played.let_pass(minutes=1)

            assert len(played.world.texts) == 1
            assert played.carrier.requests["POST /texts"] == 2

    async def test_crm_down(self, staged, clock):
        """Text and notice go out; the lead is tried again."""
        async with staged(clock) as played:
            played.carrier.fail("contacts", *[Trouble.BROKEN] * 2)  # who calls, and the lead
            await played.carrier.call(Play.RINGS_OUT, played.caller)
            await played.let_pass(seconds=0.4)  # nothing is tried again before half a second

            assert len(played.world.notices) == 1
            assert len(played.world.texts) == 1
            assert played.world.contacts == {}
            await played.let_pass(minutes=10)
            assert played.caller in played.world.contacts
