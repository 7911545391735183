"""From a missed call to an appointment that is moved and cancelled, with Cal.com's webhooks."""

import hashlib
import hmac
import json

import pytest

from support.booked import CALLER, Client

pytestmark = pytest.mark.slow

SECRET = "a secret of these tests"
SETTINGS = f"""
link = "https://cal.com/acme/intro"
webhook_secret = "{SECRET}"
"""


def a_webhook(trigger, *, secret=SECRET, **more):
    """Body and headers as Cal.com sends them."""
    payload = {
        "uid": "U1",
        "eventTitle": "Intro",
        "startTime": "2030-03-04T16:00:00Z",
        "endTime": "2030-03-04T16:30:00Z",
        "attendees": [{"email": "anna@example.com"}],
        **more,
    }
    body = {"triggerEvent": trigger, "createdAt": "2030-03-01T16:00:00Z", "payload": payload}
    raw = json.dumps(body, separators=(",", ":")).encode()
    signature = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
    return raw, {"content-type": "application/json", "x-cal-signature-256": signature}


async def test_from_call_to_appointment(tmp_path):
    """The link's case ends the conversation; a forgery does nothing; what follows is logged."""
    client = await Client.start(tmp_path, "calcom", SETTINGS)
    try:
        fields = await client.link_fields()
        booking = a_webhook("BOOKING_CREATED", metadata={"tb": fields["metadata[tb]"]})
        moved = a_webhook("BOOKING_RESCHEDULED", uid="U2", rescheduleUid="U1")
        forged = a_webhook("BOOKING_CANCELLED", uid="U2", secret="another secret of theirs")
        statuses = [await client.tell(*each) for each in (booking, booking, moved, forged)]
        await client.done("log/contacts/moved/U2")
        statuses.append(await client.tell(*a_webhook("BOOKING_CANCELLED", uid="U2")))
        case = await client.done("log/contacts/cancelled/U2")
    finally:
        await client.stop()

    assert fields["attendeePhoneNumber"] == CALLER
    assert statuses == [204, 204, 204, 401, 204]
    assert case["case"] == fields["metadata[tb]"]
    assert case["closed_because"] == "the caller booked"
    assert len(client.provider.taken) == 1
    logs = [each["name"] for each in case["steps"] if each["name"].startswith("log/contacts/")]
    assert [each for each in sorted(logs) if "/U" in each] == [
        "log/contacts/booking/U1",
        "log/contacts/cancelled/U2",
        "log/contacts/moved/U2",
    ]
