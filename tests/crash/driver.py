"""One run: load and kills for a time, then quiet, then the comparison.

The parts: `site` (the processes and their store), `killer` (who starts and kills them), `power`
(the store's server), `carrier` (calls and webhooks), `provider` (takes texts, lists calls), `clock`
and `launcher` (steps), `older` and `migrating` (a database to migrate), `comparison` (who knows
what, at the end) and `unknowns` (texts that were unsure); `report` has the figures.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path

from crash import power
from crash.carrier import Carrier, Kind
from crash.comparison import compare, quiet
from crash.killer import LIVES_S, Killers
from crash.migrating import migrate
from crash.provider import provider
from crash.report import Report
from crash.site import Database, Site
from support import deployment as d
from support import postgres

QUIET_WITHIN = 120  # seconds until everything has come to something; clocks were a minute apart


async def crash(
    folder: Path,
    *,
    seconds: float,
    rate: float,
    seed: int,
    site: Site | None = None,
    lives_s: float = LIVES_S,
) -> Report:
    """One run in a folder; with one `serve` on an SQLite file if no site is given."""
    site = site or Site()
    rng, report = random.Random(seed), Report()
    api = provider(rng)
    store = site.store(folder)
    config = d.write(folder, await api.start(), store=store.setting)
    killers = Killers(site, config, store, lives_s, rng, report)
    carrier = Carrier(killers, api, rate, rng, report)
    try:
        await migrate(config, store, killers.steps[0], rng, report)
        until = time.monotonic() + seconds
        work = [killers.until(until), carrier.load(until)]
        if isinstance(store, Database):
            work.append(power.cuts(store, until, lives_s, rng, report))
        await asyncio.gather(*work)
        await killers.again()
        missed = sum(call.known and call.kind is not Kind.ANSWERED for call in carrier.calls)
        await _quiet(config, missed)
        await carrier.statuses()
        await _quiet(config, missed)
        await killers.stop()
        report.clock_steps = sum(steps.count for steps in killers.steps)
        await compare(config, carrier.calls, api.taken, report)
    finally:
        await killers.leave_nothing()
        await carrier.close()
        await api.stop()
    return report


async def _quiet(config: Path, calls: int) -> None:
    """Wait until every first text came to something."""
    for _ in range(QUIET_WITHIN):
        if await quiet(config, calls):
            return
        await asyncio.sleep(1)


def main() -> int:
    """Run from the command line; 1 if anything was lost, done twice or wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=0.5)
    parser.add_argument("--rate", type=float, default=20.0, help="calls a second")
    parser.add_argument("--lives", type=float, default=LIVES_S, help="a process, at most; seconds")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--store", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--queue", choices=["pgqueuer", "notify"], default="pgqueuer")
    parser.add_argument("--serves", type=int, default=2, help="processes, on Postgres")
    parser.add_argument("--workers", type=int, default=2, help="processes, on Postgres")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="textback-crash-"))
    print(f"seed {options.seed}, in {folder}", flush=True)
    with ExitStack() as opened:
        site = Site()
        if options.store == "postgres":
            site = Site(
                serves=options.serves,
                workers=options.workers,
                server=opened.enter_context(postgres.running()),
                queue=options.queue,
            )
        report = asyncio.run(
            crash(
                folder,
                seconds=options.minutes * 60,
                rate=options.rate,
                seed=options.seed,
                site=site,
                lives_s=options.lives,
            )
        )
    print("\n".join(report.lines()))
    if report.sound:
        shutil.rmtree(folder)
    return 0 if report.sound else 1
