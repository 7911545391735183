"""What runs in the background goes on, whatever fails beside it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from typing import Any

import attrs
import pytest
from structlog.testing import capture_logs

from support.deployment import until
from support.house import CLIENT, STACK, House
from support.outside import Plugin
from textback.engine.crew import duty, sources
from textback.engine.port import Alone
from textback.hookspecs import hookimpl
from textback.model import Committed
from textback.store import Work, ledger

AMISS, AMISS_LINE = "amiss", "+13035550101"  # before the other one, in the order of files
WITHIN_S = 30.0  # only ends a test that fails


@attrs.frozen(eq=False)
class Amiss(Plugin):
    """A source that can't be made for a while: so often as a test says."""

    fails = 1_000_000

    def __attrs_post_init__(self) -> None:
        if type(self).fails > 0:
            type(self).fails -= 1
            raise RuntimeError("no key file")

    @hookimpl
    async def listen(self, emit: Any) -> None:
        type(self).listening.set()  # type: ignore[attr-defined]
        await asyncio.Event().wait()

    @hookimpl
    async def observe(self, event: Committed) -> None:
        pass


class Listens(Plugin):
    """A source that holds a connection."""

    @hookimpl
    async def listen(self, emit: Any) -> None:
        type(self).listening.set()  # type: ignore[attr-defined]
        await asyncio.Event().wait()


class Waking(Alone):
    """Tells a test what the timers wake; its upkeep fails."""

    def __init__(self) -> None:
        self.woken: asyncio.Queue[tuple[str, str]] = asyncio.Queue()
        self.asked = asyncio.Event()

    def wake(self, woken: Iterable[tuple[str, str]], *, again: bool = False) -> Work[None]:
        for each in woken:
            self.woken.put_nowait(each)
        yield from ()

    async def upkeep(self) -> None:
        self.asked.set()
        raise RuntimeError("no such table")


@pytest.fixture
async def two(closed: House) -> House:
    """Two clients; one has a plugin that can't be made."""
    for name, kind in {"amiss": Amiss, "listens": Listens}.items():
        fresh = {"listening": asyncio.Event()}
        closed.outside.others[name] = type(kind.__name__, (kind,), fresh)
    closed.write(stack=f"{STACK}\n[plugins.listens]\n")
    closed.write(client=AMISS, line=AMISS_LINE, stack="[plugins.amiss]\n", more="")
    await closed.open()
    return closed


def listening(house: House, plugin: str) -> asyncio.Event:
    """That a plugin holds its connection."""
    event: asyncio.Event = house.outside.others[plugin].listening  # type: ignore[attr-defined]
    return event


async def test_a_plugin_that_cant_be_made_ends_nothing_of_the_duty(two: House) -> None:
    """Nor does an upkeep that fails: timers are kept, and other clients' sources run."""
    ctx, engine, queue = two.runtime.ctx, two.runtime.engine, Waking()
    await two.missed()
    two.clock.advance(timedelta(hours=3))  # a follow-up is due
    row = partial(ledger.write, AMISS, "noted", "client", None, {}, ctx.now())
    await ctx.store.write(row)  # that its observer can't be told of
    ctx.queue = queue
    with capture_logs() as logs:
        work = asyncio.ensure_future(duty.serve(ctx, engine, lambda: True))
        async with asyncio.timeout(WITHIN_S):
            await queue.asked.wait()
            await listening(two, "listens").wait()
            client, _ = await queue.woken.get()
        await until(lambda: any(log["event"] == "observers can't be asked" for log in logs))

    assert client == CLIENT
    assert not work.done()
    (told,) = (log for log in logs if "sources" in log["event"])
    assert told["client"] == AMISS
    assert "can't be made" in told["error"]
    work.cancel()
    await asyncio.gather(work, return_exceptions=True)


async def test_it_is_tried_again_until_it_can_be_made(
    two: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Alone on a file, too."""
    monkeypatch.setattr(sources, "FIRST_WAIT_S", 0)
    monkeypatch.setattr(two.outside.others["amiss"], "fails", 3)
    await two.runtime.start()
    async with asyncio.timeout(WITHIN_S):
        await listening(two, "listens").wait()
        await listening(two, "amiss").wait()


async def test_what_fails_in_the_background_is_told(house: House) -> None:
    """Even if nobody begins it again."""

    async def fails() -> None:
        raise RuntimeError("wrong")

    with capture_logs() as logs:
        task = house.runtime.engine.background(fails())
        await asyncio.wait([task])
        await asyncio.sleep(0)  # whoever waits for it is told in the same turn

    (told,) = (log for log in logs if log["log_level"] == "warning")
    assert isinstance(told["exc_info"], RuntimeError)
