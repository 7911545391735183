"""Hooks awaited: in order, all at once, in time, and each plugin's trouble its own."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from structlog.testing import capture_logs

from textback import dispatch
from textback.errors import MaybeSent, NotSent, Refused, WebhookRejected
from textback.model import Case, Kind, PhoneNumber
from textback.picture import Action, Picture, Policy, Verdict

NOW = datetime(2025, 3, 10, 12, 0, tzinfo=UTC)


def an_impl(function, *argnames, plugin="one", hook="send_text", timeout_s=1.0, on_call=None):
    return dispatch.Impl(
        client="bakery",
        plugin=plugin,
        hook=hook,
        function=function,
        argnames=argnames,
        timeout_s=timeout_s,
        on_call=on_call,
    )


def answering(value, *, plugin="one", log=None):
    """A hook that gives a value, or raises it, after the others have had their turn."""

    async def hook():
        if log is not None:
            log.append(plugin)
        await asyncio.sleep(0)
        if isinstance(value, Exception):
            raise value
        return value

    return an_impl(hook, plugin=plugin)


def hanging(plugin="slow", **kwargs):
    return an_impl(asyncio.Event().wait, plugin=plugin, **kwargs)


class TestCall:
    async def test_passes_what_the_plugin_takes(self):
        """A plugin may leave out arguments, and take the others in any order."""

        async def hook(key, lead):
            return key, lead

        impl = an_impl(hook, "key", "lead")
        assert await dispatch.call(impl, ref=1, lead=2, key=3) == (3, 2)

    @pytest.mark.parametrize("error", [KeyError("x"), NotSent("x"), TimeoutError()])
    async def test_raises_what_the_plugin_raises(self, error):
        """The very object: nothing is wrapped."""
        with pytest.raises(type(error)) as caught:
            await dispatch.call(answering(error))
        assert caught.value is error

    async def test_time_out_may_have_sent(self):
        """Nobody knows what a hook has done that was cut off."""
        with pytest.raises(MaybeSent, match=r"slow gave no answer to send_text within 0\.01 s"):
            await dispatch.call(hanging(timeout_s=0.01))

    async def test_hook_that_ignores_cancellation_is_left_behind(self):
        """It can't hold its caller, and it is heard of no more when it ends."""
        release = asyncio.Event()

        async def stubborn():
            while not release.is_set():
                try:
                    await release.wait()
                except asyncio.CancelledError:
                    continue
            raise RuntimeError("after all")

        with pytest.raises(dispatch.TimedOut):
            await dispatch.call(an_impl(stubborn, timeout_s=0.01))
        assert len(dispatch._left_behind) == 1
        (task,) = dispatch._left_behind
        release.set()
        await asyncio.wait([task])
        await asyncio.sleep(0)
        assert not dispatch._left_behind

    async def test_hook_that_cancels_itself_does_not_cancel_the_caller(self):
        """To the caller it is one more way not to get an answer."""

        async def hook():
            raise asyncio.CancelledError

        with pytest.raises(MaybeSent, match="cancelled its own send_text"):
            await dispatch.call(an_impl(hook))

    async def test_cancelling_the_caller_cancels_the_hook(self):
        """Nothing goes on in the name of who has gone."""
        seen = asyncio.Event()
        began = asyncio.Event()

        async def hook():
            began.set()
            try:
                await asyncio.Event().wait()
            finally:
                seen.set()

        caller = asyncio.create_task(dispatch.call(an_impl(hook)))
        await began.wait()
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        await asyncio.wait_for(seen.wait(), 1)

    @pytest.mark.parametrize(
        ("value", "result"),
        [
            (None, "ok"),
            (NotSent("x"), "not_sent"),
            (MaybeSent("x"), "maybe_sent"),
            (Refused("x", permanent=True), "refused"),
            (WebhookRejected("x"), "rejected"),
            (KeyError("x"), "error"),
        ],
    )
    async def test_is_told_to_who_counts(self, value, result):
        """Plugin, hook, how it went, how long it took, what it was given, and its answer."""
        told = []
        hook = answering(value).function
        impl = an_impl(hook, on_call=told.append)
        await dispatch.everyone([impl], text=1)
        (called,) = told
        assert (called.plugin, called.hook, called.result) == ("one", "send_text", result)
        assert 0 <= called.seconds < 1
        assert called.given == {"text": 1}
        assert called.answer is value

    async def test_time_out_is_counted_as_one(self):
        """Apart from a provider's silence, which the plugin reports."""
        told = []
        impl = hanging(timeout_s=0.01, on_call=told.append)
        await dispatch.everyone([impl])
        assert [called.result for called in told] == ["timeout"]


