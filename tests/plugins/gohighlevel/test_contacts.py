"""Contacts: found by number, made once, tagged and filled where empty."""

import pytest
from structlog.testing import capture_logs

from support.gohighlevel_api import DEAL_SOURCE, LEAD_SOURCE, LOCATION
from textback.testing.builders import CALLER


def writes(api):
    """What was asked for to make or change something."""
    return [
        asked
        for asked in api.asked
        if not asked.startswith("GET") and asked != "POST /contacts/search"
    ]


async def test_a_new_caller_becomes_a_contact(crm, api, lead):
    """Made by its number alone, then filled and tagged; the link is for the team."""
    fields = {"lead_source": "Missed call"}
    named = lead(name="Anna  Example", email="a@b.example", owner="Otto Other", fields=fields)

    ref = await crm.save_contact(named, "k")

    assert api.bodies == [
        {"locationId": LOCATION, "phone": CALLER},
        {
            "name": "Anna Example",
            "email": "a@b.example",
            "assignedTo": "user8",
            "customFields": [{"id": LEAD_SOURCE, "field_value": "Missed call"}],
        },
        {"tags": ["missed-call"]},
    ]
    assert ref.url == (
        f"https://app.gohighlevel.com/v2/location/{LOCATION}/contacts/detail/{ref.id}"
    )


async def test_tags_are_added_and_never_replaced(crm, api, lead):
    """They have an address of their own; a change of the contact would take the others away."""
    known = api.add_contact(phone=CALLER, name="Anna", tags=["vip"])
    await crm.save_contact(lead(), "k")
    assert known["tags"] == ["vip", "missed-call"]
    assert writes(api) == [f"POST /contacts/{known['id']}/tags"]


async def test_a_tag_that_is_there_is_not_added(crm, api, lead):
    """GoHighLevel writes all of them in small letters."""
    api.add_contact(phone=CALLER, name="Anna", tags=["missed-call"])
    await crm.save_contact(lead(tag="Missed-Call"), "k")
    assert writes(api) == []


async def test_only_what_is_empty_is_filled(crm, api, lead):
    """Names, addresses, owners and fields that people entered stay."""
    api.add_contact(
        phone=CALLER,
        firstName="Anna",
        lastName="Example",
        email="anna@old.example",
        assignedTo="user7",
        tags=["missed-call"],
        customFields=[{"id": LEAD_SOURCE, "value": "Fair"}],
    )
    named = lead(name="X", email="n@b.example", owner="user8", fields={"lead_source": "Call"})
    await crm.save_contact(named, "k")
    assert writes(api) == []


async def test_what_may_be_overwritten_is(make, api, lead):
    """As far as the settings name it."""
    crm = make(overwrite=("email", "owner", "lead_source"))
    api.add_contact(
        phone=CALLER,
        name="Anna",
        email="anna@old.example",
        assignedTo="user7",
        tags=["missed-call"],
        customFields=[{"id": LEAD_SOURCE, "value": "Fair"}],
    )
    named = lead(name="X", email="n@b.example", owner="user8", fields={"lead_source": "Call"})
    await crm.save_contact(named, "k")
    assert api.bodies == [
        {
            "email": "n@b.example",
            "assignedTo": "user8",
            "customFields": [{"id": LEAD_SOURCE, "field_value": "Call"}],
        }
    ]


async def test_a_number_is_no_name_that_people_entered(crm, api, lead):
    """So a caller whose name comes to be known gets it."""
    api.add_contact(phone=CALLER, name="(303) 555-0123", tags=["missed-call"])
    await crm.save_contact(lead(name="Anna Example"), "k")
    assert api.bodies == [{"name": "Anna Example"}]


async def test_a_contact_that_the_searches_do_not_show_yet_keeps_what_it_has(crm, api, lead):
    """It is there when it is to be made: GoHighLevel says so, and nothing of it is written over."""
    api.lag_s = 3600
    known = api.add_contact(phone=CALLER, name="Anna Example", email="a@b.example")
    ref = await crm.save_contact(lead(name="X", email="n@b.example"), "k")
    assert ref.id == known["id"]
    assert (known["name"], known["email"], api.contacts) == ("Anna Example", "a@b.example", 1)


@pytest.mark.parametrize("stored", ["+443035550123", "+13045550123", "0123", ""])
async def test_a_hit_that_is_another_number_is_none(crm, api, lead, stored):
    """A search may find what it likes; only the same number is the same contact."""
    other = api.add_contact(phone=stored, name="Somebody Else")
    api._with = lambda number: [other]
    ref = await crm.save_contact(lead(), "k")
    assert ref.id != other["id"]


async def test_a_second_number_of_a_contact_counts(crm, api, lead):
    """People have more than one phone."""
    more = [{"phone": "(303) 555-0123", "phoneLabel": "mobile"}]
    known = api.add_contact(phone="+13035550199", additionalPhones=more)
    api._with = lambda number: [known]
    assert (await crm.save_contact(lead(), "k")).id == known["id"]


async def test_of_several_the_one_with_an_owner_is_taken(crm, api, lead):
    """Then the one changed last; that there are several is told, with the number masked."""
    api.allows_duplicates = True
    api.add_contact(phone=CALLER, dateUpdated="2026-05-01T00:00:00.000Z")
    api.add_contact(phone=CALLER, assignedTo="user7", dateUpdated="2026-01-01T00:00:00.000Z")
    wanted = api.add_contact(
        phone=CALLER, assignedTo="user8", dateUpdated="2026-02-01T00:00:00.000Z"
    )
    with capture_logs() as logs:
        ref = await crm.save_contact(lead(), "k")
    assert ref.id == wanted["id"]
    (told,) = logs
    assert (told["event"], told["contacts"]) == ("several contacts have one number", 3)
    assert CALLER not in str(logs)


async def test_the_one_known_before_stays_the_one(crm, api, lead):
    """A duplicate with an owner doesn't split what is logged."""
    api.allows_duplicates = True
    first = await crm.save_contact(lead(), "k")
    api.add_contact(phone=CALLER, assignedTo="user7")
    assert (await crm.save_contact(lead(), "k2")).id == first.id


async def test_a_contact_that_was_deleted_is_made_anew(crm, api, lead):
    """What is remembered is looked at before it is believed."""
    first = await crm.save_contact(lead(), "k")
    del api.people[first.id]
    api.add_contact(phone="+13035550199")  # so that ids aren't given twice
    assert (await crm.save_contact(lead(), "k2")).id != first.id


@pytest.mark.parametrize("more", [{"owner": "nobody"}, {"fields": {"no such field": "x"}}])
async def test_what_is_named_wrongly_costs_no_lead(crm, api, lead, more):
    """It is left out and told; `check` finds it, too."""
    with capture_logs() as logs:
        await crm.save_contact(lead(name="Anna Example", **more), "k")
    assert api.contacts == 1
    assert [each["event"] for each in logs] == ["a part of a lead was left out"]


async def test_fields_go_where_they_belong(crm, api, lead):
    """One table serves contacts and opportunities: each takes what it has."""
    both = lead(fields={"lead_source": "Call", "opportunity.deal_source": "Call"})
    ref = await crm.save_contact(both, "k")
    await crm.save_deal(ref, both, "k2")
    written = [each["customFields"] for each in api.bodies if "customFields" in each]
    assert written == [
        [{"id": LEAD_SOURCE, "field_value": "Call"}],
        [{"id": DEAL_SOURCE, "field_value": "Call"}],
    ]
