"""``simulate``: what would happen at a missed call, by a client's own file; nothing is touched."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Annotated

import attrs
import phonenumbers
import typer

from textback import plugins
from textback.cli import timeline, tracing
from textback.cli.common import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    TraceOption,
    client_of,
    misused,
    run,
    say,
)
from textback.clock import SystemClock
from textback.config import Config
from textback.config.durations import read_duration
from textback.config.fields import is_language
from textback.config.settings import Client, LogSettings
from textback.engine.starting.check import complete
from textback.engine.starting.deployment import load_all
from textback.errors import ConfigError
from textback.log import set_up
from textback.model import Caller, Kind, Outcome, PhoneNumber
from textback.phones import calling_region, normalise, region_of
from textback.testing.plays import ANONYMOUS, PLAYED_FOR
from textback.testing.simulation import simulation
from textback.words import counted

MOST_DAYS = 366


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(simulate)


@attrs.frozen(kw_only=True)
class Plot:
    """What is to happen."""

    outcome: Outcome
    line: PhoneNumber
    caller: str
    known: Caller | None
    start: datetime
    reply: str | None
    reply_after: timedelta
    days: int
    as_json: bool
    trace: bool


def simulate(
    client: Annotated[str, typer.Argument(help="The client: its file's name without .toml.")],
    outcome: Annotated[Outcome, typer.Option(help="How the call ends.")] = Outcome.NO_ANSWER,
    caller: Annotated[
        str,
        typer.Option(
            "--from", help='Who calls; "anonymous" withholds the number.', show_default=False
        ),
    ] = "",
    line: Annotated[
        str,
        typer.Option(help="Which line is called; the first if not given.", show_default=False),
    ] = "",
    name: Annotated[
        str, typer.Option(help="A CRM knows the caller by this name.", show_default=False)
    ] = "",
    language: Annotated[
        str,
        typer.Option(help="It is known that the caller speaks this, e.g. es.", show_default=False),
    ] = "",
    email: Annotated[
        str, typer.Option(help="A CRM has this e-mail address of the caller.", show_default=False)
    ] = "",
    vip: Annotated[bool, typer.Option("--vip", help="A CRM has the caller as a VIP.")] = False,
    at: Annotated[
        str,
        typer.Option(
            help="When, by the client's clock: 2026-03-02T17:30, or 17:30 for today.",
            show_default=False,
        ),
    ] = "",
    reply: Annotated[
        str | None, typer.Option(help="What the caller writes after the text.")
    ] = None,
    reply_after: Annotated[
        str, typer.Option(help="How long after the call the caller writes, e.g. 90s or 1d.")
    ] = "10m",
    days: Annotated[
        int, typer.Option(help="Virtual days after which it ends, whatever waits.", min=1)
    ] = MOST_DAYS,
    as_json: JsonOption = False,
    trace: TraceOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Play a call to a client on a virtual clock; nothing is sent, and nothing is kept.

    The client's file, its templates, the rules and the engine are the real ones. Its plugins are
    replaced by fakes of their roles, so that no account is needed and none is used.
    """
    set_up(LogSettings(level="error"))
    found = plugins.find(config.parent)
    deployment = complete(load_all(config), found)
    settings = client_of(deployment, client)
    try:
        after = read_duration(reply_after)
    except ConfigError as error:
        misused(f'--reply-after "{reply_after}" {error}')
    if language:
        try:
            is_language(None, None, language)
        except ValueError as error:
            misused(f'--language "{language}" {error}')
    number = _caller(settings, caller)
    plot = Plot(
        outcome=outcome,
        line=_line(settings, line),
        caller=number,
        known=_known(number, name, language, email, vip=vip),
        start=_moment(settings, at),
        reply=reply,
        reply_after=after,
        days=days,
        as_json=as_json,
        trace=trace,
    )
    run(_play(deployment, settings, plot, found))


async def _play(
    config: Config, client: Client, plot: Plot, found: dict[str, plugins.Found]
) -> None:
    tell = timeline.printer(plot.start, as_json=plot.as_json)
    trace = tracing.to_people(say, plot.start) if plot.trace else None
    async with simulation(config, client.id, plot.start, found, trace=trace) as played:
        teller = timeline.Teller(
            client.id, played.world, played.runtime.store, lambda: played.calls, tell
        )
        played.after_round = teller.look
        if plot.outcome is Outcome.OUTGOING:
            say("the business calls out here: such a call is never missed")
        if plot.known is not None and plot.known.number is not None:
            played.world.callers[plot.known.number] = plot.known
        await played.call(PLAYED_FOR[plot.outcome], plot.caller, plot.line)
        if plot.reply is not None and plot.caller != ANONYMOUS:
            await played.advance_to(played.clock.now() + plot.reply_after)
            await played.reply(plot.caller, plot.reply, plot.line)
        over = await played.advance_to_the_end(plot.start + timedelta(days=plot.days))
        texts = sum(text.kind is not Kind.NOTICE for text in played.world.texts)
        mails = len(played.world.emails)
    sent = counted(texts, "text") + (f" and {counted(mails, 'e-mail')}" if mails else "")
    say(
        f"{sent} to the caller, all simulated"
        + ("" if over else f"; more waits after {plot.days} days")
    )


def _caller(client: Client, given: str) -> str:
    """Who calls: as given, else a test phone in test mode, else a number of fiction."""
    line = client.lines[0]
    if given == ANONYMOUS:
        return given
    if given:
        number = normalise(given, region_of(line))
        if number is None:
            misused(f'--from "{given}" is not a phone number; write it like +13035550123')
        return number
    if client.mode == "test" and client.test_phones:
        return client.test_phones[0]
    return _fictional(line)


def _line(client: Client, given: str) -> PhoneNumber:
    """The line that is called."""
    line = normalise(given, region_of(client.lines[0])) if given else client.lines[0]
    if line not in client.lines:
        misused(f'--line "{given}" is none of {client.id}: {", ".join(client.lines)}')
    return line


def _known(number: str, name: str, language: str, email: str, *, vip: bool) -> Caller | None:
    """What CRMs and lookups know of the caller; None if nothing."""
    if number == ANONYMOUS or not (name or language or email or vip):
        return None
    return Caller(
        number=PhoneNumber(number),
        name=name or None,
        first_name=next(iter(name.split()), None),
        known=bool(name or email) or None,
        email=email or None,
        language=language or None,
        vip=vip or None,
    )


def _fictional(line: str) -> str:
    """A mobile number near a line: 555-0123 in North America, else the region's example."""
    if line.startswith("+1"):
        return f"{line[:5]}5550123"
    example = phonenumbers.example_number_for_type(
        calling_region(line), phonenumbers.PhoneNumberType.MOBILE
    )
    if example is None:
        misused("say who calls: --from NUMBER")
    return phonenumbers.format_number(example, phonenumbers.PhoneNumberFormat.E164)


def _moment(client: Client, given: str) -> datetime:
    """When the call comes in."""
    now = SystemClock().now().astimezone(client.time_zone)
    if not given:
        return now
    try:
        if len(given) <= len("17:30:00"):
            return datetime.combine(now, time.fromisoformat(given), client.time_zone)
        moment = datetime.fromisoformat(given)
    except ValueError:
        misused(f'--at "{given}" is no time; write it like 2026-03-02T17:30 or 17:30')
    return moment if moment.tzinfo else moment.replace(tzinfo=client.time_zone)
