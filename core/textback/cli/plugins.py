"""``plugins``: what is installed and who uses it; begin a plugin of one's own, and certify it."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from textback import plugins as mechanism
from textback.cli.common import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    data,
    fail,
    misused,
    print_json,
    say,
)
from textback.config import load as load_files
from textback.errors import ConfigError, TextbackError
from textback.plugins import new as beginnings

group = typer.Typer(help="Plugins: installed ones, and your own.", no_args_is_help=True)

NAME = Annotated[str, typer.Argument(help="The plugin's name in client files.")]


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.add_typer(group, name="plugins")


@group.callback()
def _group() -> None:
    """Plugins: installed ones, and your own."""


@group.command("list")
def list_plugins(as_json: JsonOption = False, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """List the plugins that client files can name, with their roles."""
    rows = [_row(name, found) for name, found in sorted(_found(config).items())]
    if as_json:
        for row in rows:
            print_json(row)
        return
    table = _table("plugin", "from", "version", "roles")
    for row in rows:
        roles = ", ".join(row["roles"]) if not row["problem"] else row["problem"]
        table.add_row(row["plugin"], row["from"], row["version"] or "-", roles)
    data.print(table)


@group.command("hooks")
def hooks(as_json: JsonOption = False, config: ConfigOption = DEFAULT_CONFIG) -> None:
    """List which plugin answers which hooks, for which version of them, and for which clients."""
    users = _users(config)
    for name, found in sorted(_found(config).items()):
        row = _row(name, found) | {"clients": users.get(name, [])}
        if as_json:
            print_json(row)
            continue
        version = f" {row['version']}" if row["version"] else ""
        api = row["api"] or f"not said, taken for {mechanism.OLDEST_API}"
        data.print(f"[bold]{escape(name)}[/bold]{escape(version)} from {escape(row['from'])}")
        if row["problem"]:
            data.print(f"  {escape(row['problem'])}")
            continue
        data.print(f"  hooks   {', '.join(row['hooks'])}")
        data.print(f"  api     {api}")
        data.print(f"  roles   {', '.join(row['roles']) or 'none'}")
        data.print(f"  clients {escape(', '.join(map(_used, row['clients']))) or 'none'}")


@group.command("new")
def new(
    name: NAME,
    role: Annotated[
        str, typer.Option(help=f"What it plays, with commas: {', '.join(mechanism.ROLES)}.")
    ],
    into: Annotated[Path, typer.Option(help="Where its folder is made.")] = Path(),
) -> None:
    """Begin a plugin: a package with code, tests, docs and a CI file, whose tests pass.

    It is written for a provider that doesn't exist: change what it says line by line to what yours
    does, and the tests with it.
    """
    roles = [each.strip() for each in role.split(",") if each.strip()]
    other = mechanism.find().get(name)
    if other and other.origin != beginnings.distribution(name):
        misused(f'"{name}" is a plugin of {other.origin} already; choose another name')
    try:
        folder = beginnings.write(name, roles, into)
    except ConfigError as error:
        misused(str(error))
    data.print(escape(str(folder)))
    say(f"now: cd {folder} && pip install -e '.[dev]' && pytest && textback plugins certify {name}")


@group.command("certify")
def certify(
    name: NAME,
    tests: Annotated[Path, typer.Option(help="Its tests: a folder or a file.")] = Path("tests"),
    least: Annotated[
        str, typer.Option(help="Exit with 1 below this: bronze, silver or gold.")
    ] = "bronze",
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Run a plugin's tests and hold the rules against it: bronze, silver or gold."""
    from textback.testing import certifying  # needs pytest, which others don't have

    levels = {level.name.lower(): level for level in certifying.Level if level}
    if least not in levels:
        misused(f'--least "{least}" is none of: {", ".join(levels)}')
    found = _found(config)
    if name not in found:
        fail(
            f'there is no plugin named "{name}" in this environment; '
            "run pip install -e . in its folder, or see textback plugins list"
        )
    certificate = certifying.certify(found[name], tests)
    level = certificate.level.name.lower()
    if as_json:
        print_json(
            {
                "plugin": name,
                "version": certificate.version,
                "level": level,
                "rules": [
                    {
                        "rule": rule.name,
                        "level": rule.level.name.lower(),
                        "met": verdict.met,
                        "why": verdict.why,
                    }
                    for rule, verdict in certificate.verdicts
                ],
            }
        )
    else:
        table = _table("", "rule", "level", "")
        for rule, verdict in certificate.verdicts:
            mark = "[green]met[/green]" if verdict.met else "[red]not met[/red]"
            words = verdict.why or rule.says
            table.add_row(mark, rule.name, rule.level.name.lower(), escape(words))
        data.print(table)
        reached = level if certificate.level else "not certified"
        data.print(f"{escape(name)} is [bold]{reached}[/bold]")
    if certificate.level < levels[least]:
        raise typer.Exit(1)


def _found(config: Path) -> dict[str, mechanism.Found]:
    return mechanism.find(config.parent if config.exists() else Path())


def _users(config: Path) -> dict[str, list[dict[str, Any]]]:
    """By plugin: the clients whose files name it, under which names and in which roles."""
    users: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)
    if not config.exists():
        return users
    files = load_files(config)
    tables = {"*": files.deployment.plugins}
    tables |= {client.id: client.plugins for client in files.clients.values()}
    for client, named in tables.items():
        for table in named.values():
            roles = list(table.roles) if table.roles is not None else None
            users[table.use].append({"client": client, "name": table.name, "roles": roles})
    if files.broken:
        say(f"left out, as their files can't be used: {', '.join(sorted(files.broken))}")
    return users


def _used(use: dict[str, Any]) -> str:
    as_what = ", ".join(use["roles"] or ())
    return f"{use['client']}.{use['name']}" + (f" ({as_what})" if as_what else "")


def _row(name: str, found: mechanism.Found) -> dict[str, Any]:
    row: dict[str, Any] = {
        "plugin": name,
        "from": found.origin,
        "version": found.version,
        "api": None,
        "hooks": [],
        "roles": [],
        "problem": "",
    }
    try:
        kind = mechanism.load(found)
    except TextbackError as error:
        row["problem"] = str(error)
        return row
    anatomy = mechanism.anatomy_of(kind)
    row["api"] = anatomy.api
    row["hooks"] = sorted(anatomy.hooks)
    row["roles"] = list(mechanism.roles_of(kind))
    row["problem"] = "; ".join(anatomy.problems)
    return row


def _table(*columns: str) -> Table:
    table = Table(box=None, header_style="bold")
    for column in columns:
        table.add_column(column)
    return table
