"""``init``, ``clients add`` and ``schema``: the files of a deployment."""

from __future__ import annotations

import json
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from textback import plugins
from textback.cli.common import DEFAULT_CONFIG, ConfigOption, misused, say
from textback.config import load, scaffold
from textback.config.schema import deployment_schema, json_schema
from textback.errors import ConfigError, TextbackError

clients = typer.Typer(help="Clients: the businesses that are served.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(init)
    app.command()(schema)
    app.add_typer(clients, name="clients")


def init(
    directory: Annotated[Path, typer.Argument(help="Made if it isn't there.", metavar="DIR")],
) -> None:
    """Write the files of a deployment, with one example client in test mode."""
    for path in scaffold.init(directory):
        typer.echo(path)
    say(
        "Next: textback check, and textback simulate example, "
        f"with --config {directory / 'textback.toml'} or in that directory."
    )


@clients.callback()
def _clients() -> None:
    """Clients: the businesses that are served."""


@clients.command("add")
def add(
    client: Annotated[str, typer.Argument(help="Name of its file: lower case, digits, hyphens.")],
    name: Annotated[
        str | None, typer.Option(help="The business's name, as callers know it.")
    ] = None,
    line: Annotated[
        str | None, typer.Option(help="The number that callers dial, e.g. +13035550100.")
    ] = None,
    time_zone: Annotated[
        str | None, typer.Option(help='Where it is, e.g. "America/Denver".')
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Write the commented file of one more client, in test mode."""
    load(config, clients=())  # a deployment must be there
    try:
        path = scaffold.add_client(config.parent, client, name=name, line=line, time_zone=time_zone)
    except ConfigError as error:
        misused(str(error))
    typer.echo(path)
    say("Fill in what its comments ask for, then: textback check")


class File(StrEnum):
    """The files that have a schema."""

    CLIENT = "client"
    DEPLOYMENT = "deployment"


def schema(
    file: Annotated[
        File, typer.Argument(help="client: clients/*.toml and presets; deployment: textback.toml.")
    ] = File.CLIENT,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Print the JSON Schema of a file, with all plugins that are installed, for editors."""
    settings: dict[str, type] = {}
    for name, found in sorted(plugins.find(config.parent).items()):
        try:
            of_plugin = plugins.anatomy_of(plugins.load(found)).settings
        except TextbackError as error:
            say(f"{name} is left out: {error}")
            continue
        if of_plugin is not None:
            settings[name] = of_plugin
    make = json_schema if file is File.CLIENT else deployment_schema
    typer.echo(json.dumps(make(settings), indent=2, ensure_ascii=False))
