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
from textback.config.settings import Registration
from textback.engine.deployment import load_all
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

    With a `sheet` in the file's [registration], says where the file has moved away from it; 1 if it
    has, or if a reviewer would send the description back.
    """
    files = load_all(config)
    business = client_of(files, client)
    campaign = flow.describe(business)
    found = list(flow.shortcomings(campaign))
    registered = _registered(config.parent, business.registration)
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


def _registered(folder: Path, known: Registration | None) -> dict[str, Any] | None:
    if known is None or known.sheet is None:
        return None
    try:
        return read_toml(folder / known.sheet)
    except ConfigError as error:
        raise ConfigError(f"{known.sheet} {error}") from None


def _write(file: Path, words: str) -> None:
    try:
        with file.open("x", encoding="utf-8") as opened:
            opened.write(words)
    except FileExistsError:
        raise ConfigError(f"{file}: is there already; choose another name") from None
    except OSError as error:
        raise ConfigError(f"{file}: can't be written: {error.strerror}") from None
    say(f"{file}: hand it in, and name it in [registration] as `sheet`")
