"""What is amiss with the words of a client's templates, before any of them goes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime

from textback.clock import SystemClock
from textback.config.settings import Client
from textback.flow.bills import usual_values
from textback.flow.deliver import variables
from textback.flow.wording import render
from textback.model import Case, Finding, Kind, Severity
from textback.rules.content import ASKED, asking, faults
from textback.rules.packs import Law, law_of
from textback.rules.places import place_of

_NEVER = datetime.min.replace(tzinfo=UTC)
_TOLD_ELSEWHERE = ("parts",)  # what a text costs is said with its price


def findings_in(client: Client, books: bool) -> Iterator[Finding]:
    """What is wrong or doubtful, each with the place in the file.

    An error is what a pack asks for that holds for the client's own lines or for its `regions`; it
    may hold for a single caller of somewhere else, too, and is told then.

    Args:
        client: Whose templates.
        books: Whether a plugin gives links for booking.
    """
    law = _law(client)
    for path, kind, template in _templates(client):
        for check, says in _amiss(client, law, kind, template):
            entry = asking(law, kind, check)
            asked = f"; {entry} asks for {ASKED[check]}" if entry is not None else ""
            severity = Severity.WARNING if entry is None else Severity.ERROR
            yield Finding(severity, f"{path} {says}{asked}")
        for words in _never_filled(client, template, books):
            yield Finding(Severity.WARNING, f"{path} {words}")


def _law(client: Client) -> Law:
    areas = frozenset(client.regions).union(*(place_of(line).areas for line in client.lines))
    return law_of(client.rules.packs, areas, SystemClock().now().date())


def _templates(client: Client) -> Iterator[tuple[str, Kind, str]]:
    for number, text in enumerate(client.text, 1):
        yield f"text[{number}]", Kind.FIRST, text.body
    for number, answer in enumerate(client.answer, 1):
        kind = Kind.CONFIRMATION if answer.to == "stop" else Kind.HELP
        yield f"answer[{number}]", kind, answer.body
    for number, step in enumerate(client.follow_up, 1):
        if step.channel == "sms":
            yield f"follow_up[{number}]", Kind.FOLLOW_UP, step.body
            for language, body in step.translations.items():
                yield f"follow_up[{number}].translations.{language}", Kind.FOLLOW_UP, body


def _amiss(client: Client, law: Law, kind: Kind, template: str) -> Iterator[tuple[str, str]]:
    """The check that fails, and what is wrong; for callers of whom all is known, and nothing."""
    asks = law.asks.get(kind.value, frozenset())
    case = Case(id="", client=client.id, number=None, line=client.lines[0], opened_at=_NEVER)
    values = usual_values(client)
    known = _faults(kind, render(template, values), client, asks, values["first_name"])
    bare = _faults(kind, render(template, variables(client, case)), client, asks, "")
    for check, says in {**bare, **known}.items():
        if check in _TOLD_ELSEWHERE:
            continue
        yield check, says if check in known else f"{says} when nothing is known of the caller"


def _faults(
    kind: Kind, body: str, client: Client, asks: frozenset[str], first_name: str
) -> dict[str, str]:
    found = faults(kind, body, client.name, asks, first_name) if body else ()
    return {fault.check: fault.says for fault in found}


def _never_filled(client: Client, template: str, books: bool) -> Iterator[str]:
    """Names in a template that stand for nothing with any caller of this client."""
    for name, filled, missing in (
        ("booking_link", books, "no plugin of this client gives one"),
        ("location", bool(client.location), "the client has no [[location]]"),
    ):
        if not filled and re.search(rf"\{{[{{%][^}}]*\b{name}\b", template):
            yield f"uses {name}, which is always empty: {missing}"
