"""From a missed call to an appointment that is moved and cancelled, with Calendly's webhooks."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest

from support.booked import CALLER, Client

pytestmark = pytest.mark.slow

KEY = "a signing key of these tests"
SETTINGS = f"""
link = "https://calendly.com/acme/intro"
signing_key = "{KEY}"
phone_field = "a1"
"""
INVITEE = "https://api.calendly.com/scheduled_events/EV1/invitees"


def a_webhook(event, name, *, ago_s=0, **more):
    """Body and headers as Calendly sends them."""
    invitee = {
        "uri": f"{INVITEE}/{name}",
        "email": "anna@example.com",
        "scheduled_event": {"name": "Intro", "start_time": "2030-03-04T16:00:00.000000Z"},
        **more,
    }
    body = {"event": event, "created_at": "2030-03-01T16:00:00.000000Z", "payload": invitee}
    raw = json.dumps(body).encode()
    stamp = str(int((datetime.now(UTC) - timedelta(seconds=ago_s)).timestamp()))
    signature = hmac.new(KEY.encode(), stamp.encode() + b"." + raw, hashlib.sha256).hexdigest()
    return raw, {"calendly-webhook-signature": f"t={stamp},v1={signature}"}


async def test_from_call_to_appointment(tmp_path):
    """The new appointment is told before the old is cancelled, and the team hears of a move."""
    client = await Client.start(tmp_path, "calendly", SETTINGS)
    try:
        fields = await client.link_fields()
        tracking = {"utm_content": fields["utm_content"]}
        webhooks = [
            a_webhook("invitee.created", "INV1", tracking=tracking),
            a_webhook("invitee.created", "INV2", old_invitee=f"{INVITEE}/INV1"),
            a_webhook("invitee.canceled", "INV1", rescheduled=True),
            a_webhook("invitee.canceled", "INV2", ago_s=600),
        ]
        statuses = [await client.tell(*each) for each in webhooks]
        await client.done("log/contacts/moved/INV2")
        statuses.append(await client.tell(*a_webhook("invitee.canceled", "INV2")))
        case = await client.done("log/contacts/cancelled/INV2")
    finally:
        await client.stop()

    assert fields["a1"] == CALLER
    assert statuses == [204, 204, 204, 401, 204]
    assert case["case"] == fields["utm_content"]
    assert case["closed_because"] == "the caller booked"
    logs = [each["name"] for each in case["steps"] if each["name"].startswith("log/contacts/")]
    assert [each for each in sorted(logs) if "/INV" in each] == [
        "log/contacts/booking/INV1",
        "log/contacts/cancelled/INV2",
        "log/contacts/moved/INV2",
    ]
