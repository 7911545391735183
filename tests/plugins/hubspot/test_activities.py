"""Calls, texts, replies and bookings on the timeline."""

from datetime import UTC, datetime

import pytest

from support.hubspot_api import BREAK_AFTER
from textback.errors import MaybeSent, Refused
from textback.model import Activity, ActivityKind, Media, Outcome
from textback.testing.builders import CALLER, LINE, NOW, a_lead, an_activity

LEAD = a_lead(tag=None, stage=None, fields={})
AT = "2026-03-02T17:30:00.000Z"


@pytest.fixture
async def ref(crm):
    """The contact's."""
    return await crm.save_contact(LEAD, "case1/lead")


async def test_a_missed_call(hubspot, crm, ref):
    """Incoming, not answered, its length in milliseconds, all of it as text."""
    await crm.log_activity(ref, an_activity(), "key")

    (request, body) = hubspot.requests[-1]
    assert request == "POST /crm/v3/objects/calls"
    assert body == {
        "properties": {
            "hs_timestamp": AT,
            "hs_call_title": "Missed call from (303) 555-0123",
            "hs_call_body": "Nobody answered.",
            "hs_call_direction": "INBOUND",
            "hs_call_status": "NO_ANSWER",
            "hs_call_from_number": CALLER,
            "hs_call_to_number": LINE,
            "hs_call_duration": "20000",
        },
        "associations": [
            {
                "to": {"id": ref.id},
                "types": [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 194}],
            }
        ],
    }


@pytest.mark.parametrize(
    ("outcome", "direction", "status", "title"),
    [
        (Outcome.BUSY, "INBOUND", "BUSY", "Missed call from"),
        (Outcome.FAILED, "INBOUND", "FAILED", "Missed call from"),
        (Outcome.VOICEMAIL, "INBOUND", "NO_ANSWER", "Missed call from"),
        (Outcome.ABANDONED, "INBOUND", "NO_ANSWER", "Missed call from"),
        (Outcome.DECLINED, "INBOUND", "NO_ANSWER", "Missed call from"),
        (Outcome.OUT_OF_HOURS, "INBOUND", "NO_ANSWER", "Missed call from"),
        (None, "INBOUND", "NO_ANSWER", "Missed call from"),
        (Outcome.ANSWERED, "INBOUND", "COMPLETED", "Call from"),
        (Outcome.OUTGOING, "OUTBOUND", "COMPLETED", "Call to"),
    ],
)
async def test_each_outcome_of_a_call(hubspot, crm, ref, outcome, direction, status, title):
    """In HubSpot's words; the numbers stand where they belong."""
    await crm.log_activity(ref, an_activity(outcome=outcome), "key")

    (call,) = hubspot.all("calls")
    assert (call["hs_call_direction"], call["hs_call_status"]) == (direction, status)
    assert call["hs_call_title"] == f"{title} (303) 555-0123"
    numbers = (call["hs_call_from_number"], call["hs_call_to_number"])
    assert numbers == ((LINE, CALLER) if outcome is Outcome.OUTGOING else (CALLER, LINE))


async def test_what_is_not_known_of_a_call_is_left_out(hubspot, crm, ref):
    """Neither a length nor a line is made up."""
    await crm.log_activity(ref, an_activity(duration_ms=None, line=None), "key")

    (call,) = hubspot.all("calls")
    assert "hs_call_duration" not in call
    assert "hs_call_to_number" not in call


async def test_missed_calls_have_the_outcome_of_the_settings(hubspot, make, ref):
    """Answered ones don't."""
    crm = make(disposition="73a0d17f-1163-4015-bdd5-ec830791da20")

    await crm.log_activity(ref, an_activity(), "key1")
    await crm.log_activity(ref, an_activity(outcome=Outcome.ANSWERED), "key2")

    dispositions = [call.get("hs_call_disposition") for call in hubspot.all("calls")]
    assert dispositions == ["73a0d17f-1163-4015-bdd5-ec830791da20", None]


