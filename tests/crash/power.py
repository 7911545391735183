"""Power cuts at the Postgres server: all its sessions end, and nobody can connect for a while."""

from __future__ import annotations

import asyncio
import random
import time

from crash.report import Report
from crash.site import Database

BETWEEN = (1.5, 7.0)  # in lives of a process: who waits for a whole lease gets there at times
AWAY_S = (0.0, 2.0)


async def cuts(
    database: Database, until: float, lives_s: float, rng: random.Random, report: Report
) -> None:
    """Kill it and start it until a moment, at least once."""
    while True:
        left_s = max(until - time.monotonic(), 0.0)
        await asyncio.sleep(min(lives_s * rng.uniform(*BETWEEN), left_s))
        if time.monotonic() >= until and report.kills["database"]:
            return
        database.turns += 1
        await asyncio.to_thread(database.server.kill)
        report.kills["database"] += 1
        await asyncio.sleep(rng.uniform(*AWAY_S))
        await asyncio.to_thread(database.server.start)
        database.turns += 1
