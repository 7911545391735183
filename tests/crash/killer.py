"""Who starts processes and kills them: while they start, work, and are asked to end."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Sequence
from pathlib import Path

from crash.clock import Steps
from crash.report import Report
from crash.site import Site, Store
from support import deployment as d

LIVES_S = 3.0  # a process, at the most, before it is killed
LEAST_KILLS = 3  # on a machine that is so slow that the time would not do


class Killer:
    """Keeps one process going, though it dies all the time.

    Attributes:
        address: Where it takes requests now.
    """

    def __init__(
        self,
        command: str,
        config: Path,
        store: Store,
        steps: Steps,
        lives_s: float,
        rng: random.Random,
        report: Report,
    ) -> None:
        self._lives_s = lives_s
        self._command = command
        self._config = config
        self._store = store
        self._steps = steps
        self._random = rng
        self._report = report
        self._kills = 0
        self._start_s = 0.0  # how long a start takes: on a busy machine it lives longer, too
        self._running: d.Serving | None = None
        self._newest: d.Serving | None = None

    @property
    def address(self) -> str | None:
        """None if it doesn't run, or takes none."""
        if self._running is None or self._command != "serve":
            return None
        return self._running.address

    async def until(self, until: float) -> None:
        """Kill and start until a moment, at least `LEAST_KILLS` times; one is left running."""
        while True:
            await self._begin()
            if self._over(until):
                return
            await asyncio.sleep(self._random.uniform(0.05, max(self._lives_s, 1.5 * self._start_s)))
            if self._random.random() < 0.3:
                self._steps.step()
                await asyncio.sleep(self._random.uniform(0.0, 0.5))
            if self._over(until):
                return
            await self._end()

    async def start(self) -> None:
        """Start it a last time."""
        self._steps.catch_up()
        self._running = await self._ready()

    async def stop(self) -> None:
        """End it as a service manager does."""
        serving = self._leave()
        if await serving.stop() != 0:
            self._report.wrong.append(f"wrong: {self._command} ended with an error")

    async def leave_nothing(self) -> None:
        """Kill what still runs where a run was broken off."""
        if self._newest is not None and self._newest.process.returncode is None:
            await self._newest.kill()

    def _over(self, until: float) -> bool:
        return time.monotonic() >= until and self._kills >= LEAST_KILLS

    def _leave(self) -> d.Serving:
        """Take no more requests."""
        serving, self._running = self._running, None
        assert serving is not None
        if (code := serving.process.returncode) is not None:
            self._report.wrong.append(f"wrong: {self._command} ended by itself, with {code}")
        return serving

    def _killed(self, when: str) -> None:
        self._kills += 1
        self._report.kills[f"{self._command} {when}"] += 1

    async def _begin(self) -> None:
        """Start it; now and then kill it while it starts."""
        while self._random.random() < 0.2:
            starting = await self._spawned()
            await asyncio.sleep(self._random.uniform(0.05, max(1.5, self._start_s)))
            if starting.process.returncode is None:  # its store may have gone away
                await starting.kill()
                self._killed("starting")
        self._running = await self._ready()

    async def _spawned(self) -> d.Serving:
        self._newest = await d.Serving.spawn(
            self._config, command=self._command, program=self._steps.program
        )
        return self._newest

    async def _ready(self) -> d.Serving:
        """Start it; again if its store went away meanwhile."""
        while True:
            turns, away, began = self._store.turns, self._store.away, time.monotonic()
            serving = await self._spawned()
            try:
                await serving.ready()
                self._start_s = time.monotonic() - began
                return serving
            except AssertionError:
                if self._store.turns == turns and not away:
                    raise

    async def _end(self) -> None:
        """Kill it; now and then while it does what it was asked for, to end."""
        serving = self._leave()
        if self._random.random() < 0.3 and serving.process.returncode is None:
            serving.process.terminate()
            await asyncio.sleep(self._random.uniform(0.0, 0.3))
            self._killed("stopping")
        else:
            self._killed("at work")
        if serving.process.returncode is None:
            await serving.kill()


class Killers:
    """One for each process of a site."""

    def __init__(
        self,
        site: Site,
        config: Path,
        store: Store,
        lives_s: float,
        rng: random.Random,
        report: Report,
    ) -> None:
        self._store = store
        self._random = rng
        self.steps: Sequence[Steps] = [
            Steps(config.with_name(f"clock-{place}"), rng) for place, _ in enumerate(site.commands)
        ]
        self._all = [
            Killer(command, config, store, steps, lives_s, rng, report)
            for command, steps in zip(site.commands, self.steps, strict=True)
        ]

    def where(self) -> str | None:
        """The address of one that takes requests now."""
        addresses = [each.address for each in self._all if each.address]
        return self._random.choice(addresses) if addresses else None

    def is_deaf(self) -> bool:
        """Whether nobody takes what is told now."""
        return self._store.away or self.where() is None

    async def until(self, until: float) -> None:
        """Kill and start until a moment; all are left running."""
        await asyncio.gather(*(each.until(until) for each in self._all))

    async def again(self) -> None:
        """Stop all and start them a last time: what nobody told of is looked for at a start."""
        await self.stop()
        await asyncio.gather(*(each.start() for each in self._all))

    async def stop(self) -> None:
        """End all."""
        await asyncio.gather(*(each.stop() for each in self._all))

    async def leave_nothing(self) -> None:
        """Kill what still runs where a run was broken off."""
        for each in self._all:
            await each.leave_nothing()
