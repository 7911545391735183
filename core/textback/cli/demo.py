"""``demo``: a missed call becomes an appointment, on this machine, with nothing to set up.

All is real but the phone company: a deployment as ``init`` writes it, served over HTTP, and a
simulated carrier on another port.  Each line that is told was seen: by a phone, by the CRM, by the
team, or in the store.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import attrs
import httpx
import typer

from textback.cli import timeline
from textback.cli.common import JsonOption, fail, run, say
from textback.clock import SystemClock
from textback.config import Config, load
from textback.config.scaffold import init
from textback.config.settings import Client, LogSettings
from textback.engine.runtime import Runtime, open_runtime
from textback.log import set_up
from textback.model import Activity, NoticeKind, PhoneNumber
from textback.store import cases
from textback.testing.carrier import Carrier
from textback.testing.plays import Play
from textback.testing.world import World
from textback.web import server
from textback.web.app import public_app

CLIENT, PLUGIN = "example", "simulator"
WITHIN_S = 8.0  # for each thing to happen
LOOK_S = 0.02  # between two looks into the store
PAUSE_S = 1.5  # for those who read along
RING_S = 0.4
FRIDAY = 4


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(demo)


def demo(
    headless: Annotated[
        bool, typer.Option("--headless", help="As fast as it goes, without pauses to read.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Play a missed call that becomes an appointment; nothing leaves this machine."""
    set_up(LogSettings(level="error"))
    try:
        run(_demo(pause_s=0.0 if headless else PAUSE_S, as_json=as_json))
    except Missing as error:
        fail(f"this did not happen within {WITHIN_S:g} s: {error}")


class Missing(Exception):
    """Something that should have happened did not; says what."""


async def _demo(*, pause_s: float, as_json: bool) -> None:
    with tempfile.TemporaryDirectory(prefix="textback-demo-") as folder:
        init(Path(folder))
        found = load(Path(folder) / "textback.toml")
        async with stage(found) as (carrier, runtime):
            teller = timeline.Teller(
                CLIENT,
                carrier.world,
                runtime.store,
                lambda: [f"{PLUGIN}/{call}" for call in carrier.calls],
                timeline.printer(carrier.world.clock.now(), as_json=as_json),
            )
            telling = asyncio.create_task(_keep_looking(teller))
            try:
                await play(carrier, runtime, pause_s=pause_s)
            finally:
                telling.cancel()
                await asyncio.gather(telling, return_exceptions=True)
                await teller.look()
    if pause_s:
        say("That was all simulated. Make it yours: textback init DIR")


@asynccontextmanager
async def stage(config: Config) -> AsyncIterator[tuple[Carrier, Runtime]]:
    """Serve a deployment on this machine, with a carrier beside it."""
    client = config.clients[CLIENT]
    door = Door()
    async with AsyncExitStack() as opened:
        listener, task = await server.listen(door, "127.0.0.1:0")
        opened.push_async_callback(server.close, listener, task)
        public_url = f"http://{listener.address}"
        carrier = Carrier(
            World(SystemClock()),
            await opened.enter_async_context(httpx.AsyncClient(trust_env=False)),
            address=f"{public_url}/hooks/{CLIENT}/{PLUGIN}",
            line=client.lines[0],
        )
        url = await opened.enter_async_context(carrier.listening())
        clients = {CLIENT: _connected(client, url)}
        runtime = await opened.enter_async_context(
            open_runtime(attrs.evolve(config, clients=clients), public_url=public_url)
        )
        door.leads_to = public_app(
            runtime.ctx, runtime.engine, left_out={}, renamed={}, admin=False
        )
        runtime.engine.start()
        yield carrier, runtime


class Door:
    """An application that is only known once its address is."""

    leads_to: Any = None

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Let one request in."""
        await self.leads_to(scope, receive, send)


def _connected(client: Client, url: str) -> Client:
    """The client as its file has it, with the address of the carrier."""
    table = client.plugins[PLUGIN]
    table = attrs.evolve(table, settings={**table.settings, "url": url})
    return attrs.evolve(client, plugins={**client.plugins, PLUGIN: table})


async def play(carrier: Carrier, runtime: Runtime, *, pause_s: float) -> None:
    """The story; each act begins when the one before was seen to have had its effect.

    Raises:
        Missing: Something didn't happen in time.
    """
    world = carrier.world
    client = runtime.config.clients[CLIENT]
    caller = client.test_phones[0]

    async def seen(what: str, so_far: Callable[[], object]) -> None:
        try:
            await world.until(so_far, WITHIN_S)
        except TimeoutError:
            raise Missing(what) from None
        await asyncio.sleep(pause_s)

    def told(kind: NoticeKind) -> bool:
        return any(notice.kind is kind for notice in world.notices)

    def logged(number: PhoneNumber) -> Mapping[str, Activity]:
        person = world.contacts.get(number)
        return person.activities if person else {}

    await asyncio.sleep(pause_s)
    await carrier.call(Play.RINGS_OUT, caller, ring_s=RING_S)
    await seen("a text to the caller", lambda: world.inbox(caller))
    await carrier.status(world.texts[0])
    await seen("call and text in the CRM", lambda: len(logged(caller)) >= 2)
    await seen("a notice of the missed call", lambda: told(NoticeKind.MISSED_CALL))

    await carrier.reply(caller, "Hi! Do you have time for me on Friday?")
    await seen("a notice of the reply", lambda: told(NoticeKind.REPLY))

    await carrier.answer(caller, "We do, at 10:30. Shall I put you down?")
    await seen("the team's answer on the phone", lambda: len(world.inbox(caller)) == 2)

    await carrier.book(caller, _next_friday(carrier, client), "a check-up")
    await seen("a notice of the appointment", lambda: told(NoticeKind.BOOKED))
    await _in_time("a closed case", _closed(runtime))


async def _closed(runtime: Runtime) -> None:
    while True:
        rows = await runtime.store.read(partial(cases.listing, CLIENT, 0, 1))
        if rows and rows[0]["closed_at"] is not None:
            return
        await asyncio.sleep(LOOK_S)


async def _in_time(what: str, work: Awaitable[None]) -> None:
    try:
        async with asyncio.timeout(WITHIN_S):
            await work
    except TimeoutError:
        raise Missing(what) from None


def _next_friday(carrier: Carrier, client: Client) -> datetime:
    """Half past ten on the Friday after today, where the business is."""
    now = carrier.world.clock.now().astimezone(client.time_zone)
    ahead = (FRIDAY - now.weekday() - 1) % 7 + 1
    return (now + timedelta(days=ahead)).replace(hour=10, minute=30, second=0, microsecond=0)


async def _keep_looking(teller: timeline.Teller) -> None:
    while True:
        await teller.look()
        await asyncio.sleep(LOOK_S)
