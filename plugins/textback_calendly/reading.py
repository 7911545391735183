"""What a webhook tells: someone who was invited has booked, or doesn't come.

An appointment that is moved is a new one: ``invitee.created`` names the old in ``old_invitee``,
``invitee.canceled`` says ``rescheduled``; which comes first isn't said.
https://developer.calendly.com/see-how-webhook-payloads-change-when-invitees-reschedule-events
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from textback.errors import UnreadableWebhook
from textback.events import Booked, BookingCancelled, Event, WebhookRequest
from textback_calendly.api import Api, name_of
from textback_calendly.link import TRACKING
from textback_calendly.settings import Settings

CREATED: Final = "invitee.created"
CANCELED: Final = "invitee.canceled"
EVENTS: Final = (CREATED, CANCELED)
"""Those that a subscription for textback has."""

_PHONE: Final = re.compile(r"[+(]*\d(?:[\s().-]*\d){6,14}")


async def read(request: WebhookRequest, settings: Settings, api: Api) -> tuple[Event, ...]:
    """The events of one verified webhook; none for what says nothing of appointments.

    Raises:
        UnreadableWebhook: It isn't in Calendly's format.
        Refused, NotSent, MaybeSent: It doesn't say when the appointment is, and Calendly, asked for
            it, didn't either.
    """
    body = request.json
    if not isinstance(body, dict) or not isinstance(body.get("event"), str):
        raise UnreadableWebhook("it has no event")
    if body["event"] not in EVENTS:
        return ()
    invitee = body.get("payload")
    if not isinstance(invitee, dict):
        raise UnreadableWebhook("it has no payload")
    booking = name_of(invitee.get("uri"))
    if booking is None:
        raise UnreadableWebhook("the invitee has no uri")
    key, at = f"{body['event']}/{booking}", _moment(body.get("created_at"), "created_at")
    if body["event"] == CANCELED:
        moved = invitee.get("rescheduled") is True
        return (BookingCancelled(key=key, at=at, booking=booking, moved=moved),)
    appointment = await _appointment(invitee, api)
    ends_at = appointment.get("end_time")
    return (
        Booked(
            key=key,
            at=at,
            booking=booking,
            starts_at=_moment(appointment.get("start_time"), "start_time"),
            ends_at=_moment(ends_at, "end_time") if ends_at else None,
            title=_text(appointment.get("name")) or "",
            case=_case(invitee),
            number=_number(invitee, appointment, settings.phone_field),
            email=_text(invitee.get("email")),
            replaces=name_of(invitee.get("old_invitee")),
        ),
    )


async def _appointment(invitee: Mapping[str, Any], api: Api) -> Mapping[str, Any]:
    """The appointment itself; it was not always a part of the webhook."""
    told = invitee.get("scheduled_event")
    if isinstance(told, dict):
        return told
    name = name_of(invitee.get("event"))
    if name is None:
        raise UnreadableWebhook("the invitee has neither scheduled_event nor event")
    if not api.has_token:
        raise UnreadableWebhook("it doesn't say when the appointment is; set access_token")
    return await api.appointment(name)


def _case(invitee: Mapping[str, Any]) -> str | None:
    tracking = invitee.get("tracking")
    return _text(tracking.get(TRACKING)) if isinstance(tracking, dict) else None


def _number(
    invitee: Mapping[str, Any], appointment: Mapping[str, Any], phone_field: str
) -> str | None:
    """The phone number of who booked: where the link filled it in, or wherever one was given."""
    place = appointment.get("location")
    place = place if isinstance(place, dict) else {}
    # https://developer.calendly.com/api-docs: outbound_call is a call to who booked
    called = place.get("location") if place.get("type") == "outbound_call" else None
    answers = invitee.get("questions_and_answers")
    answers = answers if isinstance(answers, list) else []
    given = [each for each in answers if isinstance(each, dict)]
    ours = [each for each in given if f"a{_place(each) + 1}" == phone_field]
    candidates = (
        *(each.get("answer") for each in ours),
        invitee.get("text_reminder_number"),
        called,
        *(each.get("answer") for each in given),
    )
    texts = (_text(each) for each in candidates)
    return next((each for each in texts if each and _PHONE.fullmatch(each)), None)


def _place(answer: Mapping[str, Any]) -> int:
    place = answer.get("position")
    return place if isinstance(place, int) else -1


def _moment(value: object, field: str) -> datetime:
    try:
        at = datetime.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise UnreadableWebhook(f"{field} is not a time with its zone")
    return at


def _text(value: object) -> str | None:
    return value.strip() or None if isinstance(value, str) else None
