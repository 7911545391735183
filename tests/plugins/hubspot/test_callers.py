"""What HubSpot knows of a caller before the first text."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from support.hubspot_api import BREAK_AFTER, SECONDLY
from textback.errors import ProviderError
from textback.model import Caller
from textback.testing.builders import CALLER, a_call, a_lead

NAME = {"firstname": "Dana", "lastname": "Reed"}


async def test_a_stranger_is_nobody(hubspot, crm):
    """Also one whose number is withheld: then nobody is asked."""
    assert await crm.identify_caller(a_call()) is None
    before = len(hubspot.requests)
    assert await crm.identify_caller(a_call(caller=None, caller_raw="anonymous")) is None
    assert len(hubspot.requests) == before


async def test_all_that_is_known(hubspot, make):
    """Name, address, owner, link, language, zone, and what the settings point to."""
    for name in ("is_vip", "no_texts"):
        hubspot.define("contacts", name)
    hubspot.owner("7", "sam@example.com", "Sam", "Lee")
    contact = hubspot.person(
        **NAME,
        phone="(303) 555-0123",
        email="dana@example.com",
        hubspot_owner_id="7",
        hs_language="es-mx",
        hs_timezone="america_slash_new_york",
        is_vip="true",
        no_texts="Yes",
    )
    crm = make(vip_property="is_vip", do_not_text_property="no_texts")
    await crm.save_contact(a_lead(tag=None, fields={}), "key")  # learns which account it is

    assert await crm.identify_caller(a_call()) == Caller(
        number=CALLER,
        name="Dana Reed",
        first_name="Dana",
        email="dana@example.com",
        known=True,
        vip=True,
        language="es-mx",
        zone=ZoneInfo("America/New_York"),
        url=f"https://app.hubspot.com/contacts/4242/record/0-1/{contact}",
        owner="sam@example.com",
        do_not_text="HubSpot says so in no_texts",
    )


@pytest.mark.parametrize(
    ("days", "at"),
    [
        (["2026-01-05"], "2026-01-05"),
        (["2026-01-05", "2025-12-24"], "2025-12-24"),
        (["2026-01-05", ""], None),
        (["true"], None),
    ],
)
async def test_consent_is_a_day(hubspot, make, days, at):
    """Of several who share the number, all must have agreed, and the earliest day counts."""
    hubspot.define("contacts", "sms_consent_on")
    for day in days:
        hubspot.person(phone=CALLER, sms_consent_on=day)

    consent = (await make(consent_property="sms_consent_on").identify_caller(a_call())).consent

    assert (consent and f"{consent.at:%Y-%m-%d}") == at
    assert at is None or consent.evidence == f"HubSpot's contact property sms_consent_on: {at}"


async def test_what_is_empty_or_odd_is_left_out(hubspot, make):
    """No field is made up of a word that means nothing."""
    hubspot.define("contacts", "is_vip")
    hubspot.person(
        phone=CALLER, hs_language="?", hs_timezone="mars_slash_olympus", hubspot_owner_id="77"
    )

    caller = await make(vip_property="is_vip").identify_caller(a_call())

    assert caller == Caller(number=CALLER, known=True)


async def test_a_number_that_several_share_greets_nobody(hubspot, crm):
    """Neither name nor address is used; what all of them share is, and the chosen one's owner."""
    hubspot.owner("7", "", "Sam", "Lee")
    hubspot.person(**NAME, phone=CALLER, hs_language="es", hs_timezone="us_slash_eastern")
    hubspot.person(
        firstname="Ben",
        mobilephone="303-555-0123",
        email="ben@example.com",
        hubspot_owner_id="7",
        hs_language="es",
        hs_timezone="us_slash_pacific",
    )

    caller = await crm.identify_caller(a_call())

    assert caller == Caller(number=CALLER, known=True, language="es", owner="Sam Lee")


async def test_the_same_digits_in_another_country_are_nobodys(hubspot, crm):
    """The hit is compared with the country code."""
    hubspot.person(**NAME, phone="+44 303 555 0123")

    assert await crm.identify_caller(a_call()) is None


@pytest.mark.parametrize("name", ["Dr.", "Reed,", "+13035550123", "Unit 5", "", "<b>"])
async def test_what_is_no_first_name_greets_nobody(hubspot, crm, name):
    """A title, a turned name, a number: shown to the team all the same."""
    hubspot.person(firstname=name if name != "Unit 5" else "5th floor", phone=CALLER, lastname="X")

    caller = await crm.identify_caller(a_call())

    assert caller.first_name is None
    assert caller.name.endswith("X")


@pytest.mark.parametrize("name", ["Anna-Maria", "O'Neil", "Zoë", "Anna Maria"])
async def test_first_names(hubspot, crm, name):
    """The first word."""
    hubspot.person(firstname=name, phone=CALLER)

    assert (await crm.identify_caller(a_call())).first_name == name.split()[0]


async def test_a_name_that_came_with_a_call_greets_nobody(hubspot, crm, clock):
    """textback wrote it itself and it may be a caller ID; once a person changes it, it counts."""
    ref = await crm.save_contact(a_lead(tag=None, fields={}, name="EXAMPLE ANNA"), "key1")

    caller = await crm.identify_caller(a_call())
    assert (caller.name, caller.first_name) == ("EXAMPLE ANNA", None)

    hubspot.records["contacts"][ref.id].properties.update(firstname="Anna", lastname="Example")
    assert (await crm.identify_caller(a_call())).first_name == "Anna"
    clock.advance(timedelta(minutes=1))
    assert (await crm.identify_caller(a_call())).first_name == "Anna"


async def test_a_name_whose_writing_got_no_answer_greets_nobody(hubspot, make):
    """textback finds the contact later, and still knows that the name is its own."""
    crm = make()
    lead = a_lead(tag=None, fields={}, name="EXAMPLE ANNA")
    hubspot.fail(BREAK_AFTER, "/objects/contacts$", method="POST")
    await make.until_done(lambda: crm.save_contact(lead, "key1"))

    caller = await crm.identify_caller(a_call())

    assert (caller.name, caller.first_name) == ("EXAMPLE ANNA", None)


async def test_a_name_that_filled_an_empty_one_greets_nobody(hubspot, crm):
    """As on a new contact."""
    hubspot.person(phone=CALLER, email="dana@example.com")
    await crm.save_contact(a_lead(tag=None, fields={}, name="REED DANA"), "key1")

    caller = await crm.identify_caller(a_call())

    assert (caller.name, caller.first_name) == ("REED DANA", None)


async def test_who_called_a_moment_ago_is_known(hubspot, crm):
    """The search doesn't show the contact yet."""
    await crm.save_contact(a_lead(tag=None, fields={}), "key1")

    assert (await crm.identify_caller(a_call())).known


async def test_owners_that_cannot_be_read_cost_no_name(hubspot, crm):
    """The scope is missing: the rest is told."""
    hubspot.scopes.remove("crm.objects.owners.read")
    hubspot.person(**NAME, phone=CALLER, hubspot_owner_id="7")

    caller = await crm.identify_caller(a_call())

    assert (caller.first_name, caller.owner) == ("Dana", None)


async def test_a_search_that_is_refused_is_told(hubspot, crm):
    """It isn't "nobody": the engine goes on without, and says so."""
    hubspot.fail(SECONDLY, "/search")

    with pytest.raises(ProviderError) as caught:
        await crm.identify_caller(a_call())
    assert caught.value.retry_after == 1
