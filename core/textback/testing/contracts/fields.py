"""A webhook with one field missing or odd; and events with a field of the wrong type."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from copy import deepcopy
from types import UnionType
from typing import Any, Final, Union, get_args, get_origin, get_type_hints
from urllib.parse import parse_qsl, urlencode

import attrs

from textback.events import Event, WebhookRequest

MISSING: Final = object()
"""Stands for a field that isn't there."""

ODD: Final[Sequence[Any]] = (MISSING, None, "", "x", 0, -1, True, [], {}, ["x"], {"x": "x"})
"""What a field may be that its reader doesn't expect; a form has it as words."""

_DEEPEST = 5


def variants(request: WebhookRequest, values: Sequence[Any]) -> Iterator[WebhookRequest]:
    """The request with each of its fields, one at a time, as each of *values*."""
    try:
        body = json.loads(request.body)
    except ValueError:
        yield from _of_pairs(request, values)
        return
    for path in _paths(body):
        for value in values:
            yield attrs.evolve(request, body=json.dumps(_with(body, path, value)).encode())


def _of_pairs(request: WebhookRequest, values: Sequence[Any]) -> Iterator[WebhookRequest]:
    """As `variants`, of a form in the body, or without a body of the query."""
    address, _, query = request.url.partition("?")
    inside = request.body.decode("utf-8", "replace") if request.body else query
    pairs = parse_qsl(inside, keep_blank_values=True)
    for index, (name, _) in enumerate(pairs):
        for value in values:
            changed = [*pairs[:index], *pairs[index + 1 :]]
            if value is not MISSING:
                changed.insert(index, (name, "" if value is None else str(value)))
            if request.body:
                yield attrs.evolve(request, body=urlencode(changed).encode())
            else:
                yield attrs.evolve(request, url=f"{address}?{urlencode(changed)}")


def _paths(value: Any, depth: int = 0) -> Iterator[tuple[Any, ...]]:
    if depth >= _DEEPEST:
        return
    if isinstance(value, dict):
        inside: Any = value.items()
    elif isinstance(value, list):
        inside = enumerate(value)
    else:
        return
    for key, each in inside:
        yield (key,)
        for path in _paths(each, depth + 1):
            yield (key, *path)


def _with(body: Any, path: tuple[Any, ...], value: Any) -> Any:
    changed = place = deepcopy(body)
    for key in path[:-1]:
        place = place[key]
    if value is MISSING:
        del place[path[-1]]
    else:
        place[path[-1]] = value
    return changed


def wrong_in(event: Event) -> list[str]:
    """What can't be so in an event, in words; empty if it is well made."""
    hints = get_type_hints(type(event))
    wrong = [
        f"{type(event).__name__}.{field.name} is {getattr(event, field.name)!r}"
        for field in attrs.fields(type(event))
        if not _is(getattr(event, field.name), hints[field.name])
    ]
    if not wrong and not event.key:
        wrong.append(f"{type(event).__name__}.key is empty")
    if not wrong and event.at.tzinfo is None:
        wrong.append(f"{type(event).__name__}.at has no time zone")
    return wrong


def _is(value: Any, hint: Any) -> bool:
    origin = get_origin(hint)
    if origin in (Union, UnionType):
        return any(_is(value, each) for each in get_args(hint))
    if origin is tuple:
        return isinstance(value, tuple) and all(_is(each, get_args(hint)[0]) for each in value)
    if hint is int and isinstance(value, bool):
        return False
    return isinstance(value, origin or hint)
