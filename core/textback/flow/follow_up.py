"""Follow up: which texts are due when, once the first one is out."""

from __future__ import annotations

from datetime import datetime

import attrs

from textback.config.settings import Client
from textback.flow.choice import translated
from textback.flow.situation import spoken
from textback.model import Case


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


def body_of(client: Client, case: Case, step: str) -> str | None:
    """The template of one step, in the caller's language if it has been translated.

    Returns:
        None if the client's file has the step no longer.
    """
    number = int(step.partition("/")[2])
    if number > len(client.follow_up):
        return None
    each = client.follow_up[number - 1]
    return translated(each.body, each.translations, spoken(client, case))


def channel_of(client: Client, step: str) -> str:
    """How a step is sent: ``email`` for a follow-up that says so, else ``sms``."""
    kind, _, number = step.partition("/")
    if kind != "follow_up" or int(number) > len(client.follow_up):
        return "sms"
    return client.follow_up[int(number) - 1].channel


def subject_of(client: Client, step: str) -> str:
    """The template of an e-mail's subject."""
    return client.follow_up[int(step.partition("/")[2]) - 1].subject


def idle_at(client: Client, last_at: datetime) -> datetime:
    """When a case in which nothing more happens is closed."""
    longest = max((follow_up.after for follow_up in client.follow_up), default=None)
    return last_at + client.idle_after + (longest if longest is not None else client.idle_after * 0)
