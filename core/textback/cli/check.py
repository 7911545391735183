"""``check``: is everything as it must be, before and after going live."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from textback.engine.check import findings, offline

from textback.cli.common import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    data,
    print_json,
    run,
    say,
)
from textback.config import Config, Problem, load
from textback.config.settings import Client
from textback.model import Finding, Severity


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(check)


def check(
    live: Annotated[
        bool, typer.Option("--live", help="Ask the providers, too; nothing is sent.")
    ] = False,
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Check all files, and with --live the accounts behind them; 1 if something is wrong."""
    found = load(config)
    problems = [*found.problems, *offline(found)]
    told = run(findings(found)) if live else {}
    if as_json:
        _print_json(problems, told)
    else:
        _print(found, problems, told)
    bad = problems or any(
        finding.severity is Severity.ERROR for each in told.values() for _, finding in each
    )
    raise SystemExit(1 if bad else 0)


Told = Mapping[str, list[tuple[str, Finding]]]


def _print(found: Config, problems: list[Problem], told: Told) -> None:
    by_file: dict[str, list[Problem]] = {}
    for problem in problems:
        by_file.setdefault(problem.file, []).append(problem)
    for file, each in sorted(by_file.items()):
        data.print(f"{file} can't be used:", markup=False)
        for problem in each:
            where = f"{problem.path}: " if problem.path else ""
            data.print(f"  {where}{problem.message}", markup=False)
    for client, each in told.items():
        for plugin, finding in each:
            data.print(f"{client}: {plugin}: {finding.severity}: {finding.message}", markup=False)
    fine = len(found.clients) - len({p.file for p in problems} & _files(found.clients))
    say(f"{fine} of {len(found.clients) + len(found.broken)} clients can be served")


def _files(clients: Mapping[str, Client]) -> set[str]:
    return {client.file for client in clients.values()}


def _print_json(problems: list[Problem], told: Told) -> None:
    for problem in problems:
        row: dict[str, Any] = {
            "severity": "error",
            "file": problem.file,
            "path": problem.path,
            "message": problem.message,
        }
        print_json(row)
    for client, each in told.items():
        for plugin, finding in each:
            print_json(
                {
                    "severity": finding.severity.value,
                    "client": client,
                    "plugin": plugin,
                    "message": finding.message,
                }
            )
