"""What one value of a TOML file may be, strictly, for each type that a setting may have.

cattrs is lenient (it would make a list of a string, and 1.0 of ``true``) and speaks to programmers;
these hooks are strict and speak to the one who wrote the file.  They never show a value that is no
text, since it may be a secret in the wrong place.
"""

from __future__ import annotations

import contextlib
import inspect
import math
from collections.abc import Callable, Iterable, Mapping
from contextvars import ContextVar
from datetime import date, datetime, time, timedelta
from enum import Enum
from pathlib import Path
from typing import Any, Literal, get_args, get_origin
from zoneinfo import ZoneInfo, available_timezones

import attrs
import cattrs
from cattrs.gen import make_dict_structure_fn, override

from textback.config.durations import read_duration
from textback.config.fields import Some
from textback.config.hours import DayHours, Holidays, read_holidays, read_hours
from textback.config.messages import nearest
from textback.config.references import References
from textback.config.secrets import Secret
from textback.config.settings import PluginTable
from textback.errors import ConfigError
from textback.model import PhoneNumber
from textback.phones import normalise

Hook = Callable[[Any, Any], Any]


@attrs.frozen
class Reading:
    """What the hooks need to know while one table is read.

    Attributes:
        region: Where phone numbers without a country code are taken to be.
        looked_up: Values that may be in no message, and what is shown instead.
    """

    references: References
    region: str | None
    looked_up: dict[str, str] = attrs.field(factory=dict, repr=False)

    def expand(self, raw: str) -> str:
        """*raw* with its references looked up."""
        return self.references.expand(raw, self.looked_up)

    def without_secrets(self, message: str) -> str:
        """A message with everything hidden that was looked up or is a secret."""
        for value, shown in self.looked_up.items():
            for form in (value, repr(value)[1:-1]):
                if len(form) > 3:
                    message = message.replace(form, shown)
        return message


now_reading: ContextVar[Reading] = ContextVar("now_reading")


# ── one value ───────────────────────────────────────────────────────────────────────────────────


def _text(raw: Any, what: str = "a text in quotes") -> str:
    if not isinstance(raw, str):
        raise ConfigError(f"must be {what}, not {_kind(raw)}")
    return now_reading.get().expand(raw)


def _secret(raw: Any, _: Any) -> Secret:
    reading = now_reading.get()
    if isinstance(raw, dict) and raw.keys() == {"file"}:
        value = reading.references.read_file(_text(raw["file"], "the path of a file, in quotes"))
    else:
        value = _text(raw, 'a text in quotes or { file = "PATH" }')
    if not value:
        raise ConfigError("is empty")
    reading.looked_up.setdefault(value, "***")
    return Secret(value)


def _whole_number(raw: Any, _: Any) -> int:
    if isinstance(raw, bool) or not isinstance(raw, int):
        raise ConfigError(f"must be a whole number, not {_kind(raw)}")
    return raw


def _number(raw: Any, _: Any) -> float:
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        raise ConfigError(f"must be a number, not {_kind(raw)}")
    if not math.isfinite(raw):
        raise ConfigError("must be a finite number")
    return float(raw)


def _truth(raw: Any, _: Any) -> bool:
    if not isinstance(raw, bool):
        raise ConfigError(f"must be true or false, not {_kind(raw)}")
    return raw


def _written(read: Callable[[str], Any], what: str) -> Hook:
    """A hook for what people write in a way of its own; *read* says what is wrong with it."""

    def hook(raw: Any, _: Any) -> Any:
        text = _text(raw, what)
        try:
            return read(text)
        except ConfigError as error:
            raise ConfigError(f'"{raw}" {error}') from None

    return hook


def _date(raw: Any, _: Any) -> date:
    if isinstance(raw, date) and not isinstance(raw, datetime):
        return raw
    text = _text(raw, 'a date, e.g. "2026-12-24"')
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise ConfigError(f'"{raw}" is no date; write e.g. "2026-12-24"') from None


