"""Who calls: what the team sees, whom a text may greet by name, and who must not be texted."""

import pytest

from support.gohighlevel_api import LEAD_SOURCE
from textback.errors import MaybeSent
from textback.model import Caller
from textback.testing.builders import CALLER, a_call

SMS_OFF = {"SMS": {"status": "active", "message": "", "code": ""}}


async def test_a_contact_is_known_with_link_and_owner(crm, api):
    """Everything that the team's notice and the rules for it need."""
    known = api.add_contact(
        phone=CALLER, firstName="Anna", lastName="Example", email="a@b.example", assignedTo="user8"
    )
    assert await crm.identify_caller(a_call()) == Caller(
        number=CALLER,
        name="Anna Example",
        first_name="Anna",
        email="a@b.example",
        known=True,
        url="https://app.gohighlevel.com/v2/location/ve9EPM428h8vShlRW1KT/contacts/detail/"
        + known["id"],
        owner="otto@bright.example",
    )


async def test_nobody_is_nobody(crm):
    """So that others may know."""
    assert await crm.identify_caller(a_call()) is None


async def test_a_withheld_number_is_not_looked_up(crm, api):
    """There is nothing to look for."""
    assert await crm.identify_caller(a_call(caller=None, caller_raw="anonymous")) is None
    assert api.asked == []


async def test_a_shared_number_greets_nobody(crm, api):
    """One of a couple would be called by the other's name; either may forbid texts."""
    api.allows_duplicates = True
    api.add_contact(phone=CALLER, firstName="Anna")
    api.add_contact(phone=CALLER, firstName="Ben", dndSettings=SMS_OFF)
    caller = await crm.identify_caller(a_call())
    assert (caller.known, caller.name, caller.first_name, caller.url) == (True, None, None, None)
    assert "Do Not Disturb" in caller.do_not_text


@pytest.mark.parametrize(
    ("more", "dnd", "forbidden"),
    [
        ({}, "any", False),
        ({"dnd": False, "dndSettings": {}}, "any", False),
        ({"dndSettings": SMS_OFF}, "any", True),
        ({"dndSettings": SMS_OFF}, "sms", True),
        ({"dndSettings": {"SMS": {"status": "permanent"}}}, "sms", True),
        ({"dndSettings": {"Email": {"status": "active"}}}, "any", False),
        ({"dnd": True}, "any", True),
        ({"dnd": True}, "sms", True),
        ({"dnd": True, "dndSettings": {"SMS": {"status": "inactive"}}}, "any", True),
        ({"dnd": True, "dndSettings": {"SMS": {"status": "inactive"}}}, "sms", False),
    ],
)
async def test_do_not_disturb_forbids_texts(make, api, more, dnd, forbidden):
    """For SMS in any case; for everything too, unless SMS is excepted and the settings say so."""
    api.add_contact(**{"phone": CALLER, "firstName": "Anna", **more})
    caller = await make(dnd=dnd).identify_caller(a_call())
    assert bool(caller.do_not_text) is forbidden


@pytest.mark.parametrize("name", ["Dr. Example", "Example, Anna", "", "+1 303-555-0123"])
async def test_what_is_no_first_name_greets_nobody(crm, api, name):
    """A title, a turned name, a number."""
    api.add_contact(phone=CALLER, name=name)
    assert (await crm.identify_caller(a_call())).first_name is None


async def test_a_caller_id_greets_nobody_until_a_person_gave_a_name(crm, api, lead):
    """What a missed call brought is not what somebody is called."""
    ref = await crm.save_contact(lead(name="EXAMPLE ANNA"), "k")
    caller = await crm.identify_caller(a_call())
    assert (caller.name, caller.first_name) == ("EXAMPLE ANNA", None)

    api.people[ref.id]["name"] = "Anna Example"
    assert (await crm.identify_caller(a_call())).first_name == "Anna"


async def test_who_called_a_moment_ago_is_known(crm, api, lead):
    """Although the search doesn't have the contact yet."""
    api.lag_s = 3600
    await crm.save_contact(lead(), "k")
    assert (await crm.identify_caller(a_call())).known


async def test_a_contact_without_our_number_any_more_is_not_known(crm, api, lead):
    """What is remembered is compared again."""
    ref = await crm.save_contact(lead(), "k")
    api.people[ref.id]["phone"] = "+13035550199"
    assert await crm.identify_caller(a_call()) is None


async def test_an_error_is_not_nobody(crm, api):
    """Else whoever must not be texted would be."""
    api.lose = lambda request: "search" in request.url.path
    with pytest.raises(MaybeSent):
        await crm.identify_caller(a_call())


async def test_owners_that_cannot_be_read_cost_no_name(crm, api):
    """There is little time, and the name is what it is for."""
    api.add_contact(phone=CALLER, firstName="Anna", assignedTo="user8")
    api.lose = lambda request: "users" in request.url.path
    caller = await crm.identify_caller(a_call())
    assert (caller.first_name, caller.owner) == ("Anna", None)


@pytest.mark.parametrize(
    ("value", "at"),
    [("2026-01-05", "2026-01-05"), (1767571200000, "2026-01-05"), ("Yes", None), ("", None)],
)
async def test_consent_is_a_day_in_a_custom_field(make, api, value, at):
    """By the field's name; a yes without a date is none."""
    field = [{"id": LEAD_SOURCE, "value": value}]
    api.add_contact(phone=CALLER, firstName="Anna", customFields=field)

    caller = await make(consent_field="Lead source").identify_caller(a_call())

    assert (caller.consent and f"{caller.consent.at:%Y-%m-%d}") == at
    assert at is None or "Lead source" in caller.consent.evidence


async def test_a_consent_field_that_is_not_there_costs_no_caller(make, api):
    """It is told by `check`."""
    api.add_contact(phone=CALLER, firstName="Anna")
    plugin = make(consent_field="nonesuch")

    assert (await plugin.identify_caller(a_call())).first_name == "Anna"
    assert any("consent_field" in finding.message for finding in await plugin.check())
