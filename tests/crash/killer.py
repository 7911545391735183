"""Who starts `serve` and kills it: while it starts, while it works."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

from crash.report import Report
from support import deployment as d

LEAST_KILLS = 3  # on a machine that is so slow that the time would not do


class Killer:
    """Keeps one `serve` going, though it dies all the time."""

    def __init__(self, config: Path, rng: random.Random, report: Report) -> None:
        self._config = config
        self._random = rng
        self._report = report
        self.address: str | None = None

    def where(self) -> str | None:
        """Where requests are taken now."""
        return self.address

    async def until(self, until: float) -> d.Serving:
        """Kill and start until a moment, at least `LEAST_KILLS` times; the process that is left."""
        while True:
            serving = await self._started()
            self.address = serving.address
            if self._over(until):
                return serving
            await asyncio.sleep(self._random.uniform(0.05, 3.0))
            if self._over(until):
                return serving
            self.address = None
            await serving.kill()
            self._report.kills["at work"] += 1

    def _over(self, until: float) -> bool:
        return time.monotonic() >= until and self._report.kills.total() >= LEAST_KILLS

    async def _started(self) -> d.Serving:
        """Start it; now and then kill it while it starts or brings its schema up to date."""
        while self._random.random() < 0.2:
            starting = await d.Serving.spawn(self._config)
            await asyncio.sleep(self._random.uniform(0.05, 1.5))
            await starting.kill()
            self._report.kills["starting"] += 1
        return await d.Serving.start(self._config)