class TestEach:
    async def test_gives_what_is_yielded(self):
        """In order, to the end."""

        async def hook(since):
            for number in range(3):
                yield since + number

        impl = an_impl(hook, "since", hook="list_calls")
        assert [item async for item in dispatch.each(impl, since=10)] == [10, 11, 12]

    async def test_time_out_is_for_each_item(self):
        """What came before is kept; the generator is closed."""
        closed = []

        async def hook():
            try:
                yield 1
                await asyncio.Event().wait()
            finally:
                closed.append(True)

        items = dispatch.each(an_impl(hook, timeout_s=0.01))
        assert await anext(items) == 1
        with pytest.raises(dispatch.TimedOut):
            await anext(items)
        await asyncio.sleep(0)
        assert closed == [True]

    async def test_raises_what_the_plugin_raises(self):
        """As `call` does."""

        async def hook():
            yield 1
            raise NotSent("gone")

        with pytest.raises(NotSent, match="gone"):
            [item async for item in dispatch.each(an_impl(hook))]


class TestFirst:
    async def test_asks_in_order_until_one_answers(self):
        """A plugin's coroutine does not even start before its turn."""
        log = []
        values = [("a", None), ("b", ValueError("hidden")), ("c", 0), ("d", 1)]
        impls = [answering(value, plugin=name, log=log) for name, value in values]
        with capture_logs() as logs:
            assert await dispatch.first(impls) == 0
        assert log == ["a", "b", "c"]
        (entry,) = logs
        assert (entry["client"], entry["plugin"], entry["hook"]) == ("bakery", "b", "send_text")
        assert "test_dispatch.py" in entry["error"]
        assert "hidden" not in str(entry)

    async def test_is_none_if_nobody_answers(self):
        """Also if there is nobody."""
        assert await dispatch.first([answering(None)]) is None
        assert await dispatch.first([]) is None

    async def test_goes_on_after_a_time_out(self):
        """A slow plugin costs its own time, not the answer."""
        assert await dispatch.first([hanging(timeout_s=0.01), answering("late")]) == "late"


class TestEveryone:
    async def test_asks_all_at_once(self):
        """Each can only answer once all have been asked."""
        barrier = asyncio.Barrier(3)

        def meeting(name):
            async def hook():
                await barrier.wait()
                return name

            return an_impl(hook, plugin=name)

        answers = await dispatch.everyone([meeting(name) for name in "abc"])
        assert [(each.plugin, each.value) for each in answers] == [(n, n) for n in "abc"]

    async def test_errors_are_answers(self):
        """One plugin's trouble is its own."""
        trouble = KeyError("x")
        answers = await dispatch.everyone([answering(trouble, plugin="a"), answering(2)])
        assert [(each.value, each.error, each.late) for each in answers] == [
            (None, trouble, False),
            (2, None, False),
        ]

    @pytest.mark.parametrize("others", [0, 1])
    async def test_who_is_late_is_left_out(self, others):
        """The limit is for all together, and below the hook's own time-out."""
        impls = [hanging(timeout_s=60), *[answering("there")] * others]
        answers = await dispatch.everyone(impls, within_s=0.02)
        assert [each.late for each in answers] == [True, *[False] * others]

    async def test_nobody(self):
        """No question, no answer."""
        assert await dispatch.everyone([]) == []


class TestJudge:
    picture = Picture(
        now=NOW,
        kind=Kind.FIRST,
        step="text/1",
        policy=Policy(
            client="bakery",
            name="Bakery",
            mode="live",
            lines=frozenset(),
            test_phones=frozenset(),
            staff_phones=frozenset(),
            cool_down_s=0,
            max_age_s=900,
        ),
        case=Case(id="c1", client="bakery", number=None, line=None, opened_at=NOW),
        to=PhoneNumber("+13035550123"),
    )

    def test_keeps_every_verdict(self):
        """In order; None has no opinion."""
        no = Verdict(rule="b", action=Action.SUPPRESS, because="of its day off")
        impls = [
            an_impl(lambda picture: None, "picture"),
            an_impl(lambda picture: no, "picture"),
        ]
        assert dispatch.judge(impls, self.picture) == [no]

    @pytest.mark.parametrize("wrong", [lambda picture: 1 / 0, lambda picture: "no"])
    def test_plugin_that_fails_holds_the_text(self, wrong):
        """To send could break its rule, to suppress would lose the caller."""
        told = []
        impl = an_impl(wrong, "picture", on_call=told.append)
        (verdict,) = dispatch.judge([impl], self.picture)
        assert (verdict.rule, verdict.action) == ("one", Action.HOLD)
        assert verdict.until == NOW + timedelta(minutes=5)
        assert "the plugin one failed to judge this text" in verdict.because
        assert [called.result for called in told] == ["error"]
