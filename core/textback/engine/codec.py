"""What the store keeps as rows and JSON text, and what is spoken of elsewhere: there and back."""

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
from textback.model import Call, Caller, Case, End, Media, Outcome, PhoneNumber
from textback.store.work import Row

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


def call_of(row: Row) -> Call:
    """A call from its row."""
    return Call(
        id=row["call_id"],
        client=row["client"],
        line=PhoneNumber(row["line"]) if row["line"] else None,
        caller=PhoneNumber(row["caller"]) if row["caller"] else None,
        caller_raw=row["caller_raw"],
        caller_name=row["caller_name"],
        started_at=moment(row["started_at"]),
        ended_at=moment(row["ended_at"]) if row["ended_at"] is not None else None,
        outcome=Outcome(row["outcome"]) if row["outcome"] else None,
        duration_ms=row["duration_ms"],
        recording_url=row["recording_url"],
        evidence=row["evidence"],
        case=row["case_id"],
    )


def case_of(row: Row) -> Case:
    """A case from its row."""
    return Case(
        id=row["case_id"],
        client=row["client"],
        number=read_number(row["number"]),
        line=read_number(row["line"]),
        opened_at=moment(row["opened_at"]),
        caller=read_caller(row["caller"]),
        outcome=Outcome(row["outcome"]) if row["outcome"] else None,
        end=End(row["end_state"]) if row["end_state"] else None,
        because=row["because"],
        calls=row["calls"],
        replies=row["replies"],
        closed_at=moment(row["closed_at"]) if row["closed_at"] is not None else None,
        closed_because=row["closed_because"],
    )
