"""Follow up: which texts are due when, once the first one is out."""

from __future__ import annotations

from datetime import datetime

import attrs

from textback.config.settings import Client


@attrs.frozen
class Due:
    """One step of the sequence and its time."""

    step: str
    at: datetime


def plan(client: Client, sent_at: datetime) -> tuple[Due, ...]:
    """The sequence, counted from the first text."""
    return tuple(
        Due(f"follow_up/{number}", sent_at + follow_up.after)
        for number, follow_up in enumerate(client.follow_up, start=1)
    )


def body_of(client: Client, step: str) -> str | None:
    """The template of one step; None if the client's file has it no longer."""
    number = int(step.partition("/")[2])
    return client.follow_up[number - 1].body if number <= len(client.follow_up) else None


def idle_at(client: Client, last_at: datetime) -> datetime:
    """When a case in which nothing more happens is closed."""
    longest = max((follow_up.after for follow_up in client.follow_up), default=None)
    return last_at + client.idle_after + (longest if longest is not None else client.idle_after * 0)
