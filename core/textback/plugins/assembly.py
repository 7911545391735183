"""Put a stack together, or say everything that is in the way of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import attrs

from textback.config.messages import Problem, nearest
from textback.config.settings import Client, Deployment, PluginTable
from textback.config.structure import structure_settings
from textback.dispatch import OnCall, describe
from textback.errors import AssemblyError, ConfigError
from textback.plugins.anatomy import SPECS, anatomy_of, hooks_of
from textback.plugins.finding import Found, load
from textback.plugins.roles import ROLES, playable, roles_of
from textback.plugins.stack import Stack, stack_of
from textback.services import Services

MakeServices = Callable[[Client, PluginTable, Any], Services]

OF_DEPLOYMENT: Final = frozenset({"resolve_secret", "observe"})
OF_CLIENTS: Final = frozenset(SPECS) - {"resolve_secret"}


@attrs.frozen
class _Part:
    """One plugin, before it is made."""

    table: PluginTable
    kind: type
    settings: Any


def assemble(
    client: Client,
    found: Mapping[str, Found],
    make_services: MakeServices,
    *,
    on_call: OnCall | None = None,
) -> Stack:
    """Build a client's stack.

    Args:
        client: Whose; its plugin tables are taken in the order of its file.
        found: The plugins to choose from.
        make_services: Makes what each plugin is handed, by its table and settings; each gets
            its own.
        on_call: Told of every call of a hook.

    Raises:
        AssemblyError: With every reason why it can't be built.
    """
    if not client.plugins:
        raise AssemblyError([_no_plugin(client)])
    tables = list(client.plugins.values())
    return stack_of(
        client.id,
        tables,
        _instances(tables, found, lambda *part: make_services(client, *part)),
        hooks=OF_CLIENTS,
        on_call=on_call,
    )


def assemble_deployment(
    deployment: Deployment,
    found: Mapping[str, Found],
    make_services: Callable[[PluginTable, Any], Services],
    *,
    on_call: OnCall | None = None,
) -> Stack:
    """Build the stack of ``textback.toml``; it is asked `resolve_secret` and `observe` only.

    Raises:
        AssemblyError: With every reason why it can't be built.
    """
    tables = list(deployment.plugins.values())
    plugins = _instances(tables, found, make_services)
    idle = [table for table in tables if not OF_DEPLOYMENT & hooks_of(type(plugins[table.name]))]
    if idle:
        words = "has neither resolve_secret nor observe; put it into the file of a client"
        raise AssemblyError([_problem(table, words) for table in idle])
    return stack_of("*", tables, plugins, hooks=OF_DEPLOYMENT, on_call=on_call)


def problems_of(client: Client, found: Mapping[str, Found]) -> list[Problem]:
    """Why a client's stack can't be built, as far as can be seen without making its plugins."""
    if not client.plugins:
        return [_no_plugin(client)]
    return _parts(client.plugins.values(), found)[1]


def settings_in(client: Client, found: Mapping[str, Found]) -> dict[str, Any]:
    """The settings of a client's plugins, by table; those that can't be used are left out."""
    return {part.table.name: part.settings for part in _parts(client.plugins.values(), found)[0]}


def _instances(
    tables: Iterable[PluginTable],
    found: Mapping[str, Found],
    make_services: Callable[[PluginTable, Any], Services],
) -> dict[str, Any]:
    parts, problems = _parts(tables, found)
    if problems:
        raise AssemblyError(problems)
    made: dict[str, Any] = {}
    for part in parts:
        services = make_services(part.table, part.settings)
        try:
            made[part.table.name] = part.kind(settings=part.settings, services=services)
        except ConfigError as error:
            problems.append(_problem(part.table, str(error)))
        except Exception as error:  # noqa: BLE001 (a plugin's trouble is its own)
            words = f"{part.kind.__name__} can't be made: {describe(error)}"
            problems.append(_problem(part.table, words))
    if problems:
        raise AssemblyError(problems)
    return made


def _parts(
    tables: Iterable[PluginTable], found: Mapping[str, Found]
) -> tuple[list[_Part], list[Problem]]:
    """The plugins that tables ask for, and all that is wrong with tables and plugins."""
    parts, problems = [], []
    for table in tables:
        try:
            kind = load(_choose(table.use, found))
        except ConfigError as error:
            problems.append(_problem(table, str(error)))
            continue
        anatomy = anatomy_of(kind)
        wrong = [_problem(table, words) for words in anatomy.problems]
        wrong += _problems_of_roles(table, kind)
        if anatomy.settings is not None:
            try:
                settings: Any = structure_settings(anatomy.settings, table)
            except AssemblyError as error:
                wrong += error.problems
            else:
                wrong += _problems_in_roles(table, kind, settings)
                parts.append(_Part(table, kind, settings))
        problems += wrong
    return parts, problems


def _choose(name: str, found: Mapping[str, Found]) -> Found:
    if name not in found:
        hint = nearest(name, found) or "; textback plugins list shows those that are installed"
        raise ConfigError(f'there is no plugin named "{name}"{hint}')
    return found[name]


def _problems_of_roles(table: PluginTable, kind: type) -> Iterator[Problem]:
    can = playable(kind)
    instead = f"it can play: {', '.join(can) or 'none'}"
    path = f"plugins.{table.name}.roles"
    if table.roles is not None and not table.roles:
        yield Problem(table.file, path, f"is empty, so that nothing would be asked; {instead}")
    for role in table.roles or ():
        if role not in ROLES:
            message = f'"{role}" is no role{nearest(role, ROLES)}; {instead}'
            yield Problem(table.file, path, message)
        elif role not in can:
            message = f'{table.use} can\'t play the role "{role}"; {instead}'
            yield Problem(table.file, path, message)


def _problems_in_roles(table: PluginTable, kind: type, settings: Any) -> Iterator[Problem]:
    """What settings with a method ``check_roles(roles)`` say that these roles need."""
    check = getattr(settings, "check_roles", None)
    if check is None:
        return
    try:
        check(roles_of(kind) if table.roles is None else table.roles)
    except ConfigError as error:
        yield _problem(table, str(error))


def _problem(table: PluginTable, message: str) -> Problem:
    return Problem(table.file, f"plugins.{table.name}", message)


def _no_plugin(client: Client) -> Problem:
    return Problem(client.file, "plugins", "names no plugin; add a table, e.g. [plugins.twilio]")
