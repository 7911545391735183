"""What each trigger means.

A booking that is to be confirmed, or paid for, is told twice: when it is asked for, with what the
link carried, and when it stands, without.  So what the link carried is kept until then.
"""

from __future__ import annotations

from typing import Any

from textback.events import Booked, BookingCancelled, Event
from textback.services import State
from textback_calcom.payload import Told, moment
from textback_calcom.settings import Settings

TRIGGERS = (
    "BOOKING_CREATED",
    "BOOKING_RESCHEDULED",
    "BOOKING_CANCELLED",
    "BOOKING_REQUESTED",
    "BOOKING_PAYMENT_INITIATED",
    "BOOKING_REJECTED",
)
"""Those that a webhook for textback has."""

KEPT_S = 90 * 86_400.0  # that a booking may wait for its confirmation


async def read(told: Told, settings: Settings, state: State) -> tuple[Event, ...]:
    """The events of one webhook; none for what says nothing of appointments.

    Raises:
        UnreadableWebhook: It lacks what belongs to its trigger.
    """
    match told.trigger:
        case "BOOKING_CREATED" | "BOOKING_RESCHEDULED":
            return await _booked(told, settings, state)
        case "BOOKING_CANCELLED":
            return _cancelled(told)
        case "BOOKING_REQUESTED" | "BOOKING_PAYMENT_INITIATED":
            await _ask(told, state)
        case "BOOKING_REJECTED":
            return await _rejected(told, state)
    return ()


async def _booked(told: Told, settings: Settings, state: State) -> tuple[Event, ...]:
    # https://github.com/calcom/cal.com: an event type that wants confirmation has PENDING first
    if (told.optional("status") or "ACCEPTED").upper() != "ACCEPTED":
        return ()
    uid, old = told.uid, told.optional("rescheduleUid")
    case = told.case
    if case is None:
        asked = await _asked(uid, state)
        case, old = asked.get("case"), old or asked.get("replaces")
    # Of a seated appointment that its host moves, everybody's is moved; else it is one person's.
    everybody = told.seats and old == uid
    return tuple(
        _event(told, settings, uid, old, case, email)
        for email in (told.emails if everybody else (told.email,))
    )


def _event(
    told: Told,
    settings: Settings,
    uid: str,
    old: str | None,
    case: str | None,
    email: str | None,
) -> Booked:
    booking = told.booking(uid, email)
    ends_at = told.optional("endTime")
    return Booked(
        key=_key(told, booking) + (f"/{told.at.isoformat()}" if old == uid else ""),
        at=told.at,
        booking=booking,
        starts_at=moment(told.text("startTime"), "startTime"),
        ends_at=moment(ends_at, "endTime") if ends_at else None,
        # not "title", which has the names of both sides
        title=told.optional("eventTitle") or told.optional("type") or "",
        case=case,
        number=told.number(settings.phone_field) if email == told.email else None,
        email=email,
        replaces=told.booking(old, email) if old else None,
    )


def _cancelled(told: Told) -> tuple[Event, ...]:
    """Of seats only those that are named: one, or all."""
    people = told.emails if told.seats else (None,)
    bookings = [told.booking(told.uid, email) for email in people]
    return tuple(
        BookingCancelled(key=_key(told, each), at=told.at, booking=each) for each in bookings
    )


async def _ask(told: Told, state: State) -> None:
    kept = {"case": told.case, "replaces": told.optional("rescheduleUid")}
    if any(kept.values()):
        await state.set(_asked_for(told.uid), kept, ttl_s=KEPT_S)


async def _rejected(told: Told, state: State) -> tuple[Event, ...]:
    """Nothing was booked; but what was to be moved is no more, since it was asked for."""
    old = (await _asked(told.uid, state)).get("replaces")
    if old is None:
        return ()
    booking = told.booking(old, told.email)
    return (BookingCancelled(key=_key(told, booking), at=told.at, booking=booking),)


async def _asked(uid: str, state: State) -> dict[str, Any]:
    return await state.get(_asked_for(uid)) or {}


def _asked_for(uid: str) -> str:
    return f"asked/{uid}"


def _key(told: Told, booking: str) -> str:
    return f"{told.trigger}/{booking}"
