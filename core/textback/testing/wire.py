"""The simulated carrier's own format: JSON, times in ISO 8601, the fields of our own classes.

A webhook is ``{"events": [{"type": "call", ...}, ...]}``.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, TypeVar

import cattrs
from cattrs.preconf.json import make_converter

from textback.errors import UnreadableWebhook
from textback.events import (
    Booked,
    BookingCancelled,
    CallEvent,
    Event,
    OptIn,
    OptOut,
    TeamReply,
    TextReceived,
    TextStatus,
)

T = TypeVar("T")

KINDS: Mapping[str, type[Event]] = {
    "call": CallEvent,
    "text": TextReceived,
    "status": TextStatus,
    "opt_out": OptOut,
    "opt_in": OptIn,
    "team_reply": TeamReply,
    "booked": Booked,
    "booking_cancelled": BookingCancelled,
}
_NAMES = {kind: name for name, kind in KINDS.items()}

_converter = make_converter(omit_if_default=True)


def write(value: Any) -> Any:
    """One of our frozen classes as what JSON can hold; what is at its default is left out."""
    return _converter.unstructure(value)


def read(kind: type[T], table: Any) -> T:
    """The reverse of `write`.

    Raises:
        UnreadableWebhook: It is not in this format.
    """
    try:
        return _converter.structure(table, kind)
    except (cattrs.BaseValidationError, AttributeError, KeyError, TypeError, ValueError) as error:
        raise UnreadableWebhook(f"not a {kind.__name__} as the simulator writes it") from error


def write_events(events: Iterable[Event]) -> dict[str, Any]:
    """The body of a webhook."""
    return {"events": [{"type": _NAMES[type(event)], **write(event)} for event in events]}


def read_events(body: Any) -> tuple[Event, ...]:
    """The events in a webhook's body.

    Raises:
        UnreadableWebhook: It is not in this format.
    """
    tables = body.get("events") if isinstance(body, dict) else None
    if not isinstance(tables, list):
        raise UnreadableWebhook('the body has no list "events"')
    return tuple(_event(table) for table in tables)


def _event(table: Any) -> Event:
    kind = KINDS.get(str(table.get("type"))) if isinstance(table, dict) else None
    if kind is None:
        raise UnreadableWebhook(f"an event's type is none of: {', '.join(KINDS)}")
    event = read(kind, {name: value for name, value in table.items() if name != "type"})
    if not event.key or event.at.tzinfo is None:
        raise UnreadableWebhook("an event has no key, or its time has no zone")
    return event
