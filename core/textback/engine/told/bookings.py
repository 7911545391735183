"""Appointments: inside the commit of the booking tool's webhook.

Tools tell of them in any order and more than once: a cancellation before its booking, a booking
before the one that it replaces.  What is known is kept with each booking, and whenever the last
thing that the team was told turns out not to be so any more, it is told what is.
"""

from __future__ import annotations

from datetime import datetime

import attrs

from textback.clock import micros
from textback.config.settings import Client
from textback.engine.cases import closing, todo
from textback.engine.context import Context, Wake, number_of
from textback.engine.names import case_subject
from textback.events import Booked, BookingCancelled
from textback.plugins import Stack
from textback.store import Work, bookings, cases, contacts, ledger, steps
from textback.store.bookings import Appointment
from textback.store.work import Row

_LEDGER = {"booking": "booked", "moved": "booking_moved", "cancelled": "booking_cancelled"}


def made(
    ctx: Context, client: Client, stack: Stack, plugin: str, event: Booked, received_at: datetime
) -> Work[list[Wake]]:
    """A booking ends the case that it came of: follow-ups stop, the team is told.

    One that was called off or moved before it is told ends it all the same.
    """
    now = micros(received_at)
    number = number_of(client, event.number)
    if number is not None:  # first of all: a case that is just being opened is seen then
        yield from contacts.raise_version(client.id, number)
    replaced = event.replaces or event.booking
    known = yield from bookings.known(client.id, plugin, [event.booking, replaced])
    before, old = known[event.booking], known[replaced]
    case = yield from _case_of(client, event, before, old, now)
    case_id = case["case_id"] if case is not None else None
    kept = attrs.evolve(_newest(before, event), case_id=case_id)
    yield from bookings.keep(kept)
    if old is not before:
        yield from bookings.keep(
            attrs.evolve(
                old,
                case_id=old.case_id or case_id,
                cancelled=True,
                replaced_by=old.replaced_by or event.booking,
            )
        )
    if case is None:
        return []
    yield from _close(ctx, client, case, now)
    stands, new = yield from _in_its_place(kept)
    tell = _news(event, before, old, kept, stands, new=new)
    wakes = [Wake(client.id, case_subject(case["case_id"]))]
    if tell is not None:
        other = number_of(client, event.number)
        tell = attrs.evolve(tell, number=other if other != case["number"] else None)
        wakes += yield from _tell(ctx, client, stack, stands, tell, now)
    return wakes


def called_off(
    ctx: Context,
    client: Client,
    stack: Stack,
    plugin: str,
    event: BookingCancelled,
    received_at: datetime,
) -> Work[list[Wake]]:
    """The case of a booking that is no more stays closed, and the team is told.

    If it was moved, that is told by the booking in its place.
    """
    known = yield from bookings.known(client.id, plugin, [event.booking])
    before = known[event.booking]
    place = before.replaced_by if before.replaced_by or not event.moved else ""
    kept = attrs.evolve(before, cancelled=True, replaced_by=place)
    yield from bookings.keep(kept)
    if before.cancelled:
        return []
    tell = _Telling(what="cancelled", about=event.booking)
    return (yield from _tell(ctx, client, stack, kept, tell, micros(received_at)))


@attrs.frozen(kw_only=True)
class _Telling:
    """What the team and the CRMs are told: ``what/about`` are the ends of the steps' names.

    Attributes:
        was: When an appointment was to be that was moved, if that is known.
        number: What the booking gives, if it is not the number that called.
    """

    what: str
    about: str
    was: int | None = None
    number: str | None = None


def _case_of(
    client: Client, event: Booked, before: Appointment, old: Appointment, now: int
) -> Work[Row | None]:
    """The case that a booking came of: the one it names, else the caller's.

    Links are kept and used again: of a caller who has a newer case that is open, it is that one.
    """
    if before.case_id is not None and before.starts_at is not None:  # told before, and matched
        return (yield from cases.get(client.id, before.case_id))
    number = number_of(client, event.number)
    for name in (event.case, before.case_id, old.case_id):
        named = (yield from cases.get(client.id, name)) if name is not None else None
        if named is not None:
            caller = named["number"] or number
            if named["closed_at"] is None or caller is None:
                return named
            return (yield from cases.open_of(client.id, caller)) or named
    recent = now - int(client.idle_after.total_seconds() * 1_000_000)
    if number is not None:
        case = yield from cases.latest_of(client.id, number)
        if case is not None and (case["closed_at"] is None or case["closed_at"] >= recent):
            return case
    if event.email:
        return (yield from cases.only_by_email(client.id, event.email, recent))
    return None


