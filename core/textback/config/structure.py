"""Tables of a TOML file into frozen attrs classes: strictly, and with every problem at once.

A string is no list, ``true`` is no number, no number is a string, and an unknown key is an error.
cattrs does the work; the hooks here are strict where it is lenient, look up ``${NAME}``, and speak
to the one who wrote the file.  What was looked up, and what is secret, is in no message.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import attrs
import cattrs

from textback.config.messages import Place, Problem, Wrong, nearest, spell
from textback.config.references import References
from textback.config.settings import PluginTable
from textback.config.values import Reading, converter, now_reading
from textback.errors import AssemblyError

T = TypeVar("T")


def structure(
    cls: type[T],
    table: Mapping[str, Any],
    *,
    references: References,
    region: str | None = None,
    given: Mapping[str, Any] | None = None,
) -> T | list[Wrong]:
    """Make *cls* from a table, or say everything that is wrong with the table.

    Args:
        cls: An attrs class; `structure_settings` lists what its fields may be.
        table: As tomllib read it.
        references: Where ``${NAME}`` comes from.
        region: Where phone numbers without a country code are taken to be.
        given: Values of fields that no file may set.
    """
    given = given or {}
    wrong = [Wrong((key,), _unknown(key, setting_names(cls))) for key in table if key in given]
    reading = Reading(references, region)
    token = now_reading.set(reading)
    try:
        made = converter.structure({**table, **given}, cls)
        if not wrong:
            return made
    except Exception as error:  # noqa: BLE001 (cattrs has a tree of them, and plugins their own)
        wrong += [
            attrs.evolve(entry, message=reading.without_secrets(entry.message))
            for entry in _explain(error, ())
        ]
    finally:
        now_reading.reset(token)
    return wrong


def structure_settings(cls: type[T], table: PluginTable, *, where: str | None = None) -> T:
    """Make a plugin's settings from its table.

    Fields may be str, int, float, bool, Literal, an Enum, timedelta, ZoneInfo, PhoneNumber,
    Secret, Path, another attrs class, lists, tuples and mappings of these, and each ``| None``.

    Args:
        cls: The plugin's own frozen attrs class.
        table: From the client's file.
        where: What its problems' paths start with; ``plugins.NAME`` if not given.

    Raises:
        AssemblyError: With a problem for each value that can't be used.
    """
    made = structure(cls, table.settings, references=table.references, region=table.region)
    if isinstance(made, list):
        where = where or spell(("plugins", table.name))
        raise AssemblyError(
            [
                Problem(table.file, f"{where}.{wrong.where}".rstrip("."), wrong.message)
                for wrong in made
            ]
        )
    return made


def setting_names(cls: type) -> list[str]:
    """The names that a file may set of an attrs class."""
    return [field.name for field in attrs.fields(cls) if "given" not in field.metadata]


# ── what went wrong, in words ───────────────────────────────────────────────────────────────────


def _explain(error: BaseException, path: Place) -> Iterable[Wrong]:
    """Flatten cattrs's tree of errors of what was made at *path*."""
    if isinstance(error, cattrs.ClassValidationError):
        noted, rest = error.group_exceptions()
        for child, note in noted:
            yield from _explain(child, (*path, note.name))
        for child in rest:
            yield from _explain(child, path)
    elif isinstance(error, cattrs.IterableValidationError):
        for child, place in error.group_exceptions()[0]:
            yield from _explain(child, (*path, place.index))
    elif isinstance(error, cattrs.ForbiddenExtraKeysError):
        for key in sorted(error.extra_fields):
            yield Wrong((*path, key), _unknown(key, setting_names(error.cl)))
    elif isinstance(error, KeyError) and error.args == path[-1:]:
        yield Wrong(path, "required setting missing", missing=True)
    else:
        yield Wrong(path, _in_words(error, path))


def _in_words(error: BaseException, path: Place) -> str:
    said = str(error.args[0]) if error.args else type(error).__name__
    if not isinstance(error, ValueError | TypeError):
        return f"{type(error).__name__}: {said}"
    # attrs's own validators: "'ring_s' must be > 0: -1", "Length of 'ring' must be >= 1: 0"
    if found := re.match(r"Length of '\w+' must be (\S+) (\d+)", said):
        return f"must have {_COUNTS.get(found[1], found[1])} {found[2]}"
    return said.removeprefix(f"'{path[-1]}' " if path else "")


_COUNTS = {">=": "at least", "<=": "at most"}


def _unknown(key: str, known: Iterable[str]) -> str:
    return f"unknown setting{nearest(key, known)}"
