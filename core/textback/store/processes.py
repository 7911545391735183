"""Which processes work on this store; each says so again and again while it lives."""

from __future__ import annotations

import json
from typing import Final

import attrs

from textback.store import plugin_state
from textback.store.work import Work, every, statement

_PLACE: Final = ("*", "textback")  # client and plugin among the plugins' state
_PREFIX: Final = "process/"

_ALIVE = statement("""
    SELECT key, value FROM plugin_state
    WHERE client = '*' AND plugin = 'textback' AND key LIKE 'process/%' AND expires_at > :now
    ORDER BY key
""")
_BURY = statement("""
    DELETE FROM plugin_state
    WHERE client = '*' AND plugin = 'textback' AND key LIKE 'process/%' AND expires_at <= :now
""")


@attrs.frozen(kw_only=True)
class Process:
    """One process.

    Attributes:
        owner: Its name in leases.
        kind: ``serve`` or ``worker``.
        works: Whether it runs steps.
        on_duty: Whether it keeps the timers for all.
        version: Of textback.
        host: The machine.
    """

    owner: str
    kind: str
    works: bool
    version: str
    host: str
    pid: int
    since: int
    on_duty: bool = False


def present(process: Process, until: int) -> Work[None]:
    """A process is there until a moment, and then gone if it doesn't say so again."""
    about = attrs.asdict(process)
    del about["owner"]
    yield from plugin_state.put(*_PLACE, f"{_PREFIX}{process.owner}", about, until)


def leave(owner: str) -> Work[None]:
    """A process ends."""
    yield from plugin_state.delete(*_PLACE, f"{_PREFIX}{owner}")


def alive(now: int) -> Work[tuple[Process, ...]]:
    """All that are there."""
    rows = yield from every(_ALIVE, now=now)
    return tuple(
        Process(owner=row["key"].removeprefix(_PREFIX), **json.loads(row["value"])) for row in rows
    )


def bury(now: int) -> Work[None]:
    """Forget those that ended without a word."""
    yield _BURY, {"now": now}
