"""``evidence``: all that is kept on a number, in one file that can be checked."""

from __future__ import annotations

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
    misused,
    now,
    run,
    say,
)
from textback.engine.ledger import proof
from textback.engine.ledger.evidence import gather
from textback.errors import ConfigError
from textback.phones import normalise, region_of
from textback.store import clients, ledger
from textback.store.contacts import DEPLOYMENT
from textback.words import counted


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(evidence)


def evidence(
    number: Annotated[
        str | None, typer.Argument(help="The number, e.g. +13035550123.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="The file to write; it must not be there.", show_default=False),
    ] = None,
    verify: Annotated[
        Path | None,
        typer.Option(help="Check a file that this command has written.", show_default=False),
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Write everything on a number into one file: a page for people, with the data in it.

    Calls, texts word for word, every rule's answer, opt-outs, and the chain of the ledger. With
    --verify a file is checked, and beside its deployment's store that the store still has its head.
    """
    if (number is None) == (verify is None):
        misused("say either a NUMBER or --verify FILE")
    if verify is not None:
        _verify(verify, config)
        return
    assert number is not None
    file = out or Path(f"evidence-{''.join(filter(str.isdigit, number))}.html")
    run(_write(number, file, config))


async def _write(number: str, file: Path, config: Path) -> None:
    async with Remembered(config) as remembered:
        files = remembered.config.clients
        own = [each.lines[0] for each in files.values()]
        found = normalise(number, region_of(own[0]) if own else None)
        if found is None:
            misused(f'"{number}" is not a phone number; write it like +13035550123')
        known = {*(await remembered.read(clients.all_ever)), *files, DEPLOYMENT}
        document = await remembered.read(
            partial(gather, files, sorted(known), found, remembered.hash_of(found), now())
        )
    with sheets.private(file) as opened:
        opened.write(proof.render(document).encode())
    heard = counted(len(document["clients"]), "client")
    say(f"{file}: what {heard} kept on this number; check it with: textback evidence --verify FILE")


def _verify(file: Path, config: Path) -> None:
    try:
        written = file.read_text(encoding="utf-8")
        found = list(proof.faults(written))
        document = proof.read(written)
    except (OSError, UnicodeError) as error:
        fail(f"{file}: can't be read ({type(error).__name__})")
    except ConfigError as error:
        fail(f"{file}: {error}")
    if config.exists():
        found += run(_beside_store(document, config))
    else:
        say("no deployment is here: compare each head with the copy that somebody else keeps")
    for fault in found:
        say(f"{file}: {fault}")
    if found:
        raise SystemExit(1)
    for part in document["clients"]:
        head = part["ledger"]["head"]
        say(f"{part['client']}: holds, up to row {head['seq']}, {head['chain']}")


async def _beside_store(document: proof.Document, config: Path) -> list[str]:
    """Heads of the file that the store has no longer."""
    found = []
    async with Remembered(config) as remembered:
        for part in document["clients"]:
            head = part["ledger"]["head"]
            kept = await remembered.read(partial(ledger.chain_at, part["client"], int(head["seq"])))
            if kept != head["chain"]:
                found.append(f"{part['client']}: the store's chain is another at row {head['seq']}")
    return found
