"""``suppress``: numbers that are never texted, one by one or from a file of the system before."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated

import attrs
import typer

from textback.cli import sheets
from textback.cli.common import (
    DEFAULT_CONFIG,
    ClientOption,
    ConfigOption,
    Remembered,
    client_of,
    fail,
    misused,
    now,
    run,
    say,
)
from textback.clock import micros
from textback.config.settings import Client
from textback.engine.told import people
from textback.engine.told.people import REASONS, HashOf
from textback.model import PhoneNumber
from textback.phones import mask, normalise, region_of
from textback.store import Work, suppressions
from textback.store.contacts import DEPLOYMENT
from textback.words import counted

COLUMNS = ("number", "reason", "since")
WITHOUT_REASON = "opt_out"  # of a row: what old lists are lists of, and what nobody here can lift
IN_ONE_COMMIT = 2000  # looks for an open case: `serve` waits no longer than for these

SkipBadOption = Annotated[
    bool, typer.Option("--skip-bad", help="Import the good rows although others are bad.")
]


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(suppress)


@attrs.frozen
class Unwanted:
    """One row: a number, why, and since when."""

    number: PhoneNumber
    reason: str
    since: int | None


def suppress(
    number: Annotated[str | None, typer.Argument(help="The number, e.g. +13035550123.")] = None,
    source: Annotated[
        Path | None,
        typer.Option("--import", help="CSV file with the columns number, reason, since."),
    ] = None,
    skip_bad: SkipBadOption = False,
    client: ClientOption = "*",
    reason: Annotated[
        str, typer.Option(help="opt_out (only the caller takes it back), staff, or block.")
    ] = "block",
    because: Annotated[str | None, typer.Option(help="Why, for the ledger.")] = None,
    lift: Annotated[bool, typer.Option("--lift", help="Allow texts again.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Never text a number, or those of a file, for one client or (without --client) for all."""
    if (number is None) == (source is None):
        misused("give either a number or --import FILE.csv")
    if source is not None and lift:
        misused("--lift takes one number at a time, not a file")
    if reason not in REASONS:
        misused(f'"{reason}" is no reason; there are: {", ".join(REASONS)}')

    async def work() -> None:
        async with Remembered(config) as remembered:
            clients = list(remembered.config.clients.values())
            if client != "*":
                clients = [client_of(remembered.config, client)]
            if source is not None:
                await _import(remembered, clients, client, source, skip_bad, because)
            elif number is not None:
                await _one(remembered, clients, client, number, None if lift else reason, because)

    run(work())


async def _one(
    remembered: Remembered,
    clients: Sequence[Client],
    scope: str,
    number: str,
    reason: str | None,
    because: str | None,
) -> None:
    found = normalise(number, _region(clients))
    if found is None:
        misused(f'"{number}" is not a phone number; write it like +13035550123')
    act = people.lift if reason is None else partial(people.suppress, reason=reason)
    words = because or "the team asked for it"
    done = await remembered.write(
        lambda: act(remembered.hash_of, clients, scope, found, words, now())
    )
    left = await remembered.read(partial(_left, remembered.hash_of(found), clients))
    if reason is None and left:
        still = f"{mask(found)} is still not texted: {', '.join(left)}"
        if not done:
            fail(f"{still}; --lift takes back what people said of a number, where they said it")
        say(f"taken back ({_where(scope)}), but {still}")
        return
    state = "may be texted again" if reason is None else "will not be texted"
    say(f"{mask(found)} {state} ({_where(scope)})" + ("" if done else "; it was so already"))


def _left(number_hash: str, clients: Sequence[Client]) -> Work[list[str]]:
    """What forbids texts to a number, in words."""
    told: dict[str, None] = {}
    for scope in (*(client.id for client in clients), DEPLOYMENT):
        for row in (yield from suppressions.of(scope, number_hash)):
            why = row["reason"].replace("_", " ")
            told[f"{why} ({_where(row['client'])})"] = None
    return list(told)


async def _import(
    remembered: Remembered,
    clients: Sequence[Client],
    scope: str,
    source: Path,
    skip_bad: bool,
    because: str | None,
) -> None:
    sheet = sheets.read(source, COLUMNS, header=False)
    rows = sheets.sort(sheet, partial(_understand, _region(clients), now()))
    if rows.bad:
        say(f"{source}: {counted(len(rows.bad), 'row')} can't be used:\n{rows.complaint()}")
        if not skip_bad:
            fail("nothing was imported; correct the file, or leave these rows out by --skip-bad")
    words = because or f"imported from {source.name}"
    size = max(1, IN_ONE_COMMIT // max(1, len(clients)))
    new = 0
    for start in range(0, len(rows.good), size):
        part = rows.good[start : start + size]
        unit = partial(_suppress_all, remembered.hash_of, clients, scope, part, words)
        new += await remembered.write(unit)
    are = "is" if new == 1 else "are"
    say(
        f"{counted(len(rows.good), 'number')} will not be texted ({_where(scope)});"
        f" {new} of them {are} new, {counted(len(rows.bad), 'row')} left out"
    )


def _suppress_all(
    hash_of: HashOf,
    clients: Sequence[Client],
    scope: str,
    rows: Sequence[Unwanted],
    because: str,
) -> Work[int]:
    new = 0
    for row in rows:
        new += yield from people.suppress(
            hash_of,
            clients,
            scope,
            row.number,
            because,
            now(),
            reason=row.reason,
            since=row.since,
        )
    return new


def _understand(region: str | None, latest: int, row: Mapping[str, str]) -> Unwanted:
    """One row.

    Raises:
        ValueError: It can't be used; in words.
    """
    written = row.get("number", "").strip()
    number = normalise(written, region)
    if number is None:
        raise ValueError(f'"{written}" is not a phone number')
    reason = row.get("reason", "").strip().lower().replace("-", "_") or WITHOUT_REASON
    if reason not in REASONS:
        raise ValueError(f'"{reason}" is no reason; there are: {", ".join(REASONS)}')
    since = _stamp(row.get("since", "").strip())
    if since is not None and since > latest:
        raise ValueError(f'"{row["since"].strip()}" is in the future')
    return Unwanted(number, reason, since)


def _stamp(written: str) -> int | None:
    """A date or time; without a zone it is taken to be in UTC."""
    if not written:
        return None
    try:
        at = datetime.fromisoformat(written)
    except ValueError:
        raise ValueError(
            f'"{written}" is no date; write it like 2026-03-01 or 2026-03-01T09:30:00Z'
        ) from None
    return micros(at if at.tzinfo else at.replace(tzinfo=UTC))


def _region(clients: Sequence[Client]) -> str | None:
    """Where numbers without a country code are: where the first client is."""
    return region_of(clients[0].lines[0]) if clients else None


def _where(scope: str) -> str:
    return "all clients" if scope == "*" else scope
