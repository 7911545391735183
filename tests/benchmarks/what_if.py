"""What it costs to play a long past: ``python tests/benchmarks/what_if.py --calls 100000``.

A past of so many missed calls (`support.history`) is written into a folder of its own, and
``textback what-if`` plays it twice as a process: with the same files, which must show no
difference, and with files in which texts wait from 18 o'clock on, one template says something else
and the second follow-up is gone.  CPU is the process's own, user and system; the peak is its
resident memory.  Then `rules.ask_all` is timed within a replay of part of that past, each picture
asked once, in the order of time.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import sys
import tempfile
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import attrs
from common import Ran, ran
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).parents[1]))

from support import history
from textback import plugins
from textback.cli.common import Remembered, now
from textback.clock import SystemClock
from textback.engine.replaying.judged import Judged
from textback.engine.replaying.orders import orders
from textback.engine.replaying.past import events
from textback.engine.replaying.replay import Replay
from textback.engine.replaying.tools import tools_of
from textback.engine.starting.check import complete
from textback.flow import decide
from textback.picture import Decision, Picture, Verdict
from textback.rules import ask_all

PICTURES = 20_000
SINCE = "31d"


def main() -> None:
    """Write the past, play it, and print what that cost."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--calls", type=int, default=100_000)
    options.add_argument("--seed", type=int, default=1)
    given = options.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        until = datetime.now(UTC) - timedelta(minutes=1)
        config = history.write(folder / "today", given.calls, until=until, seed=given.seed)
        changed = _changed(folder / "changed")
        runs = {
            "unchanged files": _run(config, config),
            "changed files": _run(config, changed),
        }
        timed = asyncio.run(_ask_all(config))
    table = Table("what-if of", "calls", "CPU s", "wall s", "peak MB", "differing", "agreeing")
    for name, run in runs.items():
        summary = json.loads(run.last)["summary"]
        table.add_row(
            name,
            f"{summary['calls']:,}",
            f"{run.cpu_s:.1f}",
            f"{run.wall_s:.1f}",
            f"{run.peak_mb:.0f}",
            f"{summary['differing']:,}",
            f"{summary['agreeing']:,}",
        )
    console = Console(highlight=False)
    console.print(table)
    each_us = timed.ns / 1000 / timed.pictures
    console.print(f"ask_all: {each_us:.1f} us a picture, {timed.pictures:,} pictures")


def _changed(folder: Path) -> Path:
    (folder / "clients").mkdir(parents=True)
    config = folder / "textback.toml"
    config.write_text(history.TEXTBACK)
    client = history.CLIENT.replace("is closed and missed", "is closed now and missed")
    client = client.rpartition("[[follow_up]]")[0]
    (folder / "clients" / "bright.toml").write_text(
        client.replace('mode = "live"', 'mode = "live"\nfirst_text_at_night = false')
    )
    return config


def _run(config: Path, other: Path) -> Ran:
    return ran(config, "what-if", "--with", str(other), "--since", SINCE, "--json")


@attrs.define
class _Timed:
    """Stands for `ask_all`, and takes its time."""

    pictures: int = 0
    ns: int = 0

    def __call__(self, picture: Picture, extra: Iterable[Verdict] = ()) -> Decision:
        began = time.process_time_ns()
        decision = ask_all(picture, extra)
        self.ns += time.process_time_ns() - began
        self.pictures += 1
        return decision


async def _ask_all(config: Path) -> _Timed:
    timed = _Timed()
    async with Remembered(config) as remembered:
        found = plugins.find(config.parent)
        (client,) = complete(remembered.config, found).clients.values()
        replay = Replay(
            client,
            tools_of(client, found, SystemClock()),
            await orders(remembered.read, client.id),
            remembered.hash_of,
            Judged(shares=False, same_words=False),
            lambda life: None,
        )
        with patch.object(decide, "ask_all", timed):
            async for event in events(remembered.read, client.id, 0, now(), 0):
                replay.happen(event)
                if timed.pictures >= PICTURES:
                    break
    return timed


if __name__ == "__main__":
    main()