def _newest(before: Appointment, event: Booked) -> Appointment:
    """What is known after this word on a booking; an older one changes nothing."""
    told_at = micros(event.at)
    if before.starts_at is not None and told_at <= before.told_at:
        return before
    return attrs.evolve(
        before,
        starts_at=micros(event.starts_at),
        ends_at=micros(event.ends_at) if event.ends_at else None,
        title=event.title,
        told_at=told_at,
    )


def _close(ctx: Context, client: Client, case: Row, now: int) -> Work[None]:
    if case["number"] is not None:
        yield from contacts.raise_version(client.id, case["number"])
    if case["closed_at"] is None:
        yield from closing.close(ctx.hash_of, client, case, "the caller booked", now)


def _in_its_place(first: Appointment) -> Work[tuple[Appointment, bool]]:
    """The booking that stands at the end of all moves; whether its case was not known till now."""
    last, new, seen = first, False, {first.booking}
    while last.replaced_by and last.replaced_by not in seen:
        seen.add(last.replaced_by)
        known = yield from bookings.known(last.client, last.plugin, [last.replaced_by])
        last, new = known[last.replaced_by], False
        if last.case_id is None:
            last, new = attrs.evolve(last, case_id=first.case_id), True
            yield from bookings.keep(last)
    return last, new


def _news(
    event: Booked,
    before: Appointment,
    old: Appointment,
    kept: Appointment,
    stands: Appointment,
    *,
    new: bool,
) -> _Telling | None:
    """What the team must hear of a booking, if anything.

    Args:
        event: What the tool says now.
        before: The booking as it was known before.
        old: The one that it replaces, as it was known; *before* itself if it replaces none.
        kept: The booking as it is known now.
        stands: What stands in its place; *kept* itself if it wasn't moved on.
        new: Whether nobody was told of *stands*, if it is another.
    """
    told = before.case_id is not None and before.starts_at is not None
    changed = told and kept.starts_at != before.starts_at
    if stands is kept:
        new = not told or (changed and not before.cancelled)
    wrong = old is not before and _believed(old)  # what they were told stands no more
    if not new and not wrong:
        return None
    same = changed or event.replaces == event.booking  # the tool moves without a new id
    moved = same or event.replaces is not None or stands is not kept
    was = before if same else old
    if stands is not kept and not wrong:
        was = kept
    return _Telling(
        what="moved" if moved else "booking",
        about=f"{event.booking}/{kept.told_at}" if same else event.booking,
        was=was.starts_at if moved else None,
    )


def _believed(old: Appointment) -> bool:
    """Whether the team has reason to think that a booking stands."""
    told = old.starts_at is not None and old.case_id is not None
    return told and (not old.cancelled or old.replaced_by == "")


def _tell(
    ctx: Context, client: Client, stack: Stack, stands: Appointment, tell: _Telling, now: int
) -> Work[list[Wake]]:
    """Tell the team what stands, and write it to the CRMs."""
    if stands.starts_at is None or stands.case_id is None or stands.replaced_by is not None:
        return []  # not told yet, or nobody's; or that in its place is still to be told
    case = yield from cases.get(client.id, stands.case_id)
    if case is None:
        return []
    what = "cancelled" if stands.cancelled else tell.what
    about = f"{what}/{tell.about}"
    detail = {
        "at": stands.starts_at,
        "title": stands.title,
        "was": tell.was,
        "number": tell.number,
    }
    subject = case_subject(case["case_id"])
    told = todo.notices(client, stack, case["case_id"], about, now, detail)
    if case["number"] is not None:
        told += todo.logs(client, stack, case["case_id"], about, now, detail)
    yield from steps.add(told, now)
    yield from cases.touch(client.id, case["case_id"], now)
    yield from ledger.write(
        client.id,
        _LEDGER[what],
        subject,
        ctx.hash_of(case["number"]) if case["number"] else None,
        {"booking": stands.booking, "starts_at": stands.starts_at},
        now,
    )
    return [Wake(client.id, subject)]