def _time_zone(raw: Any, _: Any) -> ZoneInfo:
    name = _text(raw, 'the name of a time zone in quotes, e.g. "America/Denver"')
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        hint = nearest(raw, available_timezones(), cutoff=0.8) or '; write e.g. "America/Denver"'
        raise ConfigError(f'"{raw}" is no time zone{hint}') from None


def _phone_number(raw: Any, _: Any) -> PhoneNumber:
    text = _text(raw, 'a phone number in quotes, e.g. "+13035550100"')
    number = normalise(text, now_reading.get().region)
    if number is None:
        raise ConfigError(
            f'"{raw}" is no phone number; write it with its country code, e.g. "+13035550100"'
        )
    return number


def _file_path(raw: Any, _: Any) -> Path:
    return now_reading.get().references.directory / _text(raw, "the path of a file, in quotes")


def _one_of(choices: Mapping[Any, Any]) -> Hook:
    """A hook that takes the keys of *choices*, and gives their values."""

    def read(raw: Any, _: Any) -> Any:
        value = now_reading.get().expand(raw) if isinstance(raw, str) else raw
        for choice, meaning in choices.items():
            if type(choice) is type(value) and choice == value:
                return meaning
        shown = f'"{raw}"' if isinstance(raw, str) else _kind(raw)
        known = ", ".join(f'"{c}"' if isinstance(c, str) else str(c) for c in choices)
        words = [choice for choice in choices if isinstance(choice, str)]
        hint = nearest(raw, words) if isinstance(raw, str) else ""
        raise ConfigError(f"{shown} is not one of {known}{hint}")

    return read


def _enum(raw: Any, kind: Any) -> Any:
    return _one_of({member.value: member for member in kind})(raw, kind)


def _or_enum(hook: Hook) -> Hook:
    """Cattrs takes an Enum of texts for a text, and one of numbers for a number."""
    return lambda raw, kind: (_enum if issubclass(kind, Enum) else hook)(raw, kind)


# ── values within values ────────────────────────────────────────────────────────────────────────


def _each(pairs: Iterable[tuple[Any, Any]], hook: Hook, of: Any) -> list[Any]:
    """Structure the values of *pairs*; what is wrong is noted with its key, in cattrs's way."""
    made, errors = [], []
    for key, raw in pairs:
        try:
            made.append(hook(raw, of))
        except Exception as error:  # noqa: BLE001 (raised again, with all others)
            error.add_note(cattrs.IterableValidationNote("", key, of))
            errors.append(error)
    if errors:
        raise cattrs.IterableValidationError("entries", errors, list)
    return made


def _list_hook(kind: Any, converter: cattrs.Converter) -> Hook:
    build = tuple if get_origin(kind) is tuple else list
    of = get_args(kind)[0]
    hook = converter.get_structure_hook(of)

    def read(raw: Any, _: Any) -> Any:
        if not isinstance(raw, list):
            raise ConfigError(f"must be a list in [brackets], not {_kind(raw)}")
        return build(_each(enumerate(raw), hook, of))

    return read


def _some_hook(kind: Any, converter: cattrs.Converter) -> Hook:
    of = get_args(kind)[0]
    hook = converter.get_structure_hook(of)

    def read(raw: Any, _: Any) -> Any:
        return Some(_each(enumerate(raw), hook, of) if isinstance(raw, list) else [hook(raw, of)])

    return read


def _table_hook(kind: Any, converter: cattrs.Converter) -> Hook:
    of = get_args(kind)[1]
    hook = converter.get_structure_hook(of)

    def read(raw: Any, _: Any) -> dict[str, Any]:
        if not isinstance(raw, dict):
            raise ConfigError(f"must be a table, not {_kind(raw)}")
        return dict(zip(raw, _each(raw.items(), hook, of), strict=True))

    return read


