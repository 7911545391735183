"""Sources that bring no webhook: held connections, polling, catching up; and periodic upkeep."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from textback import dispatch
from textback.clock import micros, moment
from textback.config.settings import Client
from textback.engine.context import Context
from textback.engine.engine import Engine
from textback.errors import StoreError
from textback.events import Event
from textback.plugins import Stack
from textback.store import Work, inbox, plugin_state

FIRST_WAIT_S, LONGEST_WAIT_S = 1.0, 300.0  # between tries to hold a connection
HELD_S = 60.0  # a connection that held so long starts the waits anew
LOOK_BACK = timedelta(minutes=5)  # listings lag, and the clocks of providers differ
NEW_SOURCE = timedelta(hours=1)  # how far back a source is asked that never told anything
AT_A_TIME = 256  # events in one commit

_LISTING = "textback/listing"  # in the plugin's state: since when, until it has succeeded
_HOOKS = ("listen", "list_calls", "maintain")


Begin = Callable[[Coroutine[Any, Any, None]], object]


def supervise(ctx: Context, engine: Engine, begin: Begin) -> None:
    """Start what the clients' plugins need, in the background."""
    for client in ctx.clients.values():
        if client.id not in ctx.retired and any(
            ctx.stacks.offers(client.id, hook) for hook in _HOOKS
        ):
            begin(_start(ctx, engine, client, begin))


async def _start(ctx: Context, engine: Engine, client: Client, begin: Begin) -> None:
    stack = await _stack(ctx, client)
    for impl in stack.impls("listen"):
        begin(_listen(ctx, engine, client, impl))
    for impl in stack.impls("list_calls"):
        begin(_poll(ctx, engine, client, stack, impl))
    for impl in stack.impls("maintain"):
        begin(_maintain(ctx, client, stack, impl))


async def _stack(ctx: Context, client: Client) -> Stack:
    """A client's stack, once it can be built: what a plugin lacks now may be there later."""
    wait_s = FIRST_WAIT_S
    while True:
        try:
            return await ctx.stack(client.id)
        except Exception as error:
            ctx.log.warning(
                "a client's sources can't be started now",
                client=client.id,
                error=dispatch.describe(error),
                exc_info=error,
            )
        await asyncio.sleep(wait_s)
        wait_s = min(wait_s * 2, LONGEST_WAIT_S)


async def _listen(ctx: Context, engine: Engine, client: Client, impl: dispatch.Impl) -> None:
    """Hold a connection; when it is gone, try again, later each time."""
    wait_s = FIRST_WAIT_S
    loop = asyncio.get_running_loop()
    while True:
        began = loop.time()

        async def emit(events: Sequence[Event]) -> None:
            await engine.accept(client.id, impl.plugin, events, ctx.clock.now())

        await _guarded(ctx, client, impl, lambda: dispatch.call(impl, emit=emit))
        if loop.time() - began > HELD_S:
            wait_s = FIRST_WAIT_S
        await asyncio.sleep(wait_s)
        wait_s = min(wait_s * 2, LONGEST_WAIT_S)


async def _poll(
    ctx: Context, engine: Engine, client: Client, stack: Stack, impl: dispatch.Impl
) -> None:
    """Find calls whose webhook never came: at the start, and again where a source polls.

    A listing that fails is asked again until it succeeds: after an outage the network may be the
    last to come back.
    """
    every_s = stack.setting(impl.plugin, "poll_every_s")
    wait_s = FIRST_WAIT_S
    before = ctx.now()  # what comes in from now on says nothing about the time before
    while True:
        listed = await _guarded(
            ctx, client, impl, partial(list_calls, ctx, engine, client, impl, before)
        )
        if listed and every_s is None:
            return
        wait_s = every_s if listed and every_s else min(wait_s * 2, LONGEST_WAIT_S)
        await asyncio.sleep(wait_s)
        before = ctx.now() if listed else before


async def list_calls(
    ctx: Context, engine: Engine, client: Client, impl: dispatch.Impl, before: int
) -> int:
    """Ask a source for the calls since it last told anything; how many events it gave."""
    last = await ctx.store.read(lambda: inbox.last_heard(client.id, impl.plugin, before))
    now = ctx.clock.now()
    since: datetime = moment(last) - LOOK_BACK if last is not None else now - NEW_SOURCE
    since = await ctx.store.write(partial(_not_listed, client.id, impl.plugin, since, now))
    found: list[Event] = []
    count = 0
    async for event in dispatch.each(impl, since=since):
        found.append(event)
        count += 1
        if len(found) >= AT_A_TIME:
            await engine.accept(client.id, impl.plugin, found, ctx.clock.now())
            found = []
    if found:
        await engine.accept(client.id, impl.plugin, found, ctx.clock.now())
    await ctx.store.write(partial(plugin_state.delete, client.id, impl.plugin, _LISTING))
    return count


def _not_listed(client: str, plugin: str, since: datetime, now: datetime) -> Work[datetime]:
    """From when on nobody has listed to the end: webhooks that came since say nothing of before."""
    begun = yield from plugin_state.get(client, plugin, _LISTING, micros(now))
    if begun is not None:
        return min(since, moment(begun))
    yield from plugin_state.put(client, plugin, _LISTING, micros(since), None)
    return since


async def _maintain(ctx: Context, client: Client, stack: Stack, impl: dispatch.Impl) -> None:
    every_s = stack.setting(impl.plugin, "maintain_every_s") or 3600.0
    while True:
        await _guarded(ctx, client, impl, lambda: dispatch.call(impl))
        await asyncio.sleep(every_s)


async def _guarded(
    ctx: Context, client: Client, impl: dispatch.Impl, work: Callable[[], Awaitable[object]]
) -> bool:
    """Whatever a plugin does here, it must not stop the others; False if it failed."""
    try:
        await work()
        return True
    except StoreError as error:
        ctx.log.warning("not stored", client=client.id, plugin=impl.plugin, error=str(error))
    except Exception as error:
        ctx.log.warning(
            "a plugin failed",
            client=client.id,
            plugin=impl.plugin,
            error=type(error).__name__,
            exc_info=error,
        )
    return False
