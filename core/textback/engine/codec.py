"""Events and callers as JSON text, for the store."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from typing import Any, get_args
from zoneinfo import ZoneInfo

import cattrs
from cattrs.gen import make_dict_unstructure_fn

from textback.clock import micros, moment
from textback.events import Event
from textback.model import Caller, Media, PhoneNumber

_converter = cattrs.Converter(omit_if_default=True)
_converter.register_unstructure_hook(datetime, micros)
_converter.register_structure_hook(datetime, lambda stamp, _: moment(stamp))
_converter.register_unstructure_hook(ZoneInfo, str)
_converter.register_structure_hook(ZoneInfo, lambda name, _: ZoneInfo(name))
_converter.register_structure_hook(PhoneNumber, lambda number, _: PhoneNumber(number))

_KINDS: dict[str, type] = {kind.__name__: kind for kind in get_args(Event)}
_as_json = json.JSONEncoder(ensure_ascii=False).encode
_writers: dict[type, Callable[[Any], dict[str, Any]]] = {}


def kind_of(event: Event) -> str:
    """The name under which an event is stored."""
    return type(event).__name__


def write_event(event: Event) -> str:
    """An event as JSON text."""
    return _write(event)


def read_event(kind: str, body: str) -> Event:
    """The reverse of `write_event`."""
    return _converter.structure(json.loads(body), _KINDS[kind])


def write_caller(caller: Caller) -> str:
    """A caller as JSON text."""
    return _write(caller)


def read_caller(text: str) -> Caller:
    """The reverse of `write_caller`."""
    return _converter.structure(json.loads(text), Caller)


def write_media(media: tuple[Media, ...]) -> str:
    """Attachments as JSON text."""
    return json.dumps(_converter.unstructure(media)) if media else "[]"


def read_media(text: str) -> tuple[Media, ...]:
    """The reverse of `write_media`."""
    return _converter.structure(json.loads(text), tuple[Media, ...]) if text != "[]" else ()


def _write(value: Any) -> str:
    kind = type(value)
    writer = _writers.get(kind)
    if writer is None:
        writer = make_dict_unstructure_fn(kind, _converter, _cattrs_omit_if_default=True)
        _writers[kind] = writer
    return _as_json(writer(value))


def read_number(value: str | None) -> PhoneNumber | None:
    """A number as the store has it, which is E.164."""
    return PhoneNumber(value) if value is not None else None
