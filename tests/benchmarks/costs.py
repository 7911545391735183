"""Where the time of a call goes: by hook, function and statement; one process, no HTTP."""

from __future__ import annotations

import asyncio
import collections
import cProfile
import pstats
import time
from pathlib import Path
from typing import Any

import uvloop
from common import deploy
from rich.table import Table

from textback import dispatch, plugins
from textback.config import load
from textback.engine.starting.check import complete
from textback.engine.starting.runtime import Runtime, open_runtime
from textback.events import CallEvent, Confidence, Happened
from textback.log import set_up
from textback.model import Outcome
from textback.store import sqlite

CALLS, AT_ONCE, MOST = 600, 50, 40

PLUGIN = """
import attrs
from textback.events import Reading
from textback.hookspecs import hookimpl
from textback.model import Caller, CrmRef, Receipt

@attrs.frozen(kw_only=True)
class Settings:
    base_url: str

@attrs.frozen(eq=False)
class StandIn:
    settings: Settings
    services: object

    @hookimpl
    async def read_webhook(self, request):
        return Reading(events=())

    @hookimpl
    async def identify_caller(self, call):
        return Caller(name="Anna Example", first_name="Anna", known=True)

    @hookimpl
    async def send_text(self, text):
        return Receipt("S" + text.id)

    @hookimpl
    async def save_contact(self, lead, key):
        return CrmRef("1")

    @hookimpl
    async def notify_team(self, notice):
        pass
"""


def tables(root: Path) -> list[Table]:
    """A plain run, one that counts, one that is watched."""
    return uvloop.run(_tables(root))


async def _tables(root: Path) -> list[Table]:
    hooks: collections.Counter[str] = collections.Counter()

    def on_call(called: dispatch.Called) -> None:
        hooks[called.hook] += int(called.seconds * 1e9)

    root.mkdir(parents=True)
    config = deploy(root / "deployment", "http://127.0.0.1:1")
    (root / "deployment" / "plugins" / "stand_in.py").write_text(PLUGIN)
    read = load(config)
    read = complete(read, plugins.find(read.deployment.directory))
    set_up(read.deployment.log)
    async with open_runtime(read, trace=on_call) as runtime:
        await runtime.engine.take_over()
        await runtime.start()
        await _calls(runtime, 0, 100)
        hooks.clear()
        began = time.process_time()
        await _calls(runtime, 10_000, CALLS)
        cpu_us = (time.process_time() - began) / CALLS * 1e6
        by_hook = Table(title=f"one call: {cpu_us:.0f} us of CPU; by hook, with what it awaits")
        by_hook.add_column("hook")
        by_hook.add_column("us a call", justify="right")
        for hook, nanoseconds in hooks.most_common():
            by_hook.add_row(hook, f"{nanoseconds / CALLS / 1000:.0f}")
        counted = await _counted(runtime)
        profile = cProfile.Profile(time.process_time)  # what runs beside it does not count
        profile.enable()
        await _calls(runtime, 30_000, CALLS)
        profile.disable()
    return [by_hook, counted, _by_function(profile)]


async def _counted(runtime: Runtime) -> Table:
    counts: collections.Counter[str] = collections.Counter()
    plain = sqlite.run

    def counting(connection: Any, work: Any) -> Any:
        class Counting:
            def execute(self, sql: str, values: Any) -> Any:
                counts[sql] += 1
                return connection.execute(sql, values)

        return plain(Counting(), work)  # type: ignore[arg-type]

    sqlite.run = counting
    try:
        await _calls(runtime, 20_000, CALLS)
    finally:
        sqlite.run = plain
    made = Table(title=f"statements: {sum(counts.values()) / CALLS:.1f} a call")
    made.add_column("a call", justify="right")
    made.add_column("statement")
    for sql, number in counts.most_common(MOST):
        made.add_row(f"{number / CALLS:.2f}", sql[:80])
    return made


def _by_function(profile: cProfile.Profile) -> Table:
    stats: Any = pstats.Stats(profile)
    made = Table(title="by function (watching makes all of it slower)")
    for column in ("times", "us a call, own", "with what it calls", "function"):
        made.add_column(column, justify="right" if column != "function" else "left")
    rows = sorted(stats.stats.items(), key=lambda item: -item[1][2])[:MOST]
    for (file, line, name), (_, times, own, whole, _) in rows:
        place = f"{'/'.join(Path(file).parts[-2:])}:{line} {name}" if line else name
        made.add_row(
            f"{times / CALLS:.1f}", f"{own / CALLS * 1e6:.1f}", f"{whole / CALLS * 1e6:.1f}", place
        )
    return made


async def _calls(runtime: Runtime, first: int, number: int) -> None:
    at_once = asyncio.Semaphore(AT_ONCE)

    async def one(each: int) -> None:
        now = runtime.ctx.clock.now()
        event = CallEvent(
            key=f"E{each}",
            call=f"C{each}",
            happened=Happened.CONCLUDED,
            outcome=Outcome.NO_ANSWER,
            confidence=Confidence.CERTAIN,
            at=now,
            caller=f"+1303{2_000_000 + each}",
            line="+13035550100",
            evidence="DialCallStatus=no-answer",
        )
        async with at_once:
            await runtime.engine.accept("c0", "stand_in", [event], now)

    await asyncio.gather(*(one(each) for each in range(first, first + number)))
    await runtime.engine.run_due()
