"""``plugins``: what is installed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer
from rich.table import Table

from textback import plugins as mechanism
from textback.cli.common import DEFAULT_CONFIG, ConfigOption, JsonOption, data, print_json
from textback.errors import TextbackError

group = typer.Typer(help="Plugins: what is installed.", no_args_is_help=True)


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="plugins")


@group.callback()
def _group() -> None:
    """Plugins: what is installed."""


@group.command("list")
def list_plugins(as_json: JsonOption = False, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """List the plugins that client files can name, with their hooks and roles."""
    folder = config.parent if config.exists() else Path()
    rows = [_row(name, found) for name, found in sorted(mechanism.find(folder).items())]
    if as_json:
        for row in rows:
            print_json(row)
        return
    table = Table(box=None, header_style="bold")
    for column in ("plugin", "from", "version", "roles"):
        table.add_column(column)
    for row in rows:
        roles = ", ".join(row["roles"]) if not row["problem"] else row["problem"]
        table.add_row(row["plugin"], row["from"], row["version"] or "-", roles)
    data.print(table)


def _row(name: str, found: mechanism.Found) -> dict[str, Any]:
    row: dict[str, Any] = {
        "plugin": name,
        "from": found.origin,
        "version": found.version,
        "hooks": [],
        "roles": [],
        "problem": "",
    }
    try:
        kind = mechanism.load(found)
        row["hooks"] = sorted(mechanism.hooks_of(kind))
        row["roles"] = list(mechanism.roles_of(kind))
    except TextbackError as error:
        row["problem"] = str(error)
    return row
