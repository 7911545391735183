"""``demo``: a missed call becomes an appointment, on this machine, with nothing to set up.

All is real but the phone company: a deployment as ``init`` writes it, served over HTTP, and a
simulated carrier on another port.  Each line that is told was seen: by a phone, by the CRM, by the
team, or in the store.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer

from textback.cli import timeline
from textback.cli.common import JsonOption, fail, run, say
from textback.config import load
from textback.config.scaffold import init
from textback.config.settings import LogSettings
from textback.log import set_up
from textback.model import Activity, NoticeKind, PhoneNumber
from textback.store import cases
from textback.testing.plays import Play
from textback.testing.stage import Stage, stage

CLIENT = "example"
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
    if not headless:
        say("That was all simulated. Make it yours: textback init DIR")


class Missing(Exception):
    """Something that should have happened did not; says what."""


async def _demo(*, pause_s: float, as_json: bool) -> None:
    with tempfile.TemporaryDirectory(prefix="textback-demo-") as folder:
        init(Path(folder))
        config = load(Path(folder) / "textback.toml")
        async with stage(config, CLIENT) as staged:
            teller = timeline.Teller(
                CLIENT,
                staged.world,
                staged.runtime.store,
                staged.calls,
                timeline.printer(staged.world.clock.now(), as_json=as_json),
            )
            telling = asyncio.create_task(_keep_looking(teller))
            try:
                await play(staged, pause_s=pause_s)
            finally:
                telling.cancel()
                await asyncio.gather(telling, return_exceptions=True)
                await teller.look()


async def play(staged: Stage, *, pause_s: float) -> None:
    """The story; each act begins when the one before was seen to have had its effect.

    Raises:
        Missing: Something didn't happen in time.
    """
    carrier, world = staged.carrier, staged.world
    caller = staged.client.test_phones[0]

    async def seen(what: str, so_far: Callable[[], object]) -> None:
        try:
            await world.until(so_far, WITHIN_S)
        except TimeoutError:
            raise Missing(what) from None
        await asyncio.sleep(pause_s)

    def told(kind: NoticeKind) -> bool:
        return any(notice.kind is kind for notice in world.notices)

    def logged() -> Mapping[str, Activity]:
        person = world.contacts.get(caller)
        return person.activities if person else {}

    await asyncio.sleep(pause_s)
    await carrier.call(Play.RINGS_OUT, caller, ring_s=RING_S)
    await seen("a text to the caller", lambda: world.inbox(caller))
    await carrier.status(world.texts[0])
    await seen("call and text in the CRM", lambda: len(logged()) >= 2)
    await seen("a notice of the missed call", lambda: told(NoticeKind.MISSED_CALL))

    await carrier.reply(caller, "Hi! Do you have time for me on Friday?")
    await seen("a notice of the reply", lambda: told(NoticeKind.REPLY))

    await carrier.answer(caller, "We do, at 10:30. Shall I put you down?")
    await seen("the team's answer on the phone", lambda: len(world.inbox(caller)) == 2)

    await carrier.book(caller, _next_friday(staged), "a check-up")
    await seen("a notice of the appointment", lambda: told(NoticeKind.BOOKED))
    await _see_it_closed(staged, caller)


def _next_friday(staged: Stage) -> datetime:
    """Half past ten on the Friday after today, where the business is."""
    now = staged.world.clock.now().astimezone(staged.client.time_zone)
    ahead = (FRIDAY - now.weekday() - 1) % 7 + 1
    return (now + timedelta(days=ahead)).replace(hour=10, minute=30, second=0, microsecond=0)


async def _see_it_closed(staged: Stage, caller: PhoneNumber) -> None:
    """The appointment ends the case: that was in the same commit as its notice."""
    still_open = await staged.runtime.store.read(lambda: cases.open_of(CLIENT, caller))
    if still_open is not None:
        raise Missing("a closed case")


async def _keep_looking(teller: timeline.Teller) -> None:
    while True:
        await teller.look()
        await asyncio.sleep(LOOK_S)
