"""``registration``: what to tell the carriers, and whether the file still says the same."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import attrs
import typer

from textback.cli.common import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    client_of,
    print_json,
    say,
)
from textback.config.presets import read_toml
from textback.config.settings import Client
from textback.engine.starting.deployment import load_all
from textback.errors import ConfigError
from textback.flow import registration as flow


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(registration)


def registration(
    client: Annotated[str, typer.Argument(help="The client: its file's name without .toml.")],
    out: Annotated[
        Path | None,
        typer.Option(help="Write the sheet to this file; it must not be there."),
    ] = None,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Print what US carriers ask before a number may text, from the client's own file.

    With `registration.sheet` in the file, says where the file has moved away from it; 1 if it has,
    or if a reviewer would send the description back.
    """
    files = load_all(config)
    business = client_of(files, client)
    campaign = flow.describe(business)
    found = list(flow.shortcomings(campaign))
    registered = _registered(config.parent, business, writes=out is not None)
    if registered is not None:
        found += flow.drift(registered, campaign)
    if as_json:
        print_json({**attrs.asdict(campaign), "findings": found})
    elif out is not None:
        _write(out, flow.sheet(campaign))
    else:
        typer.echo(flow.sheet(campaign), nl=False)
    for each in found:
        say(each)
    if found:
        raise SystemExit(1)


def _registered(folder: Path, client: Client, *, writes: bool) -> dict[str, Any] | None:
    """What was handed in, if the file names it; it may be what is about to be written."""
    known = client.registration
    if known is None or known.sheet is None:
        return None
    file = folder / known.sheet
    if not file.exists():
        if writes:
            return None
        how = f"textback registration {client.id} --out {file}"
        raise ConfigError(f"{file}: there is no such file; write it with: {how}")
    try:
        return read_toml(file)
    except ConfigError as error:
        raise ConfigError(f"{file}: {error}") from None


def _write(file: Path, words: str) -> None:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        with file.open("x", encoding="utf-8") as opened:
            opened.write(words)
    except FileExistsError:
        raise ConfigError(f"{file}: is there already; choose another name") from None
    except OSError as error:
        raise ConfigError(f"{file}: can't be written: {error.strerror}") from None
    say(f"{file}: hand it in, and name it in [registration] as `sheet`")
