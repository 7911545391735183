"""``[plugins.NAME]`` of a client's file or of textback.toml, but for the plugin's own settings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from textback.config.messages import Place, Wrong
from textback.config.references import References
from textback.config.settings import PluginTable, setting
from textback.config.structure import structure

# It stands in a webhook's address, and in the names of steps.
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}", re.ASCII)


@attrs.frozen(kw_only=True)
class PluginKeys:
    """What every plugin's table may say beside the plugin's own settings."""

    use: str | None = setting("Which plugin it is; the table's name if not set.", default=None)
    roles: tuple[str, ...] | None = setting(
        "What it is asked for, of what it can do; everything if not set.", default=None
    )
    was: tuple[str, ...] = setting("Earlier names of this table.", default=())


KEYS = frozenset(attrs.fields_dict(PluginKeys))


def plugin_tables(
    tables: Any, file: str, references: References, region: str | None
) -> tuple[dict[str, PluginTable], list[Wrong]]:
    """Read all ``[plugins.NAME]``, in order; what is wrong is left out and told."""
    if not isinstance(tables, dict):
        return {}, [Wrong(("plugins",), "must be tables, e.g. [plugins.twilio]")]
    made: dict[str, PluginTable] = {}
    wrong: list[Wrong] = []
    for name, table in tables.items():
        path = ("plugins", name)
        if not _NAME.fullmatch(name):
            message = "must be named with lower-case letters, digits, - and _, at most 63"
            wrong.append(Wrong(path, message))
            continue
        if not isinstance(table, dict):
            message = "must be a table; only false, which leaves out a preset's plugin, may be else"
            wrong.append(Wrong(path, message))
            continue
        keys = _keys(table, references)
        if isinstance(keys, list):
            wrong += [attrs.evolve(entry, path=(*path, *entry.path)) for entry in keys]
            continue
        wrong += check_names(keys.was, (*path, "was"))
        made[name] = PluginTable(
            name=name,
            use=keys.use or name,
            roles=keys.roles,
            was=keys.was,
            settings={key: value for key, value in table.items() if key not in KEYS},
            file=file,
            references=references,
            region=region,
        )
    return made, wrong + _claimed(made)


_PLAIN = PluginKeys()


def _keys(table: Mapping[str, Any], references: References) -> PluginKeys | list[Wrong]:
    given = {key: table[key] for key in KEYS & table.keys()}
    return structure(PluginKeys, given, references=references) if given else _PLAIN


def check_names(names: Iterable[str], path: Place) -> list[Wrong]:
    """Complain about earlier names that no client or plugin can ever have had."""
    return [
        Wrong((*path, at), f'"{name}" is no name that it can have had')
        for at, name in enumerate(names)
        if not _NAME.fullmatch(name)
    ]


def _claimed(tables: Mapping[str, PluginTable]) -> list[Wrong]:
    """Earlier names that are in use, or claimed twice."""
    wrong = []
    claimed: dict[str, str] = {}
    for name, table in tables.items():
        for at, was in enumerate(table.was):
            path = ("plugins", name, "was", at)
            if was in tables:
                wrong.append(Wrong(path, f'"{was}" is a plugin now; leave it out'))
            elif claimed.setdefault(was, name) != name:
                wrong.append(Wrong(path, f'"{was}" is claimed by plugins.{claimed[was]} too'))
    return wrong