@pytest.mark.parametrize(
    ("kind", "incoming", "says"),
    [(ActivityKind.TEXT, False, "Sent"), (ActivityKind.REPLY, True, "Received")],
)
async def test_texts_and_replies(hubspot, crm, ref, kind, incoming, says):
    """As SMS with their words, set as text; pictures by their addresses."""
    activity = Activity(
        kind=kind,
        at=datetime(2026, 3, 2, 17, 30, 1, 234_567, tzinfo=UTC),
        number=CALLER,
        line=LINE,
        body="Is <b>5 & 6</b> ok?\nAnna",
        incoming=incoming,
        media=(Media("https://example.com/a.jpg"),),
    )

    await crm.log_activity(ref, activity, "key")

    (text,) = hubspot.all("communications")
    del text["hs_object_id"]
    assert text == {
        "hs_timestamp": "2026-03-02T17:30:01.234Z",
        "hs_communication_channel_type": "SMS",
        "hs_communication_logged_from": "CRM",
        "hs_communication_body": f"{says}: Is &lt;b&gt;5 &amp; 6&lt;/b&gt; ok?<br>Anna"
        "<br>https://example.com/a.jpg",
    }


@pytest.mark.parametrize(("incoming", "direction"), [(True, "INCOMING_EMAIL"), (False, "EMAIL")])
async def test_e_mails(hubspot, crm, ref, incoming, direction):
    """As e-mails, with their direction and their words."""
    mail = an_activity(
        kind=ActivityKind.REPLY, channel="email", body="Hello <Anna>", incoming=incoming
    )

    await crm.log_activity(ref, mail, "key")

    (stored,) = hubspot.all("emails")
    assert stored["hs_email_direction"] == direction
    assert stored["hs_email_text"] == "Hello <Anna>"
    assert hubspot.linked("contacts", ref.id, "emails") == [stored["hs_object_id"]]


async def test_a_booking_is_a_meeting(hubspot, crm, ref):
    """At its own time."""
    booked = Activity(kind=ActivityKind.BOOKING, at=NOW, number=CALLER, body="Check-up")

    await crm.log_activity(ref, booked, "key")

    (meeting,) = hubspot.all("meetings")
    assert meeting["hs_meeting_title"] == "Check-up"
    assert meeting["hs_meeting_start_time"] == meeting["hs_timestamp"] == AT


async def test_a_contact_that_is_gone_leads_to_the_one_that_has_the_number(hubspot, crm, ref):
    """Deleted, or merged into another; with nobody left it is told for good."""
    hubspot.archive("contacts", ref.id)
    with pytest.raises(Refused, match="deleted in HubSpot") as caught:
        await crm.log_activity(ref, an_activity(), "key")
    assert caught.value.permanent
    other = hubspot.person(phone=CALLER)

    await crm.log_activity(ref, an_activity(), "key")

    assert hubspot.linked("contacts", other, "calls") == list(hubspot.records["calls"])


async def test_a_contact_that_goes_while_an_answer_is_lost(hubspot, make, ref):
    """What was written to it is gone with it; the other that has the number gets the call."""
    crm = make()
    hubspot.fail(BREAK_AFTER, "/objects/calls$", method="POST")
    with pytest.raises(MaybeSent):
        await crm.log_activity(ref, an_activity(), "key")
    hubspot.archive("contacts", ref.id)
    other = hubspot.person(phone=CALLER)

    await make.until_done(lambda: crm.log_activity(ref, an_activity(), "key"))

    assert len(hubspot.linked("contacts", other, "calls")) == 1


async def test_a_contact_that_was_merged_leads_to_the_other(hubspot, crm, ref):
    """Its calls go there, and so does the next lead."""
    other = hubspot.person(phone="303-555-0123")
    hubspot.merge(ref.id, other)

    await crm.log_activity(ref, an_activity(), "key")

    assert hubspot.linked("contacts", other, "calls") == list(hubspot.records["calls"])
    assert (await crm.save_contact(LEAD, "case2/lead")).id == other


async def test_a_refusal_that_is_no_missing_contact_is_told(hubspot, crm, ref):
    """As it is: nobody else's timeline is tried."""
    del hubspot.definitions["calls"]["hs_call_duration"]

    with pytest.raises(Refused, match="hs_call_duration"):
        await crm.log_activity(ref, an_activity(), "key")
