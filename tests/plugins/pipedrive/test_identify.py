"""Who calls: what the team sees, and whom a text may greet by name."""

import pytest

from support.pipedrive_api import LEAD_SOURCE
from textback.errors import MaybeSent
from textback.model import Caller
from textback.testing.builders import CALLER, a_call


def add(api, **more):
    return api.add(
        "persons", **{"name": "Anna Example", "phones": [{"value": "(303) 555-0123"}], **more}
    )


async def test_a_person_is_known_with_link_and_owner(crm, api):
    """Everything that the team's notice and the rules for it need."""
    known = add(api, emails=[{"value": "anna@example.com"}], owner_id=8)

    assert await crm.identify_caller(a_call()) == Caller(
        number=CALLER,
        name="Anna Example",
        first_name="Anna",
        email="anna@example.com",
        known=True,
        url=f"https://bright.pipedrive.com/person/{known['id']}",
        owner="otto@bright.example",
    )


async def test_nobody_is_nobody(crm, api):
    """So that others may know; a hit that is another number is nobody, too."""
    add(api, phones=[{"value": "+443035550123"}])
    assert await crm.identify_caller(a_call()) is None


async def test_a_withheld_number_is_not_looked_up(crm, api):
    """There is nothing to look for."""
    assert await crm.identify_caller(a_call(caller=None, caller_raw="anonymous")) is None
    assert api.asked == []


async def test_a_shared_number_greets_nobody(crm, api):
    """One of a couple would be called by the other's name."""
    add(api)
    add(api, name="Ben Example", owner_id=7)
    caller = await crm.identify_caller(a_call())
    assert (caller.known, caller.name, caller.first_name, caller.url) == (True, None, None, None)
    assert caller.owner == "olga@bright.example"


async def test_owners_who_differ_are_no_owner(crm, api):
    """The notice goes to everybody's address."""
    add(api)
    add(api, owner_id=8)
    assert (await crm.identify_caller(a_call())).owner is None


@pytest.mark.parametrize("name", ["Dr. Example", "Example, Anna", "", "+1 303-555-0123"])
async def test_what_is_no_first_name_greets_nobody(crm, api, name):
    """A title, a turned name, a number."""
    add(api, name=name)
    assert (await crm.identify_caller(a_call())).first_name is None


async def test_a_caller_id_greets_nobody_until_a_person_gave_a_name(crm, api, lead):
    """What a missed call brought is not what somebody is called."""
    ref = await crm.save_contact(lead(name="EXAMPLE ANNA"), "k")
    caller = await crm.identify_caller(a_call())
    assert (caller.name, caller.first_name) == ("EXAMPLE ANNA", None)

    api.records["persons"][int(ref.id)]["name"] = "Anna Example"
    assert (await crm.identify_caller(a_call())).first_name == "Anna"


async def test_who_called_a_moment_ago_is_known(crm, api, lead):
    """Although the search doesn't have the person yet."""
    api.lag_s = 3600
    await crm.save_contact(lead(), "k")
    assert (await crm.identify_caller(a_call())).known


async def test_a_person_without_our_number_any_more_is_not_known(crm, api, lead):
    """What is remembered is compared again."""
    ref = await crm.save_contact(lead(), "k")
    api.records["persons"][int(ref.id)]["phones"] = []
    assert await crm.identify_caller(a_call()) is None


async def test_an_error_is_not_nobody(crm, api):
    """Else a customer would be taken for a stranger."""
    api.lose = lambda request: "search" in request.url.path
    with pytest.raises(MaybeSent):
        await crm.identify_caller(a_call())


async def test_owners_that_cannot_be_read_cost_no_name(crm, api):
    """There is little time, and the name is what it is for."""
    add(api)
    api.lose = lambda request: "users" in request.url.path
    caller = await crm.identify_caller(a_call())
    assert (caller.first_name, caller.owner, caller.url) == ("Anna", None, None)


@pytest.mark.parametrize(
    ("value", "at"), [("2026-01-05", "2026-01-05"), ("Yes", None), (None, None)]
)
async def test_consent_is_a_day_in_a_custom_field(make, api, value, at):
    """By the field's name; a yes without a date is none."""
    add(api, custom_fields={LEAD_SOURCE: value})

    caller = await make(consent_field="Lead source").identify_caller(a_call())

    assert (caller.consent and f"{caller.consent.at:%Y-%m-%d}") == at
    assert at is None or "Lead source" in caller.consent.evidence


async def test_a_consent_field_that_is_not_there_costs_no_caller(make, api):
    """It is told by `check`."""
    add(api)
    plugin = make(consent_field="nonesuch")

    assert (await plugin.identify_caller(a_call())).first_name == "Anna"
    assert any("consent_field" in finding.message for finding in await plugin.check())
