"""Cal.com does what every booking tool does."""

import hashlib
import hmac
import json
from datetime import UTC, datetime

import attrs
import pytest

from textback.config.secrets import Secret
from textback.events import Booked, BookingCancelled
from textback.testing.builders import a_request
from textback.testing.contracts import BookingContract, CheckContract, Example
from textback_calcom import CalCom, Settings

SECRET = "a secret of these tests"
AT = datetime(2026, 3, 2, 17, 29, tzinfo=UTC)
STARTS = datetime(2026, 3, 4, 16, 0, tzinfo=UTC)


def a_webhook(trigger, **more):
    """A webhook about one booking, not yet signed."""
    payload = {
        "uid": "U1",
        "type": "intro",
        "eventTitle": "Intro",
        "status": "ACCEPTED",
        "startTime": "2026-03-04T16:00:00Z",
        "endTime": "2026-03-04T16:30:00Z",
        "responses": {
            "email": {"label": "email_address", "value": "anna@example.com"},
            "attendeePhoneNumber": {"label": "phone_number", "value": "+13035550123"},
        },
        "attendees": [{"email": "anna@example.com", "phoneNumber": "+13035550123"}],
        "seatsPerTimeSlot": None,
        "metadata": {"tb": "case1"},
        **more,
    }
    body = {"triggerEvent": trigger, "createdAt": AT.isoformat(), "payload": payload}
    return a_request(json.dumps(body).encode())


def booked(uid="U1", **more):
    """What comes of it."""
    given = {
        "key": f"BOOKING_CREATED/{uid}",
        "at": AT,
        "booking": uid,
        "starts_at": STARTS,
        "ends_at": STARTS.replace(minute=30),
        "title": "Intro",
        "case": "case1",
        "number": "+13035550123",
        "email": "anna@example.com",
    }
    return Booked(**{**given, **more})


class TestCalCom(BookingContract):
    secret = SECRET
    other_secret = "another secret of theirs"
    examples = (
        Example(name="made", request=a_webhook("BOOKING_CREATED"), events=(booked(),)),
        Example(
            name="moved",
            request=a_webhook("BOOKING_RESCHEDULED", uid="U2", rescheduleUid="U1", metadata={}),
            events=(booked("U2", key="BOOKING_RESCHEDULED/U2", replaces="U1", case=None),),
        ),
        Example(
            name="cancelled",
            request=a_webhook("BOOKING_CANCELLED", uid="U2", status="CANCELLED"),
            events=(BookingCancelled(key="BOOKING_CANCELLED/U2", at=AT, booking="U2"),),
        ),
        Example(name="requested", request=a_webhook("BOOKING_REQUESTED", uid="U3")),
        Example(name="rejected", request=a_webhook("BOOKING_REJECTED", uid="U4")),
        Example(name="of no concern", request=a_webhook("MEETING_ENDED")),
    )

    @pytest.fixture
    def booking(self, services):
        settings = Settings(link="https://cal.com/acme/intro", webhook_secret=Secret(SECRET))
        return CalCom(settings, services)

    def signed(self, request, secret):
        signature = hmac.new(secret.encode(), request.body, hashlib.sha256).hexdigest()
        return attrs.evolve(request, headers={"x-cal-signature-256": signature})


class TestCheck(CheckContract):
    secret = "cal_live_0123456789abcdef"

    @pytest.fixture
    def plugin(self, services, settings, account):
        self.all_is_well = account.answer
        account.add()
        return CalCom(settings(), services)
