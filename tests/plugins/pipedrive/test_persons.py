"""Persons: found by number however it is written, made once, and filled where empty."""

from datetime import timedelta

import pytest
from structlog.testing import capture_logs

from support.pipedrive_api import LEAD_SOURCE, URGENCY
from textback.testing.builders import CALLER, a_lead


def phone(value):
    return [{"value": value, "primary": True, "label": "work"}]


def written(api):
    """What was sent to change something, without what only made it."""
    return [asked for asked in api.asked if not asked.startswith("GET")]


async def test_a_new_caller_becomes_a_person(crm, api, lead):
    """With number, label and fields in Pipedrive's terms, and a link for the team."""
    fields = {"lead_source": "Missed call", "Urgency": "high"}

    ref = await crm.save_contact(
        lead(name="Anna  Example", email="a@b.example", fields=fields), "k"
    )

    (body,) = api.bodies
    assert body == {
        "name": "Anna Example",
        "phones": [{"value": CALLER, "primary": True, "label": "mobile"}],
        "emails": [{"value": "a@b.example", "primary": True, "label": "work"}],
        "label_ids": [6],
        "custom_fields": {LEAD_SOURCE: "Missed call", URGENCY: 31},
    }
    assert ref.url == f"https://bright.pipedrive.com/person/{ref.id}"


async def test_a_caller_without_a_name_is_called_by_the_number(crm, api, lead):
    """Pipedrive wants a name; people see at once that there is none."""
    await crm.save_contact(lead(), "k")
    assert api.bodies[0]["name"] == "(303) 555-0123"


@pytest.mark.parametrize(
    "stored",
    ["+13035550123", "(303) 555-0123", "303-555-0123", "303.555.0123", "3035550123", "13035550123"],
)
async def test_a_number_is_found_however_it_was_typed(crm, api, lead, stored):
    """What comes without a country code is read as where the client's line is."""
    known = api.add("persons", name="Anna Example", phones=phone(stored))

    assert (await crm.save_contact(lead(), "k")).id == str(known["id"])
    assert api.contacts == 1


@pytest.mark.parametrize("stored", ["+443035550123", "+13045550123", "0123", "+13035550123;ext=7"])
async def test_a_hit_that_is_another_number_is_none(crm, api, lead, stored):
    """The search finds parts of numbers; only the same number is the same person."""
    api.add("persons", name="Somebody Else", phones=phone(stored))

    await crm.save_contact(lead(), "k")
    assert api.contacts == 2


async def test_only_what_is_empty_is_filled(crm, api, lead):
    """A name, an address, a field that people entered stay; the label is added to the others."""
    known = api.add(
        "persons",
        name="Anna Example",
        phones=phone("(303) 555-0123"),
        emails=phone("anna@old.example"),
        label_ids=[5],
        custom_fields={LEAD_SOURCE: "Fair"},
    )

    named = lead(name="EXAMPLE A", email="new@b.example", fields={"Lead source": "Missed call"})
    await crm.save_contact(named, "k")

    assert api.bodies == [{"label_ids": [5, 6]}]
    assert known["phones"] == phone("(303) 555-0123")


async def test_what_may_be_overwritten_is(make, api, lead):
    """As far as the settings name it."""
    crm = make(overwrite=("email", "owner", "lead_source"))
    api.add(
        "persons",
        name="Anna Example",
        phones=phone(CALLER),
        emails=phone("anna@old.example"),
        label_ids=[6],
        custom_fields={LEAD_SOURCE: "Fair", URGENCY: 30},
    )
    fields = {"lead_source": "Missed call", "urgency": "High"}

    await crm.save_contact(
        lead(name="X", email="n@b.example", owner="Otto Other", fields=fields), "k"
    )

    assert api.bodies == [
        {
            "emails": [{"value": "n@b.example", "primary": True, "label": "work"}],
            "owner_id": 8,
            "custom_fields": {LEAD_SOURCE: "Missed call"},
        }
    ]


