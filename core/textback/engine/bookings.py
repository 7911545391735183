"""Appointments: inside the commit of the booking tool's webhook."""

from __future__ import annotations

from datetime import datetime

from textback.clock import micros
from textback.config.settings import Client
from textback.engine import closing, todo
from textback.engine.context import Context, Wake, number_of
from textback.engine.names import case_subject
from textback.events import Booked, BookingCancelled
from textback.plugins import Stack
from textback.store import Work, bookings, cases, contacts, ledger, steps
from textback.store.work import Row


def made(
    ctx: Context, client: Client, stack: Stack, plugin: str, event: Booked, received_at: datetime
) -> Work[list[Wake]]:
    """A booking ends the case that it came of: follow-ups stop, the team is told."""
    now = micros(received_at)
    case = yield from _case_of(client, event)
    valid = yield from bookings.put(
        {
            "client": client.id,
            "plugin": plugin,
            "booking": event.booking,
            "case_id": case["case_id"] if case else None,
            "starts_at": micros(event.starts_at),
            "ends_at": micros(event.ends_at) if event.ends_at else None,
            "title": event.title,
        }
    )
    if case is None or not valid:
        return []
    if case["number"] is not None:
        yield from contacts.raise_version(client.id, case["number"])
    if case["closed_at"] is None:
        yield from closing.close(ctx.hash_of, client, case, "the caller booked", now)
    subject = case_subject(case["case_id"])
    about = f"booking/{event.booking}"
    detail = {"at": micros(event.starts_at), "title": event.title}
    yield from steps.add(
        [
            *todo.notices(client, stack, case["case_id"], about, now, detail),
            *todo.logs(client, stack, case["case_id"], about, now, detail),
        ],
        now,
    )
    yield from ledger.write(
        client.id,
        "booked",
        subject,
        ctx.hash_of(case["number"]) if case["number"] else None,
        {"booking": event.booking, "starts_at": micros(event.starts_at)},
        now,
    )
    return [Wake(client.id, subject)]


def called_off(
    ctx: Context,
    client: Client,
    stack: Stack,
    plugin: str,
    event: BookingCancelled,
    received_at: datetime,
) -> Work[list[Wake]]:
    """A cancelled booking is marked, also if its making is told later; the case stays closed."""
    del ctx, stack, received_at
    yield from bookings.cancel(client.id, plugin, event.booking)
    return []


def _case_of(client: Client, event: Booked) -> Work[Row | None]:
    if event.case is not None:
        case = yield from cases.get(client.id, event.case)
        if case is not None:
            return case
    number = number_of(client, event.number)
    return (yield from cases.latest_of(client.id, number)) if number else None
