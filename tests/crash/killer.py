"""Who starts `serve` and kills it: while it starts, migrates, works, and is asked to end."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path

from crash.clock import Steps
from crash.report import Report
from support import deployment as d
from textback.store import HEAD, version_of

LEAST_KILLS = 3  # on a machine that is so slow that the time would not do
MIGRATIONS = 2  # starts that are killed on a database of an older schema


class Killer:
    """Keeps one `serve` going, though it dies all the time."""

    def __init__(self, config: Path, steps: Steps, rng: random.Random, report: Report) -> None:
        self._config = config
        self._steps = steps
        self._random = rng
        self._report = report
        self.address: str | None = None

    def where(self) -> str | None:
        """Where requests are taken now."""
        return self.address

    async def until(self, until: float) -> d.Serving:
        """Kill and start until a moment, at least `LEAST_KILLS` times; the process that is left."""
        await self._migrated()
        while True:
            serving = await self._started()
            self.address = serving.address
            if self._over(until):
                return serving
            await asyncio.sleep(self._random.uniform(0.05, 3.0))
            if self._random.random() < 0.3:
                self._steps.step()
                await asyncio.sleep(self._random.uniform(0.0, 0.5))
            if self._over(until):
                return serving
            self.address = None
            await self._end(serving)

    async def again(self, serving: d.Serving) -> d.Serving:
        """Stop it and start it a last time: what nobody told of is looked for at a start."""
        self.address = None
        await serving.stop()
        self._steps.catch_up()
        serving = await self._start()
        await serving.ready()
        self.address = serving.address
        return serving

    def _over(self, until: float) -> bool:
        return time.monotonic() >= until and self._report.kills.total() >= LEAST_KILLS

    async def _start(self) -> d.Serving:
        return await d.Serving.spawn(self._config, program=self._steps.program)

    async def _migrated(self) -> None:
        """Kill it about when it brings the schema up to date, until it has."""
        database = self._config.parent / "textback.db"
        journal = database.with_name("textback.db-wal")
        for _ in range(MIGRATIONS):
            if version_of(database) == HEAD:
                return
            starting = await self._start()
            while not journal.exists() and starting.process.returncode is None:
                await asyncio.sleep(0.001)
            await asyncio.sleep(self._random.uniform(0.0, 0.1))
            await starting.kill()
            self._report.kills["migrating"] += 1

    async def _started(self) -> d.Serving:
        """Start it; now and then kill it while it starts."""
        while self._random.random() < 0.2:
            starting = await self._start()
            await asyncio.sleep(self._random.uniform(0.05, 1.5))
            await starting.kill()
            self._report.kills["starting"] += 1
        serving = await self._start()
        await serving.ready()
        return serving

    async def _end(self, serving: d.Serving) -> None:
        """Kill it; now and then while it does what it was asked for, to end."""
        if self._random.random() < 0.3:
            serving.process.terminate()
            await asyncio.sleep(self._random.uniform(0.0, 0.3))
            self._report.kills["stopping"] += 1
        else:
            self._report.kills["at work"] += 1
        if serving.process.returncode is None:
            await serving.kill()
