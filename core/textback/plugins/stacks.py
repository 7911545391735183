"""The stacks in use: each built when it is first needed, the least used ones let go."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Mapping
from typing import Final

from textback.config.settings import Client
from textback.dispatch import OnCall
from textback.errors import ConfigError
from textback.plugins.anatomy import hooks_of
from textback.plugins.assembly import MakeServices, assemble
from textback.plugins.finding import Found, load
from textback.plugins.roles import is_asked
from textback.plugins.stack import Stack

LIMIT: Final = 2000  # stacks; each has about 10 KiB


class Stacks:
    """The stacks of a deployment's clients, the last *limit* ones that were asked for.

    One that is let go is not closed: whoever still runs a hook of it goes on undisturbed, and it is
    gone when the last of them has ended.  There is nothing to close but the shared transport.

    Args:
        clients: Looked at when a stack is built, so it may change; see `drop`.
        found: The plugins to choose from.
        make_services: Makes what each plugin is handed.
        on_call: Told of every call of a hook.
        limit: How many are kept.
    """

    def __init__(
        self,
        clients: Mapping[str, Client],
        found: Mapping[str, Found],
        make_services: MakeServices,
        *,
        on_call: OnCall | None = None,
        limit: int = LIMIT,
    ) -> None:
        self._clients = clients
        self._found = found
        self._make_services = make_services
        self._on_call = on_call
        self._limit = limit
        self._built: OrderedDict[str, Stack] = OrderedDict()
        self._building: dict[str, asyncio.Task[Stack]] = {}

    def __len__(self) -> int:
        return len(self._built)

    async def get(self, client: str) -> Stack:
        """A client's stack; who asks while it is built waits for the same one.

        Raises:
            KeyError: There is no such client.
            AssemblyError: It can't be built; nothing is kept, and the next one tries again.
        """
        stack = self._built.get(client)
        if stack is not None:
            self._built.move_to_end(client)
            return stack
        task = self._building.get(client)
        if task is None:
            task = asyncio.create_task(self._build(self._clients[client]))
            self._building[client] = task
            task.add_done_callback(lambda done: self._finish(client, done))
        return await asyncio.shield(task)

    def offers(self, client: str, hook: str) -> bool:
        """Whether a client's plugins would be asked a hook, without building them.

        What can't be imported or isn't there offers nothing; `get` says why.
        """
        return any(
            is_asked(hook, table.roles) and self._has(table.use, hook)
            for table in self._clients[client].plugins.values()
        )

    def drop(self, client: str) -> None:
        """Forget a stack: its file has changed, or it is gone."""
        self._built.pop(client, None)
        self._building.pop(client, None)

    async def close(self) -> None:
        """Forget all, and stop building."""
        building = list(self._building.values())
        self._building.clear()
        self._built.clear()
        for task in building:
            task.cancel()
        await asyncio.gather(*building, return_exceptions=True)

    async def _build(self, client: Client) -> Stack:
        named = {self._found[t.use] for t in client.plugins.values() if t.use in self._found}
        new = [found for found in named if found.loaded is None]
        if new:  # some packages take a second to import; the calls of others don't wait for it
            await asyncio.to_thread(_load, new)
        return assemble(client, self._found, self._make_services, on_call=self._on_call)

    def _finish(self, client: str, task: asyncio.Task[Stack]) -> None:
        failed = task.cancelled() or task.exception() is not None
        if self._building.get(client) is not task:
            return  # dropped meanwhile: those who wait get it, nobody else
        del self._building[client]
        if not failed:
            self._built[client] = task.result()
            while len(self._built) > self._limit:
                self._built.popitem(last=False)

    def _has(self, plugin: str, hook: str) -> bool:
        try:
            return plugin in self._found and hook in hooks_of(load(self._found[plugin]))
        except ConfigError:
            return False


def _load(plugins: list[Found]) -> None:
    for found in plugins:
        try:
            load(found)
        except ConfigError:
            continue  # assembling says so, with the file that names it
