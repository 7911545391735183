"""What commands share: the deployment's file, the store, and how words and data are printed."""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Coroutine
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NoReturn, TypeVar

import typer
from rich.console import Console
from rich.markup import escape

from textback.clock import SystemClock, micros
from textback.config import Config
from textback.config.settings import Client
from textback.engine.context import keyed_hash
from textback.engine.starting.deployment import load_all
from textback.engine.starting.keys import refuse_another
from textback.errors import ConfigError, WrongStore
from textback.store import Store, Unit, open_store

T = TypeVar("T")

ConfigOption = Annotated[
    Path,
    typer.Option("--config", envvar="TEXTBACK_CONFIG", help="The deployment's file."),
]
ClientOption = Annotated[
    str, typer.Option("--client", help="Only this client; * means all of the deployment.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON lines for programs.")]
TraceOption = Annotated[
    bool,
    typer.Option(
        "--trace", help="Show every call of a hook: plugin, time, result; numbers masked."
    ),
]
DEFAULT_CONFIG = Path("textback.toml")

WIDTH = 120

words = Console(stderr=True, highlight=False, soft_wrap=True)
data = Console(highlight=False, soft_wrap=True)
data.width = max(data.width, WIDTH)  # a narrow terminal wraps: what is cut off can't be copied


def fail(message: str, code: int = 1) -> NoReturn:
    """Say what is wrong and end."""
    words.print(f"[red]textback:[/red] {_plain(message)}")
    raise SystemExit(code)


def misused(message: str) -> NoReturn:
    """Say that the command was called wrongly and end."""
    fail(message, 2)


def say(message: str) -> None:
    """Words about the data, for people."""
    words.print(_plain(message))


def print_json(value: Any) -> None:
    """One line of data."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run a command's asynchronous part, on uvloop where there is one."""
    try:
        import uvloop
    except ModuleNotFoundError:
        return asyncio.run(work)
    return uvloop.run(work)


def now() -> int:
    """The present moment, as the store writes it."""
    return micros(SystemClock().now())


def client_of(config: Config, name: str) -> Client:
    """A client by its name.

    Raises:
        ConfigError: There is none, or its file can't be used.
    """
    if name in config.broken:
        problems = "\n".join(f"  {problem}" for problem in config.broken[name])
        raise ConfigError(f"the file of {name} can't be used:\n{problems}")
    if name not in config.clients:
        known = ", ".join(sorted(config.clients)) or "none"
        raise ConfigError(f'there is no client "{name}"; there are: {known}')
    return config.clients[name]


class Remembered:
    """The store of a deployment, for a command that reads or writes beside `serve`."""

    def __init__(self, path: Path) -> None:
        self.config = load_all(path)
        key = self.config.deployment.store.key
        self.hash_of = keyed_hash(key.value.encode() if key else b"")
        self._store: Store | None = None

    async def __aenter__(self) -> Remembered:
        deployment = self.config.deployment
        self._store = await open_store(deployment.store.url, deployment.directory)
        try:
            await self._store.read(partial(refuse_another, deployment.store))
        except WrongStore:
            await self._store.close()
            raise
        return self

    async def __aexit__(self, *error: object) -> None:
        if self._store is not None:
            await self._store.close()

    @property
    def store(self) -> Store:
        """The store, while it is open."""
        assert self._store is not None
        return self._store

    async def read(self, unit: Unit[T]) -> T:
        """Read on one snapshot."""
        return await self.store.read(unit)

    async def write(self, unit: Unit[T]) -> T:
        """Commit one unit."""
        return await self.store.write(unit)


def _plain(message: str) -> str:
    return escape(message)