def _class_hook(cls: Any, converter: cattrs.Converter) -> Hook:
    attrs.resolve_types(cls)
    overrides: dict[str, Any] = {}
    for field in attrs.fields(cls):
        if "given" in field.metadata:
            overrides[field.name] = override(struct_hook=_as_it_is)
        elif field.validator is not None:
            overrides[field.name] = override(struct_hook=_judged(field, converter))
    hook = make_dict_structure_fn(
        cls,
        converter,
        _cattrs_forbid_extra_keys=True,
        _cattrs_detailed_validation=True,
        **overrides,
    )

    def read(raw: Any, _: Any) -> Any:
        if not isinstance(raw, dict):
            raise ConfigError(f"must be a table, not {_kind(raw)}")
        return hook(raw, cls)

    return read


def _as_it_is(value: Any, _: Any) -> Any:
    return value


def _judged(field: attrs.Attribute[Any], converter: cattrs.Converter) -> Hook:
    """A field's hook that asks its validator too, so that all problems come at once."""
    hook = converter.get_structure_hook(field.type)
    validator = field.validator
    assert validator is not None

    def read(raw: Any, kind: Any) -> Any:
        value = hook(raw, kind)
        # One that looks at the whole object is asked again when that is made.
        with contextlib.suppress(AttributeError):
            validator(None, field, value)
        return value

    return read


def _kind(raw: Any) -> str:
    """What a TOML value is, without showing it: it may be a secret."""
    for kinds, words in _KINDS:
        if isinstance(raw, kinds):
            return words
    return f"a {type(raw).__name__}"


_KINDS: list[tuple[type | tuple[type, ...], str]] = [
    (bool, "true or false"),
    (int, "a whole number"),
    (float, "a number with a decimal point"),
    (str, "a text"),
    (list, "a list"),
    (dict, "a table"),
    ((date, time), "a date or time"),
]


# ── the converter, made once ────────────────────────────────────────────────────────────────────


def _is_list(kind: Any) -> bool:
    """Whether it is ``list[X]`` or ``tuple[X, ...]``."""
    return get_origin(kind) is list or (get_origin(kind) is tuple and get_args(kind)[1:] == (...,))


def _is_some(kind: Any) -> bool:
    return get_origin(kind) is Some


def _is_table(kind: Any) -> bool:
    """Whether it is ``dict[str, X]`` or ``Mapping[str, X]``."""
    origin: Any = get_origin(kind)
    return inspect.isclass(origin) and issubclass(origin, Mapping)


def _is_literal(kind: Any) -> bool:
    return get_origin(kind) is Literal


def _literal_hook(kind: Any, _: cattrs.Converter) -> Hook:
    return _one_of({choice: choice for choice in get_args(kind)})


def _make_converter() -> cattrs.Converter:
    made = cattrs.Converter(detailed_validation=True, forbid_extra_keys=True)
    made.register_structure_hook(PluginTable, _as_it_is)
    made.register_structure_hook(Enum, _enum)
    made.register_structure_hook(str, _or_enum(lambda raw, _: _text(raw)))
    made.register_structure_hook(int, _or_enum(_whole_number))
    for kind, hook in {
        float: _number,
        bool: _truth,
        Secret: _secret,
        timedelta: _written(read_duration, 'a duration in quotes, e.g. "2h"'),
        date: _date,
        DayHours: _written(read_hours, 'times in quotes, e.g. "08:00-17:00"'),
        Holidays: _written(read_holidays, 'a country or a part of it in quotes, e.g. "US-CO"'),
        ZoneInfo: _time_zone,
        PhoneNumber: _phone_number,
        Path: _file_path,
    }.items():
        made.register_structure_hook(kind, hook)
    for fits, factory in (
        (attrs.has, _class_hook),
        (_is_list, _list_hook),
        (_is_some, _some_hook),
        (_is_table, _table_hook),
        (_is_literal, _literal_hook),
    ):
        made.register_structure_hook_factory(fits, factory)
    return made


converter = _make_converter()
"""Made once: its hooks are compiled at the first use of each class."""
