"""One run: load and kills for a time, then quiet, then the comparison.

The parts: `killer` (who starts and kills; `fleet` does so with several processes on Postgres),
`carrier` (calls and webhooks), `provider` (takes texts, lists calls), `clock` and `launcher`
(steps), `older` (a database to migrate), `comparison` (who knows what, at the end); `report` has
the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import tempfile
import time
from pathlib import Path
from typing import Any

from crash import older
from crash.carrier import Carrier, Kind
from crash.clock import Steps
from crash.comparison import compare
from crash.fleet import Fleet
from crash.killer import Killer
from crash.provider import provider
from crash.report import Report
from support import deployment as d

QUIET_WITHIN = 60  # seconds until everything has come to something


async def crash_fleet(
    folder: Path,
    server: Any,
    *,
    queue: str,
    serves: int,
    workers: int,
    seconds: float,
    rate: float,
    seed: int,
) -> Report:
    """One run of several processes on a Postgres server."""
    rng, report = random.Random(seed), Report()
    api = provider(rng)
    store = f'{server.database()}"\nqueue = "{queue}'
    config = d.write(folder, await api.start(), store=store)
    steps = Steps(folder, rng)
    kinds = ["serve"] * serves + ["worker"] * workers
    fleet = Fleet(config, steps, rng, report, kinds=kinds, server=server)
    carrier = Carrier(fleet.where, api, rate, rng, report)
    try:
        until = time.monotonic() + seconds
        await asyncio.gather(fleet.until(until), carrier.load(until))
        await fleet.again()
        missed = sum(call.known and call.kind is not Kind.ANSWERED for call in carrier.calls)
        await _quiet(config, missed)
        await carrier.statuses()
        await _quiet(config, missed)
        await fleet.stop()
        report.clock_steps = steps.count
        await compare(config, carrier.calls, api.taken, report)
    finally:
        await carrier.close()
        await api.stop()
    return report


async def crash(folder: Path, *, seconds: float, rate: float, seed: int) -> Report:
    """One run in a folder."""
    rng, report = random.Random(seed), Report()
    api = provider(rng)
    config = d.write(folder, await api.start())
    older.make(folder / "textback.db")
    steps = Steps(folder, rng)
    killer = Killer(config, steps, rng, report)
    carrier = Carrier(killer.where, api, rate, rng, report)
    try:
        until = time.monotonic() + seconds
        serving, _ = await asyncio.gather(killer.until(until), carrier.load(until))
        serving = await killer.again(serving)
        missed = sum(call.known and call.kind is not Kind.ANSWERED for call in carrier.calls)
        await _quiet(config, missed)
        await carrier.statuses()
        await _quiet(config, missed)
        await serving.stop()
        report.clock_steps = steps.count
        await compare(config, carrier.calls, api.taken, report)
    finally:
        await carrier.close()
        await api.stop()
    return report


async def _quiet(config: Path, calls: int) -> None:
    """Wait until every first text came to something."""
    for _ in range(QUIET_WITHIN):
        found = await d.cases(config)
        texts = [step for case in found for step in case["steps"] if step["name"] == "text/1"]
        if len(texts) >= calls and all(step["state"] == "done" for step in texts):
            return
        await asyncio.sleep(1)


def main() -> int:
    """Run from the command line; 1 if anything was lost, done twice or wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=0.5)
    parser.add_argument("--rate", type=float, default=20.0, help="calls a second")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--store", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--queue", choices=["pgqueuer", "notify"], default="pgqueuer")
    parser.add_argument("--serves", type=int, default=2, help="processes, on Postgres")
    parser.add_argument("--workers", type=int, default=2, help="processes, on Postgres")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="textback-crash-"))
    print(f"seed {options.seed}, in {folder}")
    load = {"seconds": options.minutes * 60, "rate": options.rate, "seed": options.seed}
    if options.store == "sqlite":
        report = asyncio.run(crash(folder, **load))
    else:
        from support import postgres

        kinds = {"serves": options.serves, "workers": options.workers}
        with postgres.running() as server:
            report = asyncio.run(crash_fleet(folder, server, queue=options.queue, **kinds, **load))
    print("\n".join(report.lines()))
    if report.sound:
        shutil.rmtree(folder)
    return 0 if report.sound else 1
