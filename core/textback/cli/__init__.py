"""The command line: one module a command group."""

from __future__ import annotations

import importlib.metadata
import sys
from typing import Annotated

import typer

from textback.cli import (
    acts,
    backup,
    cases,
    check,
    connect,
    contacts,
    demo,
    evidence,
    files,
    leaving,
    lifecycle,
    moving,
    plugins,
    registration,
    serve,
    simulate,
    suppress,
    what_if,
)
from textback.cli.common import fail
from textback.errors import TextbackError

app = typer.Typer(
    name="textback",
    help="Turns a missed phone call into a conversation.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"textback {importlib.metadata.version('textback')}")
        raise typer.Exit


@app.callback()
def _options(
    *,
    version: Annotated[
        bool,
        typer.Option(
            "--version", help="Say which version this is.", callback=_print_version, is_eager=True
        ),
    ] = False,
) -> None:
    """Turns a missed phone call into a conversation."""
    del version


for group in (
    demo,
    files,
    check,
    registration,
    connect,
    serve,
    simulate,
    cases,
    acts,
    suppress,
    what_if,
    contacts,
    lifecycle,
    evidence,
    backup,
    leaving,
    moving,
    plugins,
):
    group.register(app)


def main() -> None:
    """Run a command; exit codes: 0 fine, 1 found problems, 2 wrong use."""
    try:
        app()
    except TextbackError as error:
        fail(str(error))
    except BrokenPipeError:  # the reader of our output has enough
        sys.stderr.close()
        sys.exit(0)


__all__ = ["app", "main"]
