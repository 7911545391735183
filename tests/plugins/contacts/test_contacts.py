"""The embedded CRM: what a missed call leaves in it, and what it knows of the next one."""

from datetime import UTC, datetime, timedelta, timezone

import attrs
import pytest

from textback.model import (
    Activity,
    ActivityKind,
    Basis,
    Call,
    Caller,
    Consent,
    Lead,
    Media,
    Outcome,
    PhoneNumber,
)
from textback.services import Contact

ANNA = PhoneNumber("+13035550123")
LINE = PhoneNumber("+13035550100")
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)

LEAD = Lead(
    client="bright-smile",
    case="c1",
    number=ANNA,
    line=LINE,
    called_at=NOON,
    outcome=Outcome.NO_ANSWER,
    tag="missed-call",
    stage="new-lead",
    fields={"lead_source": "Missed call"},
)


def a_call(caller=ANNA):
    return Call(id="twilio/CA1", client="bright-smile", line=LINE, caller=caller, started_at=NOON)


async def test_a_lead_becomes_a_contact(crm):
    """Tag, stage and custom fields are the lead's; the record's id is the number."""
    ref = await crm.save_contact(LEAD, "case/c1")

    assert (ref.id, ref.url) == (ANNA, None)
    contact = await crm.services.contacts.get(ANNA)
    assert contact.tags == ("missed-call",)
    assert contact.stage == "new-lead"
    assert contact.fields == {"lead_source": "Missed call"}
    assert contact.name is None


async def test_a_second_try_changes_nothing(crm):
    """The step may run again after a crash."""
    first = await crm.save_contact(attrs.evolve(LEAD, name="A EXAMPLE"), "case/c1")
    before = await crm.services.contacts.get(ANNA)

    assert await crm.save_contact(attrs.evolve(LEAD, name="A EXAMPLE"), "case/c1") == first

    after = await crm.services.contacts.get(ANNA)
    assert attrs.evolve(after, updated_at=before.updated_at) == before


async def test_language_and_vip_are_known_of_the_next_call(crm):
    """A field and a tag; a contact without them says nothing of either."""
    await crm.save_contact(LEAD, "case/c1")
    before = await crm.identify_caller(a_call())

    await crm.save_contact(attrs.evolve(LEAD, tag="vip", fields={"language": "es-MX"}), "case/c2")
    after = await crm.identify_caller(a_call())

    assert (before.vip, before.language) == (None, None)
    assert (after.vip, after.language) == (True, "es-MX")


@pytest.mark.parametrize(
    ("fields", "consent"),
    [
        ({}, None),
        ({"consent_at": "yes"}, None),
        (
            {"consent_at": "2026-01-05"},
            Consent(
                basis=Basis.CRM,
                at=datetime(2026, 1, 5, tzinfo=UTC),
                evidence="the contact's field consent_at: 2026-01-05",
            ),
        ),
        (
            {"consent_at": "2026-01-05", "consent_basis": "form", "consent_evidence": "paper form"},
            Consent(
                basis=Basis.FORM,
                at=datetime(2026, 1, 5, tzinfo=UTC),
                evidence="paper form: 2026-01-05",
            ),
        ),
    ],
)
async def test_consent_is_a_date(crm, fields, consent):
    """Of a form, or as the CRM says; a yes without a date is none."""
    await crm.save_contact(attrs.evolve(LEAD, fields=fields), "case/c1")

    assert (await crm.identify_caller(a_call())).consent == consent


async def test_another_lead_adds_to_the_contact(crm):
    """Tags are added, the stage and given fields replaced, the rest stays."""
    await crm.save_contact(LEAD, "case/c1")

    await crm.save_contact(
        attrs.evolve(LEAD, tag="vip", stage="customer", fields={"city": "Denver"}), "case/c2"
    )

    contact = await crm.services.contacts.get(ANNA)
    assert contact.tags == ("missed-call", "vip")
    assert contact.stage == "customer"
    assert contact.fields == {"lead_source": "Missed call", "city": "Denver"}


