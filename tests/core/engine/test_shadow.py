"""A client in shadow mode: everything happens but the texts, and what they would be is shown."""

from __future__ import annotations

from datetime import timedelta

from support.house import House

SHADOW = 'mode = "shadow"'


async def watching(house: House) -> None:
    """A client that only watches."""
    house.write(settings=SHADOW)
    await house.open()


class TestShadow:
    """What would have been sent is kept, and nothing is sent."""

    async def test_first_text_and_follow_ups(self, closed):
        """Each is kept with its words, at the time at which it would have gone."""
        await watching(closed)
        start = closed.clock.now()
        await closed.missed()
        await closed.let_pass(timedelta(days=5))

        assert closed.sent == []
        assert closed.ends() == ["shadowed"]
        kept = [(text["step"], text["state"], text["body"]) for text in closed.texts()]
        assert [step for step, _, _ in kept] == [
            "text/1",
            "follow_up/1",
            "follow_up/2",
            "follow_up/3",
        ]
        assert {state for _, state, _ in kept} == {"queued"}
        assert kept[1][2] == "One: still need us?"
        first, one = closed.texts()[:2]
        assert one["at"] - first["at"] >= timedelta(hours=2) // timedelta(microseconds=1)
        assert start == closed.clock.now() - timedelta(days=5)

    async def test_one_that_was_held(self, closed):
        """A first text that waited is kept when it would have gone, and has its follow-ups."""
        await watching(closed)
        await closed.pause()
        await closed.missed()
        assert closed.texts() == []

        await closed.resume()
        await closed.let_pass(timedelta(hours=3))

        assert closed.ends() == ["shadowed"]
        assert [text["step"] for text in closed.texts()] == ["text/1", "follow_up/1"]
        assert closed.sent == []

    async def test_a_reply_ends_it(self, closed):
        """Who writes by themselves would have got no follow-up."""
        await watching(closed)
        await closed.missed()
        await closed.write_in("are you there?")
        await closed.let_pass(timedelta(days=5))

        assert [text["step"] for text in closed.texts()] == ["text/1"]

    async def test_an_answer_to_stop(self, closed):
        """The confirmation of an opt-out would have gone, and doesn't."""
        await watching(closed)
        await closed.missed()
        await closed.write_in("STOP")

        assert {text["kind"] for text in closed.texts()} == {"first", "confirmation"}
        assert closed.sent == []

    async def test_the_cool_down_counts_them(self, closed):
        """A caller who would have been texted would not be texted again."""
        await watching(closed)
        await closed.missed()
        await closed.tell(closed.booked())
        await closed.let_pass(timedelta(hours=3))
        await closed.missed()

        assert closed.ends() == ["shadowed", "suppressed"]
