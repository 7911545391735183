"""Calendly does what every booking tool does."""

import hashlib
import hmac
import json
from datetime import UTC, datetime

import attrs
import pytest

from textback.config.secrets import Secret
from textback.events import Booked, BookingCancelled
from textback.model import Addresses
from textback.testing.builders import a_request
from textback.testing.contracts import BookingContract, CheckContract, Example
from textback_calendly import Calendly, Settings

KEY = "a signing key of these tests"
AT = datetime(2026, 3, 2, 17, 29, tzinfo=UTC)
STARTS = datetime(2026, 3, 4, 16, 0, tzinfo=UTC)
API = "https://api.calendly.com"


def a_webhook(event, name, **more):
    """A webhook about one who was invited, not yet signed."""
    invitee = {
        "uri": f"{API}/scheduled_events/EV1/invitees/{name}",
        "event": f"{API}/scheduled_events/EV1",
        "email": "anna@example.com",
        "rescheduled": False,
        "old_invitee": None,
        "questions_and_answers": [
            {"question": "Your number?", "answer": "(303) 555-0123", "position": 0}
        ],
        "text_reminder_number": None,
        "tracking": {"utm_content": "case1"},
        "scheduled_event": {
            "name": "Intro",
            "start_time": "2026-03-04T16:00:00.000000Z",
            "end_time": "2026-03-04T16:30:00.000000Z",
            "location": {"type": "outbound_call", "location": "+13035550124"},
        },
        **more,
    }
    body = {"event": event, "created_at": AT.isoformat(), "payload": invitee}
    return a_request(json.dumps(body).encode())


def booked(name="INV1", **more):
    """What comes of it."""
    given = {
        "key": f"invitee.created/{name}",
        "at": AT,
        "booking": name,
        "starts_at": STARTS,
        "ends_at": STARTS.replace(minute=30),
        "title": "Intro",
        "case": "case1",
        "number": "(303) 555-0123",
        "email": "anna@example.com",
    }
    return Booked(**{**given, **more})


def cancelled(name, **more):
    """Likewise."""
    return BookingCancelled(key=f"invitee.canceled/{name}", at=AT, booking=name, **more)


class TestCalendly(BookingContract):
    secret = KEY
    other_secret = "another key of theirs"
    window_s = 180
    examples = (
        Example(name="made", request=a_webhook("invitee.created", "INV1"), events=(booked(),)),
        Example(
            name="moved",
            request=a_webhook(
                "invitee.created",
                "INV2",
                old_invitee=f"{API}/scheduled_events/EV1/invitees/INV1",
            ),
            events=(booked("INV2", replaces="INV1"),),
        ),
        Example(
            name="moved away",
            request=a_webhook("invitee.canceled", "INV1", rescheduled=True),
            events=(cancelled("INV1", moved=True),),
        ),
        Example(
            name="cancelled",
            request=a_webhook("invitee.canceled", "INV2"),
            events=(cancelled("INV2"),),
        ),
        Example(name="of no concern", request=a_webhook("invitee_no_show.created", "INV1")),
    )

    @pytest.fixture
    def booking(self, services):
        settings = Settings(
            link="https://calendly.com/acme/intro", signing_key=Secret(KEY), phone_field="a1"
        )
        return Calendly(settings, services)

    def signed(self, request, secret):
        stamp = str(int(request.received_at.timestamp()))
        signed = stamp.encode() + b"." + request.body
        signature = hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()
        return attrs.evolve(
            request, headers={"calendly-webhook-signature": f"t={stamp},v1={signature}"}
        )


class TestCheck(CheckContract):
    secret = "eyJ0123456789abcdefghij"

    @pytest.fixture
    async def plugin(self, services, settings, account, provider):
        """Set up by ``connect``."""
        provider.response = self.all_is_well = account.answer
        calendly = Calendly(settings(), services)
        await calendly.connect(Addresses(base=services.address), dry_run=False)
        provider.requests.clear()
        return calendly
