"""Put a deployment together: files, store, plugins, engine; and take it apart again."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import attrs
import structlog

from textback import dispatch, http, plugins
from textback.clock import Clock, SystemClock
from textback.config import Config
from textback.config.messages import Problem
from textback.config.settings import Client, PluginTable
from textback.engine.context import Context, keyed_hash
from textback.engine.crew.sources import supervise
from textback.engine.engine import Engine
from textback.engine.metrics import Metrics
from textback.engine.port import Alone
from textback.engine.starting import deployment
from textback.engine.starting.keys import remember
from textback.engine.starting.services import PluginState, StoredContacts
from textback.engine.starting.taking import take
from textback.engine.starting.threads import Threads
from textback.gate import Gates
from textback.services import Log, Services
from textback.store import Store

if TYPE_CHECKING:
    from textback.engine.crew.presence import Crew

Replace = Callable[[Client], Client]


@attrs.frozen(kw_only=True)
class Runtime:
    """A deployment that is open: its engine runs what is due when told to, or all the time.

    Attributes:
        crew: This process among the others on the same store; None if it is the only one.
    """

    config: Config
    ctx: Context
    engine: Engine
    store: Store
    left_out: Mapping[str, tuple[Problem, ...]]
    crew: Crew | None = None

    async def start(self) -> None:
        """Work until it is closed: alone, or with the others."""
        if self.crew is not None:
            await self.crew.join()
            return
        self.engine.start()
        supervise(self.ctx, self.engine, self.engine.background)


@asynccontextmanager
async def open_runtime(
    config: Config,
    *,
    clock: Clock | None = None,
    store: Store | None = None,
    found: Mapping[str, plugins.Found] | None = None,
    public_url: str | None = None,
    trace: dispatch.OnCall | None = None,
    alone: bool = True,
    kind: str = "serve",
    works: bool = True,
) -> AsyncIterator[Runtime]:
    """Open the store and get everything ready; the caller starts the engine.

    Args:
        config: The deployment's files, read.
        clock: The machine's if not given.
        store: Use this one, already open, and don't close it; else the deployment's own, to which
            no other engine has the right at the same time.
        found: The plugins to choose from; all that are installed if not given.
        public_url: Instead of the deployment's, where the port is only known when it listens.
        trace: Told of every call of a hook.
        alone: Take the right to run the engine; without it only looking is allowed.
        kind: Of process, for the others on the same store.
        works: Run steps, too; where others do, it needn't.

    Raises:
        WrongStore: The store can't be used, is served by another process, or was made with another
            key.
    """
    owner = secrets.token_hex(6)
    taken = None
    if store is None:
        taken = await take(config.deployment, owner, clock, alone=alone, works=works)
        store, clock = taken.store, taken.clock
    clock = clock or SystemClock()
    transport = http.Transport()
    metrics = Metrics()
    url = (public_url or config.deployment.server.public_url).rstrip("/")

    def on_call(called: dispatch.Called) -> None:
        metrics.calls_of(called.plugin, called.hook, called.result).inc()
        if trace is not None:
            try:
                trace(called)
            except Exception as error:  # noqa: BLE001 (who looks on must not stop the work)
                log.warning("a call can't be traced", error=type(error).__name__)

    def on_rest(plugin: str, account: str, rests: bool) -> None:
        metrics.resting.labels(plugin, account).set(rests)
        tell = log.warning if rests else log.info
        tell("an account rests" if rests else "an account works again", plugin=plugin)

    gates = Gates(clock, on_rest)
    threads = Threads()
    log: Log = structlog.get_logger("textback")
    watching = (
        deployment.stack_of(config.deployment, transport, on_call).impls("observe")
        if config.deployment.plugins
        else ()
    )
    stacks = plugins.Stacks(
        config.clients,
        found if found is not None else plugins.find(config.deployment.directory),
        lambda *part: services_for(store, clock, transport, gates, threads, url, *part),
        on_call=on_call,
    )
    key = config.deployment.store.key
    ctx = Context(
        clients=config.clients,
        stacks=stacks,
        store=store,
        clock=clock,
        public_url=url,
        hash_of=keyed_hash(key.value.encode() if key else b""),
        owner=owner,
        queue=taken.queue if taken is not None else Alone(),
        metrics=metrics,
        log=log,
        watching=watching,
        limits=config.deployment.limits,
    )
    engine = Engine(ctx)
    crew = None
    if taken is not None and taken.url is not None:
        from textback.engine.crew.presence import Crew  # needs the extra postgres

        crew = Crew(ctx, engine, taken.url, kind)
    try:
        if taken is not None and alone:
            await store.write(partial(remember, config.deployment.store))
        yield Runtime(
            config=config,
            ctx=ctx,
            engine=engine,
            store=store,
            left_out=config.broken,
            crew=crew,
        )
    finally:
        await engine.stop()
        if crew is not None:
            await crew.leave()
        await stacks.close()
        await transport.aclose()
        threads.close()
        if taken is not None:
            await taken.close()


def services_for(
    store: Store,
    clock: Clock,
    transport: http.Transport,
    gates: Gates,
    threads: Threads,
    public_url: str,
    client: Client,
    table: PluginTable,
    settings: Any,
) -> Services:
    """What one plugin of one client is handed."""
    gate = gates.of(client.id, table.name, table.use, settings)
    return Services(
        client=client.id,
        plugin=table.name,
        address=f"{public_url}/hooks/{client.id}/{table.name}",
        http=http.client(transport, gate, timeout_s=getattr(settings, "timeout_s", 10.0)),
        clock=clock,
        log=structlog.get_logger("textback").bind(client=client.id, plugin=table.name),
        state=PluginState(store, clock, client.id, table.name),
        contacts=StoredContacts(store, clock, client.id),
        in_thread=threads,
        lines=client.lines,
        roles=table.roles,
        leads=client.lead,
        gate=gate,
    )
