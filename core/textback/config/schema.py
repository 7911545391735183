"""What the settings classes say about themselves: JSON Schema for editors, lines for the docs."""

from __future__ import annotations

import types
from collections.abc import Mapping
from datetime import date, timedelta
from enum import Enum
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin
from zoneinfo import ZoneInfo

import attrs

from textback.config.durations import PATTERN, write_duration
from textback.config.fields import Some
from textback.config.hours import PATTERN as HOURS
from textback.config.hours import DayHours, Holidays, write_hours
from textback.config.plugin_tables import PluginKeys
from textback.config.secrets import Secret
from textback.config.settings import Client, Deployment, PluginTable
from textback.config.structure import setting_names
from textback.model import PhoneNumber

Schema = dict[str, Any]

_DIALECT = "https://json-schema.org/draft/2020-12/schema"

# For people; for machines.  Texts may hold ${NAME}, so that patterns let it through.
_PLAIN: dict[Any, tuple[str, Schema]] = {
    str: ("text", {"type": "string"}),
    int: ("whole number", {"type": "integer"}),
    float: ("number", {"type": "number"}),
    bool: ("true or false", {"type": "boolean"}),
    timedelta: ("duration", {"type": "string", "pattern": rf"{PATTERN}|\$\{{"}),
    date: ("date", {"type": "string", "pattern": r"^\d{4}-\d\d-\d\d$|\$\{"}),
    DayHours: ("times of a day", {"type": "string", "pattern": rf"{HOURS}|\$\{{"}),
    Holidays: ("country or part of it", {"type": "string", "examples": ["US", "US-CO"]}),
    ZoneInfo: ("time zone", {"type": "string", "examples": ["America/Denver"]}),
    PhoneNumber: ("phone number", {"type": "string", "examples": ["+13035550100"]}),
    Path: ("path of a file", {"type": "string"}),
    Secret: (
        "secret",
        {
            "anyOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "properties": {"file": {"type": "string"}},
                    "required": ["file"],
                    "additionalProperties": False,
                },
            ]
        },
    ),
    Any: ("anything", {}),
}


@attrs.frozen
class SettingDoc:
    """One setting, for a reference page.

    Attributes:
        type: In words, e.g. ``list of phone numbers``.
        default: As TOML; None if the setting must be set, empty if nothing stands for it.
    """

    name: str
    type: str
    default: str | None
    help: str


def describe(cls: type) -> list[SettingDoc]:
    """The settings of an attrs class, in the order of its fields."""
    return [
        SettingDoc(field.name, _words(field.type), _default(field), field.metadata.get("help", ""))
        for field in _settings(cls)
    ]


def json_schema(plugins: Mapping[str, type]) -> Schema:
    """JSON Schema (2020-12) of a client's file.

    No setting is required in it, since presets and ``[defaults]`` may have it.

    Args:
        plugins: The settings class of each plugin, by the plugin's name.
    """
    properties = _properties(Client)
    properties["extends"] = {
        "description": "Presets that this file stands on; later ones win over earlier ones.",
        "anyOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}}],
    }
    properties["plugins"] = _plugins(plugins) | {"description": _help(Client, "plugins")}
    return {
        "$schema": _DIALECT,
        "title": "A client of textback",
        "type": "object",
        "properties": properties,
        "additionalProperties": False,
        "$defs": {name: _plugin(cls) for name, cls in plugins.items()},
    }


def deployment_schema(plugins: Mapping[str, type]) -> Schema:
    """JSON Schema (2020-12) of ``textback.toml``; *plugins* as for `json_schema`."""
    client = json_schema(plugins)
    properties = _properties(Deployment)
    properties["plugins"] = client["properties"]["plugins"] | {
        "description": _help(Deployment, "plugins")
    }
    properties["defaults"] = {
        "type": "object",
        "description": _help(Deployment, "defaults"),
        "properties": client["properties"],
        "additionalProperties": False,
    }
    return {
        "$schema": _DIALECT,
        "title": "A deployment of textback",
        "type": "object",
        "properties": properties,
        "required": ["server"],
        "additionalProperties": False,
        "$defs": client["$defs"],
    }


