"""Deals: one that is open for a person, in the right place, and never moved back."""

import pytest
from structlog.testing import capture_logs

from support.pipedrive_api import DEAL_SOURCE
from textback.errors import Refused
from textback.model import CrmRef


@pytest.fixture
def person(api):
    known = api.add("persons", name="Anna Example", phones=[{"value": "+13035550123"}])
    return CrmRef(str(known["id"]), "https://bright.pipedrive.com/person/101")


async def test_a_deal_is_made_in_the_stage(crm, api, lead, person):
    """With the person, the owner and the fields that deals have."""
    named = lead(name="Anna Example", owner="otto@bright.example", fields={"deal_source": "Call"})

    ref = await crm.save_deal(person, named, "k")

    assert api.bodies == [
        {
            "title": "Missed call: Anna Example",
            "person_id": int(person.id),
            "pipeline_id": 1,
            "stage_id": 11,
            "owner_id": 8,
            "custom_fields": {DEAL_SOURCE: "Call"},
        }
    ]
    assert ref.url == f"https://bright.pipedrive.com/deal/{ref.id}"


async def test_without_a_place_there_is_no_deal(crm, api, lead, person):
    """Nobody asked for one."""
    assert await crm.save_deal(person, lead(stage=None), "k") is None
    assert api.asked == []


@pytest.mark.parametrize(
    ("pipeline", "stage", "found"),
    [
        ("Sales", "new-lead", 11),
        (None, "New lead", 11),
        (None, "13", 13),
        ("sales", None, 11),
        ("2", "contacted", 21),
    ],
)
async def test_places_are_named_as_people_like(crm, api, lead, person, pipeline, stage, found):
    """By id or name, with the pipeline or without; a pipeline alone means its first stage."""
    await crm.save_deal(person, lead(pipeline=pipeline, stage=stage), "k")
    assert api.bodies[0]["stage_id"] == found


@pytest.mark.parametrize(
    ("pipeline", "stage", "words"),
    [
        (None, "nowhere", 'no stage "nowhere"'),
        ("nothing", "new-lead", 'no pipeline "nothing"'),
        ("Service", "new-lead", 'no stage "new-lead" in "Service"'),
        (None, "Contacted", "several pipelines"),
        (None, "Gone", 'no stage "Gone"'),
    ],
)
async def test_a_place_that_is_none_is_refused_for_good(
    crm, api, lead, person, pipeline, stage, words
):
    """Where people see it, with what to change; no deal is made just anywhere."""
    with pytest.raises(Refused, match=words) as caught:
        await crm.save_deal(person, lead(pipeline=pipeline, stage=stage), "k")
    assert caught.value.permanent
    assert api.deals == 0


async def test_one_open_deal_a_person(crm, api, lead, person):
    """The next call finds the deal of the first."""
    first = await crm.save_deal(person, lead(), "k")
    assert await crm.save_deal(person, lead(case="case2"), "k2") == first
    assert api.deals == 1


@pytest.mark.parametrize(
    ("stage", "moved_to"), [(11, 12), (12, 12), (13, 13)], ids=["before", "there", "beyond"]
)
async def test_a_deal_moves_forward_and_never_back(crm, api, lead, person, stage, moved_to):
    """Whoever has a quote is no new lead because of a missed call."""
    deal = api.add("deals", person_id=int(person.id), pipeline_id=1, stage_id=stage)
    ref = await crm.save_deal(person, lead(pipeline="Sales", stage="Contacted"), "k")
    assert ref.id == str(deal["id"])
    assert deal["stage_id"] == moved_to


async def test_a_deal_in_another_pipeline_stays_there(crm, api, lead, person):
    """It is the one open deal all the same."""
    deal = api.add("deals", person_id=int(person.id), pipeline_id=2, stage_id=21)
    ref = await crm.save_deal(person, lead(), "k")
    assert (ref.id, deal["stage_id"], api.deals) == (str(deal["id"]), 21, 1)


async def test_of_several_open_deals_the_one_in_the_pipeline_is_meant(crm, api, lead, person):
    """And of those the oldest."""
    api.add("deals", person_id=int(person.id), pipeline_id=2, stage_id=21)
    meant = api.add("deals", person_id=int(person.id), pipeline_id=1, stage_id=13)
    api.add("deals", person_id=int(person.id), pipeline_id=1, stage_id=11)
    assert (await crm.save_deal(person, lead(), "k")).id == str(meant["id"])


async def test_a_customer_is_no_new_lead(make, api, lead, person):
    """A deal that was won isn't followed by one at the beginning, unless that is wanted."""
    won = api.add("deals", person_id=int(person.id), status="won", won_time="2025-06-01")
    api.add("deals", person_id=int(person.id), status="lost")

    assert (await make().save_deal(person, lead(), "k")).id == str(won["id"])
    assert api.deals == 2

    await make(deals_for_customers=True).save_deal(person, lead(), "k2")
    assert api.deals == 3


@pytest.mark.parametrize("status", ["lost", "deleted"])
async def test_what_is_over_is_followed_by_a_new_deal(crm, api, lead, person, status):
    """A lost one says nothing about today."""
    api.add("deals", person_id=int(person.id), status=status)
    await crm.save_deal(person, lead(), "k")
    assert api.deals == 2


async def test_only_empty_fields_of_a_deal_are_filled(crm, api, lead, person):
    """As with persons."""
    api.add("deals", person_id=int(person.id), custom_fields={DEAL_SOURCE: "Fair"})
    await crm.save_deal(person, lead(fields={"deal_source": "Call", "lead_source": "x"}), "k")
    assert api.bodies == []


async def test_an_owner_who_is_nobody_costs_no_deal(crm, api, lead, person):
    """It is told, and Pipedrive takes the token's user."""
    with capture_logs() as logs:
        await crm.save_deal(person, lead(owner="nobody"), "k")
    assert "owner_id" not in api.bodies[0]
    assert [each["event"] for each in logs] == ["a part of a lead was left out"]


async def test_a_reference_of_another_crm_is_refused(crm, lead):
    """A plugin table may have been given to another plugin."""
    with pytest.raises(Refused) as caught:
        await crm.save_deal(CrmRef("abc"), lead(), "k")
    assert caught.value.permanent
