"""Await hooks: one, the first that answers, or everyone; and ask the judges.

A plugin's trouble stays its own: each call has a time-out, what a plugin raises is logged and
counted under its name, and one that ignores its cancellation is left behind, up to a number.
Trying senders in order until one takes a text is not here but in the flow, which commits an intent
before each.
"""

from __future__ import annotations

import asyncio
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from time import perf_counter
from typing import Any, Final, NamedTuple
from weakref import WeakKeyDictionary

import attrs
import structlog

from textback.errors import (
    MaybeSent,
    NotAsked,
    NotSent,
    ProviderError,
    TextbackError,
    UnreadableWebhook,
    WebhookRejected,
)
from textback.picture import Action, Picture, Verdict
from textback.services import Log

HOLD_AFTER_ERROR: Final = timedelta(minutes=5)
MOST_LEFT_BEHIND: Final = 20  # calls of one plugin of one client that ignore their end
TURNS_TO_END: Final = 10  # of the event loop, for a call that was cut off and obeys


class Called(NamedTuple):
    """One call of a hook that is over; made for each, so it is a tuple.

    Attributes:
        result: ``ok``, ``not_sent``, ``maybe_sent``, ``refused``, ``rejected`` (a webhook),
            ``timeout`` or ``error``.
        given: The arguments, by their names.
        answer: What the plugin answered, or the error that it raised.
    """

    client: str
    plugin: str
    hook: str
    result: str
    seconds: float
    given: Mapping[str, Any]
    answer: Any


OnCall = Callable[[Called], None]
"""Told of every call of a hook."""

_log: Log = structlog.get_logger("textback")
_END = object()
_left_behind: dict[asyncio.Task[Any], Impl] = {}  # the event loop itself holds tasks weakly
_counts: Counter[tuple[str, str]] = Counter()  # of those, by client and plugin
_hooks: WeakKeyDictionary[asyncio.Task[Any], Impl] = WeakKeyDictionary()
_judging: Impl | None = None


class TimedOut(MaybeSent):
    """A hook gave no answer in time: whatever it had asked for may have been done."""


@attrs.frozen(kw_only=True, eq=False)
class Impl:
    """One plugin's implementation of one hook.

    Attributes:
        plugin: The name of its table in the client's file.
        argnames: Those of the hook's arguments that it takes, in its own order.
        timeout_s: Seconds that one call may take; None for a hook that holds a connection.
    """

    client: str
    plugin: str
    hook: str
    function: Callable[..., Any]
    argnames: tuple[str, ...]
    timeout_s: float | None
    on_call: OnCall | None = None


@attrs.frozen(kw_only=True)
class Answer:
    """What one plugin answered, or why it didn't."""

    plugin: str
    value: Any = None
    error: Exception | None = None

    @property
    def late(self) -> bool:
        """Whether it was asked and did not answer in time."""
        return isinstance(self.error, TimedOut)


async def call(impl: Impl, /, **kwargs: Any) -> Any:
    """Call one hook of one plugin, with the arguments that it takes.

    Raises:
        TimedOut: It took too long; as a `MaybeSent` it says that a text may have left.
        Exception: Whatever the plugin raises, as it is.
    """
    return await _timed(impl, _begin(impl, kwargs), impl.timeout_s, kwargs)


async def each(impl: Impl, /, **kwargs: Any) -> AsyncIterator[Any]:
    """What a hook that is an async generator yields; the time-out is for each item.

    Raises:
        TimedOut: The next item took too long.
        Exception: Whatever the plugin raises, as it is.
    """
    items = _begin(impl, kwargs)
    try:
        while (item := await _timed(impl, _next(items), impl.timeout_s, kwargs)) is not _END:
            yield item
    finally:
        with suppress(Exception):  # one that was left behind still runs and can't be closed
            await _bounded(impl, items.aclose(), impl.timeout_s)


async def first(impls: Sequence[Impl], /, **kwargs: Any) -> Any:
    """The first answer that isn't None, asking in order; None if nobody has one.

    The next plugin is asked only when the one before has none, be it by an error.
    """
    for impl in impls:
        try:
            answer = await call(impl, **kwargs)
        except Exception as error:  # noqa: BLE001 (a plugin's trouble is its own)
            _tell(impl, error)
        else:
            if answer is not None:
                return answer
    return None


async def everyone(
    impls: Sequence[Impl], /, *, within_s: float | None = None, **kwargs: Any
) -> list[Answer]:
    """Everyone's answer, asked at the same time, in the order of *impls*.

    Args:
        impls: Whom to ask.
        within_s: Seconds for all together; who is late is cancelled, and the answer says so.
        **kwargs: The hook's arguments.
    """
    asked = [_answer(impl, kwargs, within_s) for impl in impls]
    if len(asked) == 1:
        return [await asked[0]]
    return list(await asyncio.gather(*asked))


def judge(impls: Sequence[Impl], picture: Picture) -> list[Verdict]:
    """The verdicts of plugins on one text.

    A plugin that fails holds the text for five minutes: to send could break the very rule that it
    is there for, to suppress would lose the caller, and a held text is visible.
    """
    global _judging  # noqa: PLW0603 (there is one event loop, and a judge doesn't await)
    verdicts = []
    for impl in impls:
        began = perf_counter()
        _judging = impl
        try:
            verdict = impl.function(*[picture] if impl.argnames else [])
            if not isinstance(verdict, Verdict | None):
                raise TypeError(f"judge gave a {type(verdict).__name__}, not a Verdict or None")
        except Exception as error:  # noqa: BLE001 (a plugin's trouble is its own)
            _told(impl, "error", began, {"picture": picture}, error)
            verdict = _hold(impl, picture, error)
        else:
            _told(impl, "ok", began, {"picture": picture}, verdict)
        finally:
            _judging = None
        if verdict is not None:
            verdicts.append(verdict)
    return verdicts


