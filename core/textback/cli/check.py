"""``check``: is everything as it must be, before and after going live."""

from __future__ import annotations

from typing import Annotated

import attrs
import typer

from textback import plugins
from textback.cli.common import (
    DEFAULT_CONFIG,
    ConfigOption,
    JsonOption,
    data,
    print_json,
    run,
    say,
)
from textback.config import Config, Problem, report
from textback.config.settings import LogSettings
from textback.engine.starting.check import Stored, advice, complete, findings, store_problem, stored
from textback.engine.starting.deployment import load_all
from textback.errors import StoreError
from textback.log import set_up
from textback.model import Finding, Severity
from textback.words import counted

Found = tuple[str, str, Finding]


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
    files = load_all(config)
    installed = plugins.find(files.deployment.directory)
    files = complete(files, installed)
    known, trouble = Stored(), run(store_problem(files))
    if trouble is None:
        try:
            known = run(stored(files))
        except StoreError as error:
            trouble = str(error)
    if trouble is not None:
        problem = Problem(config.name, "store", trouble)
        files = attrs.evolve(files, problems=(*files.problems, problem))
    found: list[Found] = [*advice(files, installed), *known.findings]
    if live:
        set_up(LogSettings(level="error"))  # what a provider refuses is a finding
        found += run(_gather(files))
    if as_json:
        _print_json(files, found)
    else:
        _print(files, found, known.retired, usable=trouble is None)
    wrong = any(finding.severity is Severity.ERROR for _, _, finding in found)
    raise SystemExit(1 if files.problems or wrong else 0)


async def _gather(files: Config) -> list[Found]:
    return [each async for each in findings(files)]


def _print(files: Config, found: list[Found], retired: frozenset[str], *, usable: bool) -> None:
    if files.problems:
        data.print(report(files.problems), markup=False)
    for client, plugin, finding in found:
        where = f"{client}: {plugin}" if plugin else client
        data.print(f"{where}: {finding.severity}: {finding.message}", markup=False)
    served = {*files.clients, *files.broken} - retired
    can = len(served - files.broken.keys()) if usable else 0
    gone = f", {len(retired)} retired" if retired else ""
    say(f"{can} of {counted(len(served), 'client')} can be served{gone}")


def _print_json(files: Config, found: list[Found]) -> None:
    for problem in files.problems:
        print_json(
            {
                "severity": Severity.ERROR.value,
                "file": problem.file,
                "path": problem.path,
                "message": problem.message,
            }
        )
    for client, plugin, finding in found:
        print_json(
            {
                "severity": finding.severity.value,
                "client": client,
                "plugin": plugin or None,
                "message": finding.message,
            }
        )
