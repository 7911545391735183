"""What is logged with a contact: calls, texts, replies, appointments, as notes."""

from datetime import UTC, datetime

import pytest

from textback.model import ActivityKind, Media, Outcome
from textback.testing.builders import an_activity
from textback_gohighlevel.notes import mark_of


@pytest.fixture
async def contact(crm, lead):
    return await crm.save_contact(lead(), "contact")


def last(api):
    """The lines of the last note."""
    return api.notes[-1]["body"].split("\n")


async def test_a_missed_call(crm, api, contact):
    """When, from where to where, how it ended, how long it rang."""
    await crm.log_activity(contact, an_activity(), "key")
    assert api.notes[-1]["contactId"] == contact.id
    assert last(api) == [
        "Missed call from (303) 555-0123 to (303) 555-0100, 2026-03-02 17:30 UTC",
        "Nobody answered.",
        "It took 20 s.",
        mark_of("key"),
    ]


async def test_a_call_of_which_little_is_known(crm, api, contact):
    """What isn't known is left out."""
    await crm.log_activity(contact, an_activity(line=None, outcome=None, duration_ms=None), "key")
    assert last(api) == ["Missed call from (303) 555-0123, 2026-03-02 17:30 UTC", mark_of("key")]


async def test_an_answered_call_is_no_missed_one(crm, api, contact):
    """Should one be logged."""
    await crm.log_activity(contact, an_activity(outcome=Outcome.ANSWERED), "key")
    assert last(api)[0].startswith("Call from")


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"incoming": True}, "Text from (303) 555-0123, "),
        ({"incoming": False}, "Our text, "),
        ({"incoming": False, "channel": "email"}, "Our e-mail, "),
    ],
)
async def test_texts_are_told_word_for_word(crm, api, contact, more, words):
    """Both ways, with what came with them."""
    text = an_activity(
        kind=ActivityKind.TEXT,
        body="Hi <b> & bye\nAnna",
        outcome=None,
        media=(Media("https://example.com/1.jpg"),),
        **more,
    )
    await crm.log_activity(contact, text, "key")
    first, *rest = last(api)
    assert first.startswith(words)
    assert rest == ["Hi <b> & bye", "Anna", "https://example.com/1.jpg", mark_of("key")]


async def test_an_appointment(crm, api, contact):
    """Its own time, not that of the note."""
    at = datetime(2026, 3, 5, 16, 0, tzinfo=UTC)
    await crm.log_activity(
        contact, an_activity(kind=ActivityKind.BOOKING, at=at, body="Check-up"), "key"
    )
    assert last(api) == ["Appointment for 2026-03-05 16:00 UTC", "Check-up", mark_of("key")]


async def test_logged_once_for_each_key(crm, api, contact):
    """However often the step is done."""
    for key in ("key1", "key1", "key2"):
        await crm.log_activity(contact, an_activity(), key)
    assert api.activities == 2


async def test_what_gohighlevel_has_by_itself_can_be_left_out(make, api, contact):
    """Where the numbers live there, calls and texts stand in the conversation."""
    crm = make(log=("booking",))
    await crm.log_activity(contact, an_activity(), "key1")
    await crm.log_activity(contact, an_activity(kind=ActivityKind.TEXT), "key2")
    assert api.activities == 0
    await crm.log_activity(contact, an_activity(kind=ActivityKind.BOOKING), "key3")
    assert api.activities == 1
