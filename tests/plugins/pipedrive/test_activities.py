"""What is logged with a person: calls, texts, replies, appointments."""

from datetime import datetime, timedelta, timezone

import pytest

from textback.errors import Refused
from textback.model import ActivityKind, CrmRef, Media, Outcome
from textback.testing.builders import NOW, an_activity
from textback_pipedrive.activities import mark_of


@pytest.fixture
async def person(crm, lead):
    return await crm.save_contact(lead(), "contact")


def text(**more):
    return an_activity(**{"kind": ActivityKind.TEXT, "incoming": False, "outcome": None, **more})


async def test_a_missed_call_is_a_done_activity(crm, api, person):
    """Its time in UTC, its duration in hours and minutes, and the seconds in the note."""
    at = datetime(2026, 3, 2, 10, 4, tzinfo=timezone(-timedelta(hours=5)))

    await crm.log_activity(person, an_activity(at=at, duration_ms=23_400), "key")

    assert api.bodies[-1] == {
        "subject": "Missed call from (303) 555-0123",
        "type": "call",
        "done": True,
        "due_date": "2026-03-02",
        "due_time": "15:04",
        "duration": "00:00",
        "note": "Nobody answered.<br>From (303) 555-0123 to (303) 555-0100.<br>It took 23 s."
        f"<br>{mark_of('key')}",
        "person_id": int(person.id),
    }


async def test_a_long_call_has_hours_and_minutes(crm, api, person):
    """As Pipedrive wants them."""
    call = an_activity(outcome=Outcome.ANSWERED, duration_ms=(2 * 60 + 5) * 60_000 + 59_000)
    await crm.log_activity(person, call, "key")
    assert api.bodies[-1]["duration"] == "02:05"
    assert api.bodies[-1]["subject"] == "Call from (303) 555-0123"


async def test_a_call_of_which_little_is_known(crm, api, person):
    """What isn't known is left out."""
    await crm.log_activity(person, an_activity(line=None, outcome=None, duration_ms=None), "key")
    assert "duration" not in api.bodies[-1]
    assert api.bodies[-1]["note"] == f"From (303) 555-0123.<br>{mark_of('key')}"


async def test_it_stands_at_the_deal_too(crm, api, lead, person):
    """Which a salesperson has open."""
    deal = await crm.save_deal(person, lead(), "deal")
    await crm.log_activity(person, an_activity(), "key")
    assert api.bodies[-1]["deal_id"] == int(deal.id)


async def test_a_deal_that_is_gone_costs_no_record(crm, api, lead, person):
    """The person is still there."""
    deal = await crm.save_deal(person, lead(), "deal")
    del api.records["deals"][int(deal.id)]
    await crm.log_activity(person, an_activity(), "key")
    assert api.activities == 1


async def test_texts_are_notes(crm, api, person):
    """What callers write stays what it is, and never becomes markup."""
    reply = text(kind=ActivityKind.REPLY, incoming=True, body="<b>Hi</b> & bye\nAnna")
    await crm.log_activity(person, reply, "key")
    assert api.asked[-1] == "POST /v1/notes"
    assert api.bodies[-1] == {
        "content": "Text from the caller:<br>&lt;b&gt;Hi&lt;/b&gt; &amp; bye<br>Anna"
        f"<br>{mark_of('key')}",
        "person_id": int(person.id),
    }


async def test_texts_can_be_activities(make, api, person):
    """Where a company works with those."""
    media = (Media("https://example.com/1.jpg"),)
    await make(texts_as="activities").log_activity(person, text(body="Hello", media=media), "key")
    body = api.bodies[-1]
    assert (body["subject"], body["type"], body["done"]) == (
        "Our text: (303) 555-0123",
        "task",
        True,
    )
    assert body["note"] == f"Hello<br>https://example.com/1.jpg<br>{mark_of('key')}"


async def test_an_e_mail_is_called_one(crm, api, person):
    """Follow-ups go by e-mail, too."""
    await crm.log_activity(person, text(channel="email", body="Hello"), "key")
    assert api.bodies[-1]["content"].startswith("Our e-mail:<br>Hello")


def an_appointment(body):
    at = datetime(2026, 3, 5, 9, 0, tzinfo=timezone(-timedelta(hours=7)))
    return an_activity(kind=ActivityKind.BOOKING, at=at, body=body, outcome=None, duration_ms=None)


async def test_an_appointment_is_a_note(crm, api, person):
    """It may still be moved, and the calendar has it anyway."""
    await crm.log_activity(person, an_appointment("Moved: Check-up"), "key")
    assert api.bodies[-1]["content"] == (
        f"Appointment for 2026-03-05 16:00 UTC:<br>Moved: Check-up<br>{mark_of('key')}"
    )


@pytest.mark.parametrize(("body", "words"), [("Check-up", ": Check-up"), ("", "")])
async def test_an_appointment_can_be_an_activity(make, api, person, body, words):
    """At its own time, and nothing that is left to do."""
    crm = make(texts_as="activities")
    await crm.log_activity(person, an_appointment(body), "key")
    written = api.bodies[-1]
    assert written["subject"] == f"Appointment for 2026-03-05 16:00 UTC{words}"
    assert (written["type"], written["done"]) == ("meeting", True)
    assert (written["due_date"], written["due_time"]) == ("2026-03-05", "16:00")


async def test_logged_once_for_each_key(crm, api, person):
    """However often the step is done."""
    for key in ("key1", "key1", "key2"):
        await crm.log_activity(person, an_activity(), key)
    assert api.activities == 2


async def test_a_mark_says_nothing_of_the_case(crm, api, person):
    """The key is ours; customers' records show a digest."""
    await crm.log_activity(person, an_activity(), "case1/log/pipedrive/call/1")
    assert "case1" not in api.bodies[-1]["note"]


async def test_refers_to_a_person_of_pipedrive(crm):
    """A plugin table may have been given to another plugin."""
    with pytest.raises(Refused):
        await crm.log_activity(CrmRef("abc"), an_activity(at=NOW), "key")
