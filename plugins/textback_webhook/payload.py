"""What is posted: a notice as JSON, and the id by which a receiver knows a repeat."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from enum import Enum
from typing import Any

import attrs

from textback.clock import micros
from textback.model import Notice

VERSION = 1
"""Raised when a field goes or changes its meaning; new fields don't raise it."""


def encode(notice: Notice) -> bytes:
    """The body: ``type``, ``version``, ``timestamp``, and the notice's fields in ``data``."""
    data = attrs.asdict(notice, value_serializer=_plain)
    message = {
        "type": f"notice.{notice.kind}",
        "version": VERSION,
        "timestamp": data["at"],
        "data": data,
    }
    return json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()


def message_id(notice: Notice) -> str:
    """The same for the same notice, however often it is told.

    A notice without a key is known by its moment, in microseconds.
    """
    which = notice.key or str(micros(notice.at))
    return ":".join((notice.client, notice.case, notice.kind, which)).replace(".", "_")


def _plain(_: object, __: object, value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value.value if isinstance(value, Enum) else value