async def test_a_lead_without_tag_and_stage_leaves_both(crm):
    """What [[lead]] doesn't say is not taken away."""
    await crm.save_contact(LEAD, "case/c1")

    await crm.save_contact(attrs.evolve(LEAD, tag=None, stage=None, fields={}), "case/c2")

    contact = await crm.services.contacts.get(ANNA)
    assert (contact.tags, contact.stage) == (("missed-call",), "new-lead")


async def test_a_given_name_and_address_stay(crm):
    """A caller ID never replaces what a person wrote."""
    await crm.services.contacts.save(
        Contact(number=ANNA, name="Anna Example", email="anna@example.com")
    )

    await crm.save_contact(
        attrs.evolve(LEAD, name="DENVER CO", email="other@example.com"), "case/c1"
    )

    contact = await crm.services.contacts.get(ANNA)
    assert (contact.name, contact.email) == ("Anna Example", "anna@example.com")
    assert "unconfirmed_name" not in contact.fields


async def test_a_name_that_a_call_brought_is_shown_but_does_not_greet(crm):
    """It may be a caller ID; once a person has corrected it, it greets."""
    await crm.save_contact(attrs.evolve(LEAD, name="EXAMPLE ANNA"), "case/c1")

    told = await crm.identify_caller(a_call())
    assert (told.name, told.first_name, told.known) == ("EXAMPLE ANNA", None, True)

    await crm.services.contacts.save(Contact(number=ANNA, name="Anna Example"))
    assert (await crm.identify_caller(a_call())).first_name == "Anna"


@pytest.mark.parametrize(
    ("name", "first"),
    [
        ("Anna Example", "Anna"),
        ("Anna", "Anna"),
        ("  José  María ", "José"),
        ("Dr. Example", None),
        ("Example, Anna", None),
        (None, None),
    ],
)
async def test_the_first_name_is_the_first_word(crm, name, first):
    """But not a title, and not a surname that a comma turned to the front."""
    await crm.services.contacts.save(Contact(number=ANNA, name=name, email="anna@example.com"))

    assert await crm.identify_caller(a_call()) == Caller(
        number=ANNA, name=name, first_name=first, email="anna@example.com", known=True
    )


@pytest.mark.parametrize("caller", [None, PhoneNumber("+13035550199")])
async def test_it_says_nothing_of_strangers(crm, caller):
    """ "Not known" from here would hide that another CRM knows the caller."""
    assert await crm.identify_caller(a_call(caller)) is None


async def test_activities_are_logged_once_in_their_words(crm):
    """Time in UTC, duration in milliseconds; the same key twice is one entry."""
    ref = await crm.save_contact(LEAD, "case/c1")
    denver = timezone(timedelta(hours=-7))
    call = Activity(
        kind=ActivityKind.CALL,
        at=NOON.astimezone(denver),
        number=ANNA,
        line=LINE,
        outcome=Outcome.NO_ANSWER,
        duration_ms=24_000,
    )
    reply = Activity(
        kind=ActivityKind.REPLY,
        at=NOON + timedelta(minutes=1),
        number=ANNA,
        body="Can you come today?",
        media=(Media("https://example.com/leak.jpg", "image/jpeg"),),
    )

    for activity, key in ((call, "call/1"), (call, "call/1"), (reply, "reply/1")):
        await crm.log_activity(ref, activity, key)

    assert await crm.services.contacts.entries(ANNA) == [
        {
            "kind": "call",
            "at": "2026-03-02T12:00:00+00:00",
            "line": LINE,
            "incoming": True,
            "outcome": "no_answer",
            "duration_ms": 24_000,
        },
        {
            "kind": "reply",
            "at": "2026-03-02T12:01:00+00:00",
            "incoming": True,
            "body": "Can you come today?",
            "media": ["https://example.com/leak.jpg"],
        },
    ]


async def test_forgets_a_contact_with_its_log(crm):
    """What the embedded CRM holds of a number, and nobody else's."""
    ref = await crm.save_contact(LEAD, "case/c1")
    activity = Activity(kind=ActivityKind.REPLY, at=NOON, number=ANNA, body="hello")
    await crm.log_activity(ref, activity, "reply/1")

    assert (await crm.erase(ANNA)).records == 2

    assert await crm.services.contacts.get(ANNA) is None
    assert await crm.services.contacts.entries(ANNA) == []
    assert (await crm.erase(ANNA)).records == 0
