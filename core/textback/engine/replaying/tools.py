"""What a client's plugins can do, as far as a replay depends on it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NoReturn

import attrs
import httpx
import structlog

from textback import http, plugins
from textback.clock import Clock
from textback.config.settings import Client, PluginTable
from textback.dispatch import Impl
from textback.errors import ConfigError, NotSent, StoreError
from textback.gate import Gate
from textback.plugins.roles import is_asked
from textback.services import Services


@attrs.frozen(kw_only=True)
class Tools:
    """What a client's plugins can do.

    Attributes:
        judges: Asked for verdicts, which are pure.
        judging: Their classes, names and settings; equal ones judge alike.
        texts: Whether one can send texts.
        mails: Whether one can send e-mail.
        books: Whether one gives links for booking.
        composes: Whether one writes texts itself; what it would write isn't known.
    """

    judges: Sequence[Impl] = ()
    judging: Sequence[tuple[type, str, Any]] = ()
    texts: bool = False
    mails: bool = False
    books: bool = False
    composes: bool = False


def tools_of(client: Client, found: Mapping[str, plugins.Found], clock: Clock) -> Tools:
    """What a client's plugins can do; only those that judge are made, and reach nothing.

    Raises:
        ConfigError: A plugin can't be imported, or one that judges can't be made.
    """
    hooks: set[str] = set()
    judging: dict[str, PluginTable] = {}
    for table in client.plugins.values():
        if table.use not in found:
            raise ConfigError(f'{client.id}: there is no plugin named "{table.use}"')
        able = plugins.hooks_of(plugins.load(found[table.use]))
        hooks |= {hook for hook in able if is_asked(hook, table.roles)}
        if "judge" in able:
            judging[table.name] = table
    judges: Sequence[Impl] = ()
    made: Sequence[tuple[type, str, Any]] = ()
    if judging:
        alone = attrs.evolve(client, plugins=judging)
        stack = plugins.assemble(alone, found, partial(_services, clock))
        judges = stack.impls("judge")
        made = [(type(each), name, stack.settings_of(name)) for name, each in stack.plugins.items()]
    return Tools(
        judges=judges,
        judging=made,
        texts="send_text" in hooks,
        mails="send_email" in hooks,
        books="booking_link" in hooks,
        composes="compose_text" in hooks,
    )


class _Nothing:
    """Stands for what a plugin that only judges has no use for."""

    def __getattr__(self, name: str) -> NoReturn:
        raise StoreError(f"a plugin that judges the past has no {name}")


def _services(clock: Clock, client: Client, table: PluginTable, settings: object) -> Services:
    del settings
    nothing: Any = _Nothing()
    return Services(
        client=client.id,
        plugin=table.name,
        address="",
        http=http.client(httpx.MockTransport(_refuse), Gate("nobody", clock)),
        clock=clock,
        log=structlog.get_logger("textback").bind(client=client.id, plugin=table.name),
        state=nothing,
        contacts=nothing,
        in_thread=asyncio.to_thread,
        lines=client.lines,
        roles=table.roles,
    )


def _refuse(request: httpx.Request) -> NoReturn:
    del request
    raise NotSent("the past is played without any effect outside")
