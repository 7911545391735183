"""``what-if``: the past, by other files; nothing is sent and nothing is written."""

from __future__ import annotations

from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.table import Table

from textback import plugins
from textback.cli.common import (
    DEFAULT_CONFIG,
    ClientOption,
    ConfigOption,
    JsonOption,
    Remembered,
    client_of,
    data,
    misused,
    now,
    print_json,
    run,
    say,
)
from textback.cli.progress import progress
from textback.clock import SystemClock, moment
from textback.config import Config
from textback.config.durations import read_duration
from textback.config.settings import Client
from textback.engine.ledger.story import iso
from textback.engine.replaying.fates import Fate
from textback.engine.replaying.tools import Tools, tools_of
from textback.engine.replaying.what_if import NONE, Comparison, Difference, Summary
from textback.engine.starting.check import complete
from textback.engine.starting.deployment import load_all
from textback.errors import AssemblyError, ConfigError
from textback.store import past
from textback.words import counted

SHOWN = 100  # differences in the table, if nobody asks for more
ALL = 1 << 60

Side = tuple[Client, Tools]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(what_if)


def what_if(
    other: Annotated[
        Path, typer.Option("--with", help="The changed files: a folder with its textback.toml.")
    ],
    since: Annotated[str, typer.Option(help="How much of the past, e.g. 30d.")] = "30d",
    client: ClientOption = "*",
    most: Annotated[
        int | None,
        typer.Option(
            help="So many differences at most; 100 in the table and all with --json.", min=1
        ),
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Say what other files would have made of the past calls, text by text; nothing is sent."""
    try:
        length = read_duration(since)
    except ConfigError as error:
        misused(f"--since {since}: {error}")
    limit = most or (ALL if as_json else SHOWN)

    async def work() -> None:
        async with Remembered(config) as remembered:
            ours = complete(remembered.config, plugins.find(config.parent))
            theirs = _other(other)
            sides, left_out = _sides(ours, theirs, client)
            shown: list[Difference] = []
            until = now()
            begin = until - length // timedelta(microseconds=1)
            with progress("calls") as (step, total):
                for today, _ in sides:
                    total(await remembered.read(partial(past.count, today[0].id, begin, until)))
                comparison = Comparison(
                    read=remembered.read,
                    hash_of=remembered.hash_of,
                    since=begin,
                    until=until,
                    found=partial(_keep, shown, limit, as_json),
                    progress=step,
                )
                for today, changed in sides:
                    await comparison.run(today, changed)
            if as_json:
                print_json({"summary": _summary(comparison.summary)})
            else:
                _tell(shown, comparison.summary)
            if left_out:
                raise SystemExit(1)

    run(work())


def _other(folder: Path) -> Config:
    file = folder if folder.suffix == ".toml" else folder / "textback.toml"
    return complete(load_all(file), plugins.find(file.parent))


def _sides(ours: Config, theirs: Config, client: str) -> tuple[list[tuple[Side, Side]], bool]:
    """Each client by today's files and by the others; whether one had to be left out."""
    clock, left_out = SystemClock(), False
    if client != "*":
        client_of(ours, client)
    names = [client] if client != "*" else sorted({*ours.clients, *ours.broken})
    renamed = {was: each.id for each in theirs.clients.values() for was in each.was}
    found_here = plugins.find(ours.deployment.directory)
    found_there = plugins.find(theirs.deployment.directory)
    sides = []
    for name in names:
        try:
            today = client_of(ours, name)
            changed = client_of(theirs, renamed.get(name, name))
            sides.append(
                (
                    (today, tools_of(today, found_here, clock)),
                    (changed, tools_of(changed, found_there, clock)),
                )
            )
        except (ConfigError, AssemblyError) as error:
            left_out = True
            say(f"{name} is left out: {error}")
    return sides, left_out


def _keep(shown: list[Difference], limit: int, as_json: bool, found: Difference) -> None:
    if len(shown) >= limit:
        return
    if as_json and limit == ALL:
        print_json(_as_json(found))
        return
    shown.append(found)
    if as_json:
        print_json(_as_json(found))


def _as_json(found: Difference) -> dict[str, Any]:
    call = found.call
    return {
        "client": found.client,
        "case": call.case,
        "call": call.call,
        "caller": call.caller,
        "at": iso(call.at),
        "step": found.step,
        "change": found.change,
        "before": _fate(found.before),
        "after": _fate(found.after),
    }


def _fate(fate: Fate) -> dict[str, Any] | None:
    if fate is NONE:
        return None
    return {
        "what": fate.what,
        "at": iso(fate.at),
        "rule": fate.rule or None,
        "because": fate.because,
        "held_by": fate.held or None,
        "body": fate.body or None,
    }


def _summary(summary: Summary) -> dict[str, Any]:
    return {
        "calls": summary.calls,
        "differing": summary.differing,
        "changes": [
            {"step": step, "change": change, "times": times}
            for (step, change), times in summary.changes.most_common()
        ],
        "agreeing": summary.agreeing,
        "disagreeing": dict(summary.disagreeing.most_common()),
        "other_words": summary.other_words,
    }


def _tell(shown: list[Difference], summary: Summary) -> None:
    if shown:
        table = Table(box=None, header_style="bold")
        for column in ("case", "client", "caller", "called (UTC)", "text", "difference", "because"):
            table.add_column(column)
        for each in shown:
            call = each.call
            table.add_row(
                call.case,
                each.client,
                call.caller or "-",
                f"{moment(call.at):%Y-%m-%d %H:%M}",
                each.step,
                each.change,
                each.after.because or each.after.body or "-",
            )
        data.print(table)
        left = sum(summary.changes.values()) - len(shown)
        if left > 0:
            say(f"and {counted(left, 'more difference')}; --most shows more, --json all")
        data.print()
    for (step, change), times in summary.changes.most_common():
        data.print(f"{times:,} x {step}: {change}", markup=False)
    calls = counted(summary.calls, "missed call")
    differing = counted(summary.differing, "call")
    verdict = f"{differing} would differ" if summary.differing else "no difference"
    data.print(f"{calls} played: {verdict}.")
    data.print(
        f"The replay by today's files agrees with what happened in {summary.agreeing:,} of {calls}."
    )
    for why, times in summary.disagreeing.most_common():
        data.print(f"  {times:,} x {why}", markup=False)
    if summary.other_words:
        data.print(f"  {counted(summary.other_words, 'first text')} had other words then.")
