"""Plugins that block the loop, never end, or leave things behind: seen, named, bounded."""

from __future__ import annotations

import asyncio
from pathlib import Path

import attrs
import httpx
import pytest

from support import deployment as d
from support import twilio_api
from textback import dispatch
from textback.errors import NotSent

PLUGIN = """
import asyncio, time
import attrs
from textback.hookspecs import hookimpl


@attrs.frozen(kw_only=True)
class Settings:
    pass


@attrs.frozen(eq=False)
class Harmful:
    settings: Settings
    services: object

    api = 1

    @hookimpl
    async def identify_caller(self, call):
        time.sleep(1.5)

    @hookimpl
    async def notify_team(self, notice):
        await asyncio.Event().wait()

    @hookimpl
    def judge(self, picture):
        time.sleep(1.2)
"""


@pytest.mark.slow
async def test_what_blocks_the_loop_is_named(
    config: Path, http: httpx.AsyncClient, provider: twilio_api.TwilioApi
) -> None:
    """In a hook that should await, and in one that may not; the text goes, though late."""
    (config.parent / "plugins" / "harmful.py").write_text(PLUGIN)
    client = config.parent / "clients" / "bright.toml"
    client.write_text(
        client.read_text().replace("[plugins.noon]", "[plugins.noon]\n[plugins.harmful]")
    )
    serving = await d.Serving.start(config)

    await d.post(http, serving.address, "dial", d.missed("CA1", "+13035550123"))
    await d.until(lambda: bool(provider.taken))

    told = d.lines(serving, "the event loop is blocked")
    assert {"identify_caller", "judge"} <= {line["hook"] for line in told}
    assert all("harmful.py" in line["where"] for line in told if line["plugin"] == "harmful")
    over = {
        line["hook"]: line["seconds"] for line in d.lines(serving, "the event loop was blocked")
    }
    assert over["identify_caller"] >= 1
    metrics = (await http.get(f"{serving.address}/metrics")).text
    assert (
        'textback_loop_blocked_seconds_count{hook="identify_caller",plugin="harmful"} 1.0'
        in metrics
    )
    assert await serving.stop() == 0


async def test_a_plugin_that_ignores_its_end_is_asked_so_often_and_no_more() -> None:
    """Each leaves a task behind; then nothing is asked of it until some of them have ended."""
    free = asyncio.Event()

    async def stubborn() -> None:
        while not free.is_set():
            try:
                await free.wait()
            except asyncio.CancelledError:
                continue

    impl = dispatch.Impl(
        client="c",
        plugin="stubborn",
        hook="maintain",
        function=stubborn,
        argnames=(),
        timeout_s=0.001,
    )
    for _ in range(dispatch.MOST_LEFT_BEHIND):
        with pytest.raises(dispatch.TimedOut):
            await dispatch.call(impl)

    before = len(asyncio.all_tasks())
    with pytest.raises(NotSent, match="never ended"):
        await dispatch.call(impl)

    assert len(asyncio.all_tasks()) == before
    assert dispatch.left_behind()["c", "stubborn"] == dispatch.MOST_LEFT_BEHIND
    free.set()
    async with asyncio.timeout(10):
        while dispatch.left_behind():
            await asyncio.sleep(0)
    await dispatch.call(impl)


async def test_calls_that_obey_their_end_do_not_count_however_many_end_at_once() -> None:
    """A rush in which all lookups come too late keeps no text from being sent."""

    async def slow() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)  # as a client does that closes its connection

    async def send() -> str:
        return "sent"

    impl = dispatch.Impl(
        client="c",
        plugin="rushed",
        hook="identify_caller",
        function=slow,
        argnames=(),
        timeout_s=0.001,
    )
    tasks = [
        asyncio.ensure_future(dispatch.call(impl)) for _ in range(2 * dispatch.MOST_LEFT_BEHIND)
    ]
    sent: list[str] = []

    async def send_at_once(task: asyncio.Future[object]) -> None:
        with pytest.raises(dispatch.TimedOut):
            await task
        sent.append(await dispatch.call(attrs.evolve(impl, function=send, timeout_s=5)))

    await asyncio.gather(*map(send_at_once, tasks))

    assert sent == ["sent"] * len(tasks)
