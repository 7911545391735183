"""Several processes on a Postgres server: each is killed and started, and so is the server."""

from __future__ import annotations

import asyncio
import random
import time
from pathlib import Path
from typing import Any

from crash.clock import Steps
from crash.report import Report
from support import deployment as d

LEAST_KILLS = 3  # on a machine that is so slow that the time would not do


class Fleet:
    """Keeps all of them going, though they die all the time."""

    def __init__(
        self,
        config: Path,
        steps: Steps,
        rng: random.Random,
        report: Report,
        *,
        kinds: list[str],
        server: Any,
    ) -> None:
        self._config = config
        self._steps = steps
        self._random = rng
        self._report = report
        self._kinds = kinds
        self._server = server
        self._addresses: dict[int, str] = {}
        self._running: list[d.Serving] = []

    def where(self) -> str | None:
        """Where requests are taken now: at any of them."""
        return self._random.choice([*self._addresses.values()]) if self._addresses else None

    async def until(self, until: float) -> None:
        """Kill and start until a moment; then all of them run."""
        places = enumerate(self._kinds)
        *self._running, _ = await asyncio.gather(
            *(self._keep(place, kind, until) for place, kind in places), self._kill_server(until)
        )

    async def again(self) -> None:
        """Stop one after the other and start it a last time, as a rolling restart does."""
        self._steps.catch_up()
        for place, old in enumerate(self._running):
            self._addresses.pop(place, None)
            await old.stop()
            self._running[place] = await self._start(place, self._kinds[place])

    async def stop(self) -> None:
        """End all."""
        await asyncio.gather(*(each.stop() for each in self._running))

    async def _keep(self, place: int, kind: str, until: float) -> d.Serving:
        while True:
            began = time.monotonic()
            running = await self._start(place, kind)
            start_s = time.monotonic() - began  # on a busy machine it lives longer, too
            if self._over(until):
                return running
            await asyncio.sleep(self._random.uniform(0.05, max(3.0, 1.5 * start_s)))
            if self._random.random() < 0.1:
                self._steps.step()
            if self._over(until):
                return running
            self._addresses.pop(place, None)
            if self._random.random() < 0.3:
                running.process.terminate()
                await asyncio.sleep(self._random.uniform(0.0, 0.3))
            if running.process.returncode is None:
                await running.kill()
            self._report.kills[kind] += 1

    async def _start(self, place: int, kind: str) -> d.Serving:
        """Start one, again as long as the server is away; now and then kill it meanwhile."""
        while True:
            running = await d.Serving.spawn(self._config, command=kind, program=self._steps.program)
            if self._random.random() < 0.1:
                await asyncio.sleep(self._random.uniform(0.05, 1.5))
                await running.kill()
                self._report.kills["starting"] += 1
                continue
            try:
                await running.ready()
            except AssertionError:
                continue
            if kind == "serve":
                self._addresses[place] = running.address
            return running

    def _over(self, until: float) -> bool:
        return time.monotonic() >= until and self._report.kills.total() >= LEAST_KILLS

    async def _kill_server(self, until: float) -> None:
        while not self._over(until) or not self._report.kills["database"]:
            await asyncio.sleep(self._random.uniform(5.0, 20.0))
            await asyncio.to_thread(self._server.kill)
            self._report.kills["database"] += 1
            await asyncio.sleep(self._random.uniform(0.0, 2.0))
            await asyncio.to_thread(self._server.start)