async def test_a_number_is_no_name_that_people_entered(crm, api, lead):
    """So a caller whose name comes to be known gets it."""
    api.add("persons", name="+1 303 555 0123", phones=phone(CALLER), label_ids=[6])
    await crm.save_contact(lead(name="Anna Example"), "k")
    assert api.bodies == [{"name": "Anna Example"}]


async def test_nothing_new_changes_nothing(crm, api, lead):
    """The second call of a case writes nothing at all."""
    await crm.save_contact(lead(name="Anna Example"), "k")
    api.asked.clear()
    await crm.save_contact(lead(name="Anna Example"), "k2")
    assert written(api) == []


async def test_of_several_the_one_changed_last_is_taken(crm, api, clock, lead):
    """And that there are several is told, with the number masked."""
    old = {"name": "Anna Example", "phones": phone(CALLER), "update_time": "2025-01-01T00:00:00Z"}
    api.add("persons", **old)
    latest = api.add("persons", **{**old, "update_time": "2026-01-01T00:00:00Z"})
    api.add("persons", **old)

    with capture_logs() as logs:
        ref = await crm.save_contact(lead(), "k")

    assert ref.id == str(latest["id"])
    (told,) = [each for each in logs if each["event"] == "several persons have one number"]
    assert told["persons"] == 3
    assert CALLER not in str(logs)


async def test_the_one_known_before_stays_the_one(crm, api, lead):
    """A duplicate that somebody adds and edits doesn't split what is logged."""
    first = await crm.save_contact(lead(), "k")
    api.add("persons", name="B", phones=phone(CALLER), update_time="2027-01-01T00:00:00Z")
    assert (await crm.save_contact(lead(), "k2")).id == first.id


async def test_a_person_that_was_deleted_is_made_anew(crm, api, lead):
    """What is remembered is looked at before it is believed."""
    first = await crm.save_contact(lead(), "k")
    api.records["persons"][int(first.id)]["is_deleted"] = True

    second = await crm.save_contact(lead(), "k2")
    assert second.id != first.id


async def test_a_person_who_got_another_number_is_not_the_caller(crm, api, lead):
    """Numbers change hands."""
    first = await crm.save_contact(lead(), "k")
    api.records["persons"][int(first.id)]["phones"] = phone("+13035550199")
    assert (await crm.save_contact(lead(), "k2")).id != first.id


async def test_a_person_is_found_before_the_search_has_it(crm, api, lead):
    """The next call comes sooner than that: its id is remembered."""
    api.lag_s = 3600
    first = await crm.save_contact(lead(), "k")
    assert await crm.save_contact(lead(case="case2"), "k2") == first
    assert api.contacts == 1


@pytest.mark.parametrize(
    "more",
    [
        {"tag": "no such label"},
        {"owner": "nobody"},
        {"fields": {"no such field": "x"}},
        {"fields": {"urgency": "no such option"}},
    ],
)
async def test_what_is_named_wrongly_costs_no_lead(crm, api, lead, more):
    """It is left out and told; `check` finds it, too."""
    with capture_logs() as logs:
        await crm.save_contact(lead(name="Anna Example", **more), "k")
    assert api.contacts == 1
    assert [each["event"] for each in logs] == ["a part of a lead was left out"]


async def test_a_field_of_deals_is_none_of_persons(crm, api, lead):
    """One table of fields serves both: each takes what it has."""
    with capture_logs() as logs:
        await crm.save_contact(lead(fields={"deal_source": "Missed call"}), "k")
    assert "custom_fields" not in api.bodies[0]
    assert logs == []


async def test_a_label_that_was_just_added_is_found(crm, api, clock, lead):
    """What was read before is not the last word on a name that isn't in it."""
    await crm.save_contact(lead(), "k")
    api.labels.append({"id": 9, "label": "Night call"})
    clock.advance(timedelta(minutes=2))
    await crm.save_contact(a_lead(number="+13035550124", tag="night-call"), "k2")
    assert api.bodies[-1]["label_ids"] == [9]
