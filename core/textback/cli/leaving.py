"""``clients export`` and ``clients retire``: a business takes its data and leaves."""

from __future__ import annotations

import json
import zipfile
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from textback.cli import sheets
from textback.cli.common import (
    DEFAULT_CONFIG,
    ConfigOption,
    Remembered,
    fail,
    now,
    run,
    say,
)
from textback.cli.files import clients as group
from textback.engine.ledger.story import iso
from textback.engine.upkeep import retiring
from textback.store import clients
from textback.store.migrations import HEAD
from textback.words import counted

ClientArgument = Annotated[str, typer.Argument(help="The client.")]

ABOUT = """Everything that textback has stored of one client, a file of JSON lines for each table.
Times are microseconds since 1970 in UTC; numbers E.164; what is structured is JSON text.
The ledger's chain: see the page "Show why somebody was texted" of the documentation.
Not in here: the client's own file, its secrets, and what plugins keep for themselves."""


def register(app: typer.Typer) -> None:
    """Add the commands to the group ``clients``."""
    del app
    group.command("export")(export)
    group.command("retire")(retire)


def export(
    client: ClientArgument,
    file: Annotated[Path, typer.Argument(help="The zip file to write; it must not be there.")],
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Write everything that is stored of a client into a zip file of JSON lines; no secrets."""

    async def work() -> None:
        async with Remembered(config) as remembered:
            await _must_be_known(remembered, client)
            counts = await _write(remembered, client, file)
            told = ", ".join(f"{count} {name}" for name, count in counts.items() if count)
            say(f"{file}: {told or 'nothing is stored of this client'}")

    run(work())


async def _write(remembered: Remembered, client: str, file: Path) -> dict[str, int]:
    """Write the file; how many rows of each table."""
    from textback.store.exporting import tables  # loads SQLAlchemy

    counts: dict[str, int] = {}
    with (
        sheets.private(file) as opened,
        zipfile.ZipFile(opened, "w", zipfile.ZIP_DEFLATED) as zipped,
    ):
        for table in tables():
            counts[table.name], last = 0, None
            with zipped.open(f"{table.name}.jsonl", "w", force_zip64=True) as lines:
                while rows := await remembered.read(partial(table.after, client, last)):
                    for row in rows:
                        line = json.dumps(table.values(row), ensure_ascii=False)
                        lines.write(f"{line}\n".encode())
                    counts[table.name], last = counts[table.name] + len(rows), rows[-1]
        about = {"client": client, "exported_at": iso(now()), "schema": HEAD, "rows": counts}
        zipped.writestr("about.json", json.dumps({"about": ABOUT, **about}, indent=2) + "\n")
    return counts


def retire(
    client: ClientArgument,
    undo: Annotated[bool, typer.Option("--undo", help="Serve it again.")] = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Serve a client no longer: no more texts, what waits is cancelled, webhooks get 410.

    What is stored stays until `prune` or `forget`. The client's file may be removed afterwards.
    """

    async def work() -> None:
        async with Remembered(config) as remembered:
            await _must_be_known(remembered, client)
            if undo:
                back = await remembered.write(partial(retiring.bring_back, client, now()))
                say(f"{client} is served again" if back else f"{client} is not retired")
                return
            new, closed, cancelled = await retiring.retire(
                remembered.store, remembered.hash_of, client, now()
            )
            state = "is retired" if new else "was retired already"
            ended, stopped = counted(closed, "case"), counted(cancelled, "waiting step")
            say(f"{client} {state}: {ended} closed, {stopped} cancelled")
            if client in {*remembered.config.clients, *remembered.config.broken}:
                say(f"clients/{client}.toml may be removed now")

    run(work())


async def _must_be_known(remembered: Remembered, client: str) -> None:
    files = {*remembered.config.clients, *remembered.config.broken}
    known = {*files, *(await remembered.read(clients.all_ever))}
    if client not in known:
        fail(f'there is no client "{client}"; there are: {", ".join(sorted(known)) or "none"}')
