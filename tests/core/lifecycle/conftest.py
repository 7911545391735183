"""A deployment in a folder, and its database seen from outside."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from support import deployment as d
from textback.cli import app
from textback.errors import TextbackError

Rows = Callable[..., list[tuple[Any, ...]]]
Textback = Callable[..., Awaitable[tuple[int, str, str]]]


@pytest.fixture
def textback(config: Path) -> Textback:
    """Runs a command in a thread, quicker than a process: exit code, data, words."""

    def invoke(words: tuple[str, ...]) -> tuple[int, str, str]:
        result = CliRunner(env=d.environment()).invoke(app, [*words, "--config", str(config)])
        if isinstance(result.exception, TextbackError):  # as `textback.cli.main` has it
            return 1, result.stdout, f"{result.stderr}{result.exception}"
        return result.exit_code, result.stdout, result.stderr

    async def command(*words: str) -> tuple[int, str, str]:
        return await asyncio.to_thread(invoke, words)

    return command


@pytest.fixture
def rows(config: Path) -> Rows:
    """Looks into the store's file, or changes what can't be waited for."""

    def select(query: str, *values: Any) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(config.parent / "textback.db")
        try:
            with connection:
                return connection.execute(query, values).fetchall()
        finally:
            connection.close()

    return select
