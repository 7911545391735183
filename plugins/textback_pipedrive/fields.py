"""Custom fields: a text from the client's file as the value that a field's type asks for.

https://pipedrive.readme.io/docs/core-api-concepts-custom-fields
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

from textback.catalog import Unknown
from textback_pipedrive.catalog import Field

_TEXTS = frozenset({"varchar", "varchar_auto", "text", "phone", "date"})
_OBJECTS = frozenset({"address", "time"})  # v2 wraps these in an object


def value_of(field: Field, text: str) -> Any:
    """The value for a field.

    Raises:
        Unknown: The text can't be one, or textback can't fill fields of this type.
    """
    match field.type:
        case kind if kind in _TEXTS:
            return text
        case kind if kind in _OBJECTS:
            return {"value": text}
        case "int":
            return _number(field, text, int)
        case "double":
            return _number(field, text, float)
        case "boolean":
            return _truth(field, text)
        case "enum":
            return _option(field, text)
        case "set":
            return [_option(field, part) for part in text.split(",")]
    raise Unknown(f'the field "{field.name}" has a type that can\'t be filled: {field.type}')


def new_values(
    now: Mapping[str, Any], wanted: Mapping[str, Any], replaces: Collection[str]
) -> dict[str, Any]:
    """What is to be written: what is empty now, or may be replaced and differs."""
    return {
        key: value
        for key, value in wanted.items()
        if _is_empty(now.get(key)) or (key in replaces and now[key] != value)
    }


def _is_empty(value: Any) -> bool:
    """Whether a field has nothing in it; 0 and false are something."""
    return value is None or value in ("", [], {}) or value == {"value": None}


def _number(field: Field, text: str, kind: type[int] | type[float]) -> int | float:
    try:
        return kind(text)
    except ValueError:
        raise Unknown(f'the field "{field.name}" takes a number') from None


def _truth(field: Field, text: str) -> bool:
    known = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}
    try:
        return known[text.strip().casefold()]
    except KeyError:
        raise Unknown(f'the field "{field.name}" takes yes or no') from None


def _option(field: Field, text: str) -> int | str:
    wanted = text.strip()
    for option in field.options:
        if wanted == option.id or wanted.casefold() == option.name.casefold():
            return int(option.id) if option.id.isdigit() else option.id
    raise Unknown(f'the field "{field.name}" has no option "{wanted}"')
