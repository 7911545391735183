"""A deployment as `init` writes it, served over HTTP with a simulated carrier beside it."""

import asyncio
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from textback.config import load
from textback.config.scaffold import init
from textback.store import cases
from textback.testing.clock import VirtualClock
from textback.testing.stage import Stage, stage

SETTLE_S = 0.1


@attrs.frozen(kw_only=True)
class Played:
    """Both sides of one business, and what a test asks of them."""

    stage: Stage

    @property
    def carrier(self):
        return self.stage.carrier

    @property
    def world(self):
        return self.stage.world

    @property
    def runtime(self):
        return self.stage.runtime

    @property
    def caller(self):
        return self.stage.client.test_phones[0]

    async def cases(self):
        """All cases, the latest first."""
        return await self.runtime.store.read(lambda: cases.listing("example", 0, 10))

    async def case(self, seen, within_s=5.0):
        """The case that is as a test wants it, as soon as there is one."""
        async with asyncio.timeout(within_s):
            while True:
                for row in await self.cases():
                    if seen(row):
                        return row
                await asyncio.sleep(0.02)

    async def settle(self):
        """Let the settle time pass, and all that is due then be done."""
        await asyncio.sleep(SETTLE_S + 0.1)
        await self.runtime.engine.run_due()

    async def let_pass(self, **time):
        """On a virtual clock: do what is due meanwhile, each at its time."""
        clock, engine = self.world.clock, self.runtime.engine
        until = clock.now() + timedelta(**time)
        while (due := await engine.run_due()) is not None and due <= until:
            clock.advance_to(max(due, clock.now() + timedelta(milliseconds=1)))
        clock.advance_to(until)


@pytest.fixture
def staged(tmp_path):
    """Opens the stage; with settings of the simulator, or with a virtual clock."""

    @asynccontextmanager
    async def open_stage(clock=None, **simulator):
        init(tmp_path)
        config = load(tmp_path / "textback.toml")
        client = config.clients["example"]
        table = client.plugins["simulator"]
        table = attrs.evolve(table, settings={"settle_s": SETTLE_S, **simulator})
        client = attrs.evolve(client, plugins={**client.plugins, "simulator": table})
        config = attrs.evolve(config, clients={"example": client})
        async with stage(config, "example", clock=clock) as opened:
            yield Played(stage=opened)

    return open_stage


@pytest.fixture
def clock():
    return VirtualClock(datetime(2026, 3, 2, 17, 30, tzinfo=UTC))
