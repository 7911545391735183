"""``connect``: set our addresses at a client's providers, and say what changes."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated
from urllib.parse import urlsplit

import attrs
import typer
from rich.table import Table

from textback import dispatch, plugins
from textback.cli.common import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    client_of,
    data,
    fail,
    print_json,
    run,
    say,
    words,
)
from textback.config import Config
from textback.config.settings import Client, LogSettings
from textback.engine.retry import describe as in_words
from textback.engine.starting.check import complete
from textback.engine.starting.connecting import connect as ask
from textback.engine.starting.deployment import load_all
from textback.engine.starting.runtime import open_runtime
from textback.forwarding import codes
from textback.log import set_up


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(connect)


def connect(
    client: Annotated[str, typer.Argument(help="The client: its file's name without .toml.")],
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only show what would change.")
    ] = False,
    show_codes: Annotated[
        bool,
        typer.Option(
            "--codes",
            help="Show instead what to dial so that a phone forwards unanswered calls here.",
        ),
    ] = False,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Set the addresses of a client's lines at its providers; no other numbers are touched."""
    files = load_all(config)
    files = complete(files, plugins.find(files.deployment.directory))
    business = client_of(files, client)
    if show_codes:
        _print_codes(business, as_json=as_json)
        return
    url = files.deployment.server.public_url
    if _is_here(urlsplit(url).hostname or ""):
        trouble = f"providers can't reach {url}; set server.public_url to an address that they can"
        if not dry_run:
            fail(trouble)
        say(f"without --dry-run this is refused: {trouble}")
    set_up(LogSettings(level="error"))  # what a provider refuses is printed once
    answers = run(_ask(files, business, dry_run=dry_run))
    if not answers:
        say(f"no plugin of {client} can set its own addresses; their pages say what to enter where")
    for answer in answers:
        _print(answer, as_json=as_json, dry_run=dry_run)
    if any(answer.error is not None for answer in answers):
        raise SystemExit(1)
    say("See what is left to do with: textback check --live")


async def _ask(files: Config, client: Client, *, dry_run: bool) -> list[dispatch.Answer]:
    async with open_runtime(files, alone=False) as runtime:
        return [answer async for answer in ask(runtime, client, dry_run=dry_run)]


def _print(answer: dispatch.Answer, *, as_json: bool, dry_run: bool) -> None:
    if answer.error is not None:
        words.print(f"{answer.plugin}: failed: {in_words(answer.error)}", markup=False, style="red")
        return
    for change in answer.value:
        if as_json:
            print_json({"plugin": answer.plugin, **attrs.asdict(change), "done": not dry_run})
        else:
            before = change.before or "(nothing)"
            data.print(f"{answer.plugin}: {change.what}: {before} -> {change.after}", markup=False)
    count = len(answer.value)
    done = "would change" if dry_run else "changed"
    say(f"{answer.plugin}: {f'{count} {done}' if count else 'all is as it should be'}")


def _print_codes(client: Client, *, as_json: bool) -> None:
    if as_json:
        for entry in codes():
            print_json(attrs.asdict(attrs.evolve(entry, on=entry.to(client.lines[0]))))
        return
    table = Table(box=None, header_style="bold")
    for column in ("phone company", "which calls", "dial", "to undo", "known from"):
        table.add_column(column)
    for entry in codes():
        source = entry.source if entry.verified else f"unverified: {entry.source}"
        table.add_row(entry.carrier, entry.calls, entry.to(client.lines[0]), entry.off, source)
    data.print(table)
    say("Dial from the phone that the business answers; then call it, let it ring, and see.")


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
