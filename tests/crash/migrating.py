"""Kill whoever brings an older database up to date."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

from crash.clock import Steps
from crash.report import Report
from crash.site import Store
from support import deployment as d

KILLS = 2


async def migrate(
    config: Path, store: Store, steps: Steps, rng: random.Random, report: Report
) -> None:
    """Kill it about when it does so; what is left to do is done by whoever comes next."""
    for _ in range(KILLS):
        if await store.is_current():
            return
        starting = await d.Serving.spawn(config, command=store.migrates, program=steps.program)
        while not await store.is_migrating() and starting.process.returncode is None:
            await asyncio.sleep(0.001)
        await asyncio.sleep(rng.uniform(0.0, 0.1))
        if starting.process.returncode is None:
            await starting.kill()
            report.kills[f"{store.migrates} migrating"] += 1
    if store.migrates == "migrate":  # nobody else would
        code, _, words = await d.command(config, "migrate")
        assert code == 0, words
