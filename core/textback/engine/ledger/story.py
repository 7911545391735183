"""A case as people and programs read it: from everything that the store knows of it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import attrs

from textback.clock import moment
from textback.engine.codec import read_caller, read_event
from textback.engine.names import FIRST_TEXT, case_subject
from textback.events import CallEvent
from textback.flow.staff import SHOWN
from textback.store import Work, bookings, calls, cases, clients, inbox, ledger, steps, texts
from textback.store.contacts import DEPLOYMENT
from textback.store.ledger import Proof
from textback.store.work import Row

Place = tuple[int, str, str]
"""A case in the order of time: when it was opened, its name, its client."""


@attrs.frozen(kw_only=True)
class Told:
    """One event as a source told it."""

    at: datetime
    plugin: str
    event: CallEvent


@attrs.frozen(kw_only=True)
class Story:
    """Everything about one case."""

    case: Row
    calls: Sequence[Row]
    told: Sequence[Told]
    texts: Sequence[Row]
    steps: Sequence[steps.Step]
    bookings: Sequence[Row]
    ledger: Sequence[Row]
    proof: Proof | None


def read(case: Row, *, prove: bool = True) -> Work[Story]:
    """Gather the story of a case.

    Args:
        case: The case.
        prove: Check the client's whole ledger, which takes as long as there is of it.
    """
    client, case_id = case["client"], case["case_id"]
    own_calls = yield from calls.of_case(client, case_id)
    told: list[Told] = []
    for call in own_calls:
        rows = yield from inbox.of(client, f"call/{call['call_id']}")
        for row in rows:
            event = read_event(row["kind"], row["body"])
            if isinstance(event, CallEvent):
                told.append(Told(at=moment(row["received_at"]), plugin=row["plugin"], event=event))
    own_texts = yield from texts.of_case(client, case_id)
    own_steps = yield from steps.of(client, case_subject(case_id))
    for call in own_calls:
        own_steps += yield from steps.of(client, f"call/{call['call_id']}")
    booked = yield from bookings.of_case(client, case_id)
    entries = yield from _entries(client, case_id, own_calls)
    proof = (yield from ledger.verify(client)) if prove else None
    return Story(
        case=case,
        calls=own_calls,
        told=told,
        texts=own_texts,
        steps=own_steps,
        bookings=booked,
        ledger=entries,
        proof=proof,
    )


def _entries(client: str, case_id: str, own_calls: Sequence[Row]) -> Work[list[Row]]:
    """What the ledger has of a case and its calls, and of its number as such since it began."""
    own = list((yield from ledger.of(client, case_subject(case_id))))
    for call in own_calls:
        own += yield from ledger.of(client, f"call/{call['call_id']}")
    number_hash = next((row["number_hash"] for row in own if row["number_hash"]), None)
    if number_hash is None:
        return own
    began = own[0]["at"]
    for scope in (client, DEPLOYMENT):
        rows = yield from ledger.of_number(scope, number_hash)
        own += (row for row in rows if row["subject"] == "number" and row["at"] >= began)
    return sorted(own, key=lambda row: row["at"])  # else as they were written


def named(name: str) -> Work[Row | None]:
    """A case of any client by its name, or by as much of it as texts to the team show.

    None if there is no such case, or more than one.
    """
    row = yield from cases.find(name)
    if row is not None or len(name) < SHOWN:
        return row
    found: list[Row] = []
    for client in (yield from clients.all_ever()):
        found += yield from cases.by_prefix(client, name)
    return found[0] if len(found) == 1 else None


def decided_by(client: str, rule: str, most: int) -> Work[list[Place]]:
    """The cases in which a rule decided, the oldest of the newest *most* first.

    Args:
        client: Whose, or ``*``.
        rule: Its name; ``quiet-hours`` is ``quiet_hours``.
        most: How many.
    """
    names = [client] if client != "*" else (yield from clients.all_ever())
    found: list[Place] = []
    for name in names:
        subjects = yield from ledger.decided_by(name, rule.replace("-", "_"), most)
        for subject in subjects:
            row = yield from cases.get(name, subject.partition("/")[2])
            found += [(row["opened_at"], row["case_id"], name)] if row is not None else []
    return sorted(found)[-most:]


def summaries(places: Sequence[Place]) -> Work[list[dict[str, Any]]]:
    """Cases as ``cases --json`` prints them, without those that are gone."""
    found: list[dict[str, Any]] = []
    for _, case_id, client in places:
        row = yield from cases.get(client, case_id)
        found += [(yield from summary(row))] if row is not None else []
    return found


def summaries_since(
    client: str, place: tuple[int, str], most: int
) -> Work[tuple[list[dict[str, Any]], tuple[int, str] | None]]:
    """The next cases in the order of time, and the place of those after them, if there are any."""
    rows = yield from cases.since(client, place, most + 1)
    found: list[dict[str, Any]] = []
    for row in rows[:most]:
        found += [(yield from summary(row))]
    after = (rows[most]["opened_at"], rows[most]["case_id"]) if len(rows) > most else None
    return found, after


def summary(case: Row) -> Work[dict[str, Any]]:
    """A case as ``cases --json`` prints it."""
    client, case_id = case["client"], case["case_id"]
    own_texts = yield from texts.of_case(client, case_id)
    own_steps = yield from steps.of(client, case_subject(case_id))
    caller = read_caller(case["caller"])
    return {
        "case": case_id,
        "client": client,
        "caller": case["number"],
        "name": caller.name,
        "line": case["line"],
        "outcome": case["outcome"],
        "end": case["end_state"],
        "because": case["because"],
        "state": state(case, own_steps),
        "calls": case["calls"],
        "opened_at": iso(case["opened_at"]),
        "closed_at": iso(case["closed_at"]),
        "closed_because": case["closed_because"],
        "texts": [text_of(row) for row in own_texts],
        "steps": [step_of(step) for step in own_steps],
    }


def state(case: Row, own_steps: Sequence[steps.Step]) -> str:
    """``open``, ``held`` (the first text waits) or ``closed``."""
    if case["closed_at"] is not None:
        return "closed"
    waits = any(step.name == FIRST_TEXT and step.state == steps.WAITING for step in own_steps)
    return "held" if waits else "open"


def text_of(row: Row) -> dict[str, Any]:
    """A text as programs read it."""
    return {
        "step": row["step"],
        "direction": row["direction"],
        "channel": row["channel"],
        "address": row["address"],
        "subject": row["subject"],
        "body": row["body"],
        "state": row["state"],
        "provider": row["plugin"],
        "provider_id": row["provider_id"],
        "at": iso(row["at"]),
        "reason": row["reason"],
        "error": row["error"],
        "segments": row["segments"],
    }


def step_of(step: steps.Step) -> dict[str, Any]:
    """A step as programs read it."""
    return {
        "name": step.name,
        "state": step.state,
        "due_at": iso(step.due_at),
        "attempts": step.attempts,
        "error": step.error,
        "by": step.detail.get("by"),
    }


def iso(stamp: int | None) -> str | None:
    """A stored time in ISO 8601, UTC."""
    return moment(stamp).isoformat().replace("+00:00", "Z") if stamp is not None else None