def _plugins(plugins: Mapping[str, type]) -> Schema:
    """``[plugins]``: a table's name is its plugin, unless ``use`` says another."""
    by_use = [
        {
            "if": {
                "type": "object",
                "properties": {"use": {"const": name}},
                "required": ["use"],
            },
            "then": {"$ref": f"#/$defs/{name}"},
        }
        for name in plugins
    ]
    by_name = {
        name: {
            "if": {"type": "object", "not": {"required": ["use"]}},
            "then": {"$ref": f"#/$defs/{name}"},
        }
        for name in plugins
    }
    table = {"anyOf": [{"type": "object"}, {"const": False}], "allOf": by_use}
    return {
        "type": "object",
        "properties": {name: table | named for name, named in by_name.items()},
        "additionalProperties": table,
    }


def _plugin(cls: type) -> Schema:
    return {
        "type": "object",
        "properties": _properties(cls) | _properties(PluginKeys),
        "additionalProperties": False,
    }


def _settings(cls: type) -> list[attrs.Attribute[Any]]:
    attrs.resolve_types(cls)
    fields = attrs.fields_dict(cls)
    return [fields[name] for name in setting_names(cls)]


def _properties(cls: type) -> dict[str, Schema]:
    properties = {}
    for field in _settings(cls):
        described = {"description": text} if (text := field.metadata.get("help")) else {}
        properties[field.name] = _schema(field.type) | described
    return properties


def _help(cls: type, name: str) -> str:
    return str(attrs.fields_dict(cls)[name].metadata["help"])


def _schema(kind: Any) -> Schema:
    """The schema of one type that a setting may have."""
    arguments = get_args(kind)
    origin = get_origin(kind)
    if kind in _PLAIN:
        return dict(_PLAIN[kind][1])
    if origin in {Union, types.UnionType}:
        options = [_schema(each) for each in arguments if each is not type(None)]
        return options[0] if len(options) == 1 else {"anyOf": options}
    if origin is Literal:
        return {"enum": list(arguments)}
    if origin in {list, tuple}:
        return {"type": "array", "items": _schema(arguments[0])}
    if origin is Some:
        one = _schema(arguments[0])
        return {"anyOf": [one, {"type": "array", "items": one}]}
    if origin is not None:
        return {"type": "object", "additionalProperties": _schema(arguments[1])}
    if issubclass(kind, Enum):
        return {"enum": [member.value for member in kind]}
    if kind is PluginTable:
        return {}
    return {
        "type": "object",
        "properties": _properties(kind),
        "required": [f.name for f in _settings(kind) if f.default is attrs.NOTHING],
        "additionalProperties": False,
    }


def _words(kind: Any) -> str:
    """One type in words."""
    arguments = get_args(kind)
    origin = get_origin(kind)
    if kind in _PLAIN:
        return _PLAIN[kind][0]
    if origin in {Union, types.UnionType}:
        return " or ".join(_words(each) for each in arguments if each is not type(None))
    if origin is Literal:
        return "one of " + ", ".join(map(_toml, arguments))
    if origin in {list, tuple}:
        of = _words(arguments[0])
        return "tables" if of == "table" else f"list of {of}s"
    if origin is Some:
        return f"{_words(arguments[0])}, or a list"
    if origin is None and issubclass(kind, Enum):
        return "one of " + ", ".join(_toml(member.value) for member in kind)
    return "table"


def _default(field: attrs.Attribute[Any]) -> str | None:
    default: Any = field.default
    if default is attrs.NOTHING:
        return None
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]
        default = None if default.takes_self else default.factory()
    if isinstance(default, Some):
        default = default or None
    return "" if default is None or attrs.has(type(default)) else _toml(default)


def _toml(value: Any) -> str:
    if isinstance(value, Enum):
        return _toml(value.value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, int | float):
        return str(value)
    if isinstance(value, timedelta):
        return f'"{write_duration(value)}"'
    if isinstance(value, DayHours):
        return f'"{write_hours(value)}"'
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{key} = {_toml(entry)}" for key, entry in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    return f'"{value}"'
