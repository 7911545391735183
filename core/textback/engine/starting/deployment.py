"""The plugins of ``textback.toml``: they give secrets while files are read, and watch commits."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, NoReturn

import structlog

from textback import dispatch, http, plugins
from textback.clock import SystemClock
from textback.config import Config, load
from textback.config.settings import Deployment, PluginTable
from textback.errors import StoreError
from textback.gate import Gates
from textback.services import Services


class _Nothing:
    """Stands for what a plugin of the deployment isn't handed."""

    def __getattr__(self, name: str) -> NoReturn:
        raise StoreError(f"plugins of the deployment have no {name}")


def load_all(path: Path) -> Config:
    """Read all files; what the environment doesn't have is asked of the deployment's plugins.

    Raises:
        ConfigError: ``textback.toml`` can't be used.
        AssemblyError: One of its plugins can't.
    """
    config = load(path, clients=())
    if not config.deployment.plugins:
        return load(path)
    return load(path, resolve=_resolver(config.deployment))


def stack_of(
    deployment: Deployment, transport: http.Transport, on_call: dispatch.OnCall | None = None
) -> plugins.Stack:
    """The plugins of the deployment, ready to be asked."""
    gates = Gates(SystemClock(), lambda *_: None)

    def services(table: PluginTable, settings: object) -> Services:
        nothing: Any = _Nothing()
        return Services(
            client="*",
            plugin=table.name,
            address="",
            http=http.client(transport, gates.of("*", table.name, table.use, settings)),
            clock=SystemClock(),
            log=structlog.get_logger("textback").bind(plugin=table.name),
            state=nothing,
            contacts=nothing,
            in_thread=asyncio.to_thread,
        )

    found = plugins.find(deployment.directory)
    return plugins.assemble_deployment(deployment, found, services, on_call=on_call)


def _resolver(deployment: Deployment) -> Callable[[str], str | None]:
    """Ask for one secret; in a thread, as the caller may be in an event loop of its own."""

    async def ask(reference: str) -> str | None:
        transport = http.Transport()
        try:
            stack = stack_of(deployment, transport)
            answer = await dispatch.first(stack.impls("resolve_secret"), reference=reference)
            return str(answer) if answer is not None else None
        finally:
            await transport.aclose()

    def resolve(reference: str) -> str | None:
        with ThreadPoolExecutor(1) as thread:
            return thread.submit(asyncio.run, ask(reference)).result()

    return resolve
