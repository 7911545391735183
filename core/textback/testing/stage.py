"""A deployment served on this machine, with a simulated carrier on another port."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import attrs
import httpx

from textback.clock import Clock, SystemClock
from textback.config import Config
from textback.config.settings import Client
from textback.engine.starting.runtime import Runtime, open_runtime
from textback.testing.carrier import Carrier
from textback.testing.clock import VirtualClock
from textback.testing.world import World
from textback.web import server
from textback.web.app import public_app


@attrs.frozen(kw_only=True)
class Stage:
    """Both sides of one client.

    Attributes:
        plugin: The name of the simulator's table in the client's file.
    """

    client: Client
    plugin: str
    carrier: Carrier
    runtime: Runtime

    @property
    def world(self) -> World:
        """What phones, CRM and team saw."""
        return self.carrier.world

    def calls(self) -> list[str]:
        """The calls that were played, by the ids that the store has for them."""
        return [f"{self.plugin}/{call}" for call in self.carrier.calls]


@asynccontextmanager
async def stage(
    config: Config, client: str, *, plugin: str = "simulator", clock: Clock | None = None
) -> AsyncIterator[Stage]:
    """Serve a deployment whose client has the plugin ``simulator``; its ``url`` is set here.

    Args:
        config: The deployment's files.
        client: The one whose carrier is simulated; the others are not served.
        plugin: The name of the simulator's table in the client's file.
        clock: The machine's if not given.  With a virtual one, timers wait for
            ``runtime.engine.run_due()``.
    """
    door = _Door()
    async with AsyncExitStack() as opened:
        listener, task = await server.listen(door, "127.0.0.1:0")
        opened.push_async_callback(server.close, listener, task)
        public_url = f"http://{listener.address}"
        carrier = Carrier(
            World(clock or SystemClock()),
            await opened.enter_async_context(httpx.AsyncClient(trust_env=False)),
            address=f"{public_url}/hooks/{client}/{plugin}",
            line=config.clients[client].lines[0],
        )
        url = await opened.enter_async_context(carrier.listening())
        connected = _connected(config.clients[client], plugin, url)
        runtime = await opened.enter_async_context(
            open_runtime(
                attrs.evolve(config, clients={client: connected}),
                clock=clock,
                public_url=public_url,
            )
        )
        door.leads_to = public_app(
            runtime.ctx, runtime.engine, left_out={}, renamed={}, admin=False
        )
        if not isinstance(clock, VirtualClock):
            runtime.engine.start()
        yield Stage(client=connected, plugin=plugin, carrier=carrier, runtime=runtime)


class _Door:
    """An application that is only known once its address is."""

    leads_to: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await self.leads_to(scope, receive, send)


def _connected(client: Client, plugin: str, url: str) -> Client:
    """The client as its file has it, with the address of the carrier."""
    table = client.plugins[plugin]
    table = attrs.evolve(table, settings={**table.settings, "url": url})
    return attrs.evolve(client, plugins={**client.plugins, plugin: table})
