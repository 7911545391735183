"""One client's real settings and the real engine, on a virtual clock, with nothing outside.

The store is a temporary file, the plugins are fakes that act on a `World`, and time jumps from one
due step to the next: a week passes in a moment.
"""

from __future__ import annotations

import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path

import attrs

from textback.config import Config
from textback.dispatch import Called
from textback.engine.starting.runtime import Runtime, open_runtime
from textback.errors import ConfigError
from textback.events import Event, TextReceived
from textback.plugins import Found, Stack
from textback.store import open_embedded
from textback.testing.clock import VirtualClock
from textback.testing.fakes import fakes
from textback.testing.plays import Play, Scene, script, spoken
from textback.testing.world import World, shown

TICK = timedelta(milliseconds=1)
MOST_ROUNDS = 10_000  # a simulation that needs more than this goes round in circles

Trace = Callable[[datetime, Called], None]


@asynccontextmanager
async def simulation(
    config: Config,
    client: str,
    start: datetime,
    found: Mapping[str, Found],
    *,
    trace: Trace | None = None,
) -> AsyncIterator[Simulation]:
    """Open a simulation; everything in it is gone when it closes.

    Args:
        config: The deployment's files; its key is used, its store is not.
        client: Whose calls are played.
        start: When it begins, aware.
        found: The plugins that are installed.
        trace: Told of every call of a hook, and at which moment of the simulation it was.

    Raises:
        AssemblyError: The client's stack can't be built.
        ConfigError: No plugin of the client tells of calls.
    """
    clock = VirtualClock(start)
    world = World(clock)
    used = {table.use for table in config.clients[client].plugins.values()}
    with tempfile.TemporaryDirectory(prefix="textback-") as folder:
        store = open_embedded(Path(folder) / "simulation.db")
        try:
            async with open_runtime(
                config,
                clock=clock,
                store=store,
                found=fakes(found, used, world),
                trace=(lambda called: trace(clock.now(), called)) if trace else None,
            ) as runtime:
                stack = await runtime.ctx.stack(client)
                yield Simulation(
                    client=client, clock=clock, world=world, runtime=runtime, stack=stack
                )
        finally:
            await store.close()


@attrs.define(kw_only=True, eq=False)
class Simulation:
    """Calls and replies that are played, one after the other, at their times.

    Attributes:
        calls: The ids of the calls so far, as the store knows them.
        after_round: Awaited whenever all that was due at one moment is done.
    """

    client: str
    clock: VirtualClock
    world: World
    runtime: Runtime
    stack: Stack
    calls: list[str] = attrs.field(factory=list)
    after_round: Callable[[], Awaitable[None]] | None = None

    @property
    def line(self) -> str:
        """The client's first line."""
        return self.runtime.config.clients[self.client].lines[0]

    async def call(self, play: Play, caller: str, line: str = "") -> None:
        """Play a call from now on, until its last event; to the first line if not said."""
        line = line or self.line
        source = self._plugin("source", "tells of calls")
        name = f"CALL{len(self.calls) + 1}"
        self.calls.append(f"{source}/{name}")
        scene = Scene(id=name, caller=caller, line=line, at=self.clock.now())
        self.world.record("detect", spoken(play, caller, line), caller=caller, line=line)
        for event in script(play, scene):
            await self.advance_to(event.at)
            await self._accept(source, event)

    async def reply(self, number: str, body: str, line: str = "") -> None:
        """The caller writes now; to the first line if not said."""
        sender = self._plugin("sender", "receives texts")
        self.world.record("reply", f"{shown(number)} wrote: {body}", number=number, body=body)
        key = f"IN{len(self.world.happened)}"
        at = self.clock.now()
        await self._accept(
            sender,
            TextReceived(key=key, at=at, number=number, line=line or self.line, body=body),
        )

    async def advance_to(self, moment: datetime) -> None:
        """Do all that is due until a moment, each at its time."""
        for _ in range(MOST_ROUNDS):
            due = await self.runtime.engine.run_due()
            await self._told()
            if due is None or due > moment:
                self.clock.advance_to(moment)
                return
            self.clock.advance_to(max(due, self.clock.now() + TICK))
        raise RuntimeError(f"something is due at {self.clock.now()} again and again")

    async def advance_to_the_end(self, at_most: datetime) -> bool:
        """Do all that is ever due; False if something is due later than *at_most*."""
        while (due := await self.runtime.engine.run_due()) is not None:
            if due > at_most:
                break
            await self.advance_to(max(due, self.clock.now() + TICK))
        await self._told()
        return due is None

    async def _accept(self, plugin: str, event: Event) -> None:
        await self.runtime.engine.accept(self.client, plugin, [event], self.clock.now())

    async def _told(self) -> None:
        if self.after_round is not None:
            await self.after_round()

    def _plugin(self, role: str, does: str) -> str:
        for name in self.stack.plugins:
            if role in self.stack.roles_of(name):
                return name
        raise ConfigError(f"no plugin of {self.client} {does}, so that nothing can be simulated")