def running(loop: asyncio.AbstractEventLoop) -> Impl | None:
    """Whose hook an event loop runs at this moment, if any; may be asked from another thread."""
    task = asyncio.current_task(loop)
    return _judging or (_hooks.get(task) if task is not None else None)


def left_behind() -> Mapping[tuple[str, str], int]:
    """How many calls went on after their end, by client and plugin."""
    return dict(_counts)


def describe(error: BaseException) -> str:
    """An error for a log: its kind and where it came from.

    The message is shown only if it is one of ours: any other may quote a body or a secret.
    """
    if isinstance(error, TextbackError):
        return f"{type(error).__name__}: {error}"
    frames = traceback.extract_tb(error.__traceback__)
    place = f" at {frames[-1].filename}:{frames[-1].lineno}" if frames else ""
    return f"{type(error).__name__}{place}"


def _begin(impl: Impl, kwargs: dict[str, Any]) -> Any:
    return impl.function(*[kwargs[name] for name in impl.argnames])


async def _answer(impl: Impl, kwargs: dict[str, Any], within_s: float | None) -> Answer:
    limits = [limit for limit in (within_s, impl.timeout_s) if limit is not None]
    try:
        value = await _timed(impl, _begin(impl, kwargs), min(limits, default=None), kwargs)
    except Exception as error:  # noqa: BLE001 (a plugin's trouble is its own)
        _tell(impl, error)
        return Answer(plugin=impl.plugin, error=error)
    return Answer(plugin=impl.plugin, value=value)


async def _timed(
    impl: Impl, work: Coroutine[Any, Any, Any], limit_s: float | None, given: Mapping[str, Any]
) -> Any:
    """Await a plugin's coroutine, and tell how it went and how long it took."""
    began = perf_counter()
    result, answer = "error", None
    try:
        answer = await _bounded(impl, work, limit_s)
        result = "ok"
        return answer
    except (ProviderError, WebhookRejected, UnreadableWebhook) as error:
        result, answer = _result(error), error
        raise
    except Exception as error:
        answer = error
        raise
    finally:
        _told(impl, result, began, given, None if answer is _END else answer)


async def _bounded(impl: Impl, work: Coroutine[Any, Any, Any], limit_s: float | None) -> Any:
    """Await a plugin's coroutine in a task of its own, which can be left behind."""
    stubborn = True
    try:
        stubborn = bool(_counts) and await _is_stubborn(impl)
    finally:  # also if we are cancelled
        if stubborn:
            work.close()
    if stubborn:
        raise NotAsked(
            f"{impl.plugin} was not asked: {MOST_LEFT_BEHIND} calls of its hooks never ended"
        )
    task = asyncio.create_task(work)
    _hooks[task] = impl
    try:
        await asyncio.wait((task,), timeout=limit_s)
    finally:  # also if we are cancelled
        if not task.done():
            _left_behind[task] = impl
            _counts[impl.client, impl.plugin] += 1
            task.add_done_callback(_forget)
            task.cancel()
    if not task.done():
        raise TimedOut(f"{impl.plugin} gave no answer to {impl.hook} within {limit_s:g} s")
    if task.cancelled():  # by the plugin itself: nobody has cancelled us
        raise MaybeSent(f"{impl.plugin} cancelled its own {impl.hook}")
    return task.result()


async def _is_stubborn(impl: Impl) -> bool:
    """Whether too many calls of a plugin's hooks ignore their end.

    Many may have been cut off at once, in a rush; those that obey are over after a few turns.
    """
    for _ in range(TURNS_TO_END):
        if _counts[impl.client, impl.plugin] < MOST_LEFT_BEHIND:
            return False
        await asyncio.sleep(0)
    return _counts[impl.client, impl.plugin] >= MOST_LEFT_BEHIND


async def _next(items: Any) -> Any:
    return await anext(items, _END)


def _forget(task: asyncio.Task[Any]) -> None:
    impl = _left_behind.pop(task)
    _counts[impl.client, impl.plugin] -= 1
    if not _counts[impl.client, impl.plugin]:
        del _counts[impl.client, impl.plugin]
    if not task.cancelled():
        task.exception()  # asked for, so that asyncio doesn't complain that nobody did


def _result(error: TextbackError) -> str:
    match error:
        case WebhookRejected() | UnreadableWebhook():
            return "rejected"
        case TimedOut():
            return "timeout"
        case NotSent():
            return "not_sent"
        case MaybeSent():
            return "maybe_sent"
    return "refused"


def _told(impl: Impl, result: str, began: float, given: Mapping[str, Any], answer: Any) -> None:
    if impl.on_call is not None:
        seconds = perf_counter() - began
        impl.on_call(Called(impl.client, impl.plugin, impl.hook, result, seconds, given, answer))


def _tell(impl: Impl, error: Exception) -> None:
    _log.warning(
        "a plugin failed",
        client=impl.client,
        plugin=impl.plugin,
        hook=impl.hook,
        error=describe(error),
    )


def _hold(impl: Impl, picture: Picture, error: Exception) -> Verdict:
    _tell(impl, error)
    return Verdict(
        rule=impl.plugin,
        action=Action.HOLD,
        because=f"the plugin {impl.plugin} failed to judge this text ({type(error).__name__}); "
        "it is asked again in 5 minutes",
        until=picture.now + HOLD_AFTER_ERROR,
    )
