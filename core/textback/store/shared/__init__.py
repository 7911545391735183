"""What only a Postgres store has: several processes on it, and how they wake each other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

Advance = Callable[[str, str], Awaitable[None]]
"""Takes up a subject of a client; returns once it is claimed, by whomever."""

Subjects = Iterable[tuple[str, str]]
"""Client and subject of each."""
