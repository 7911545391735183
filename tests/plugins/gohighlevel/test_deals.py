"""Opportunities: one that is open for a contact, in the right place, and never moved back."""

import pytest
from structlog.testing import capture_logs

from support.gohighlevel_api import DEAL_SOURCE, LOCATION
from textback.errors import Refused
from textback.model import CrmRef
from textback.testing.builders import CALLER


@pytest.fixture
def contact(api):
    return CrmRef(api.add_contact(phone=CALLER, name="Anna Example")["id"], "https://link")


async def test_an_opportunity_is_made_in_the_stage(crm, api, lead, contact):
    """With all that GoHighLevel needs, and the owner."""
    named = lead(name="Anna Example", owner="otto@bright.example")

    ref = await crm.save_deal(contact, named, "k")

    assert api.bodies == [
        {
            "locationId": LOCATION,
            "pipelineId": "sales",
            "pipelineStageId": "new",
            "contactId": contact.id,
            "name": "Missed call: Anna Example",
            "status": "open",
            "assignedTo": "user8",
        }
    ]
    assert ref == CrmRef(next(iter(api.opportunities)), "https://link")


async def test_without_a_place_there_is_none(crm, api, lead, contact):
    """Nobody asked for one."""
    assert await crm.save_deal(contact, lead(stage=None), "k") is None
    assert api.asked == []


@pytest.mark.parametrize(
    ("pipeline", "stage", "found"),
    [
        ("Sales", "new-lead", "new"),
        (None, "New lead", "new"),
        (None, "quote", "quote"),
        ("sales", None, "new"),
        ("service", "contacted", "contacted-service"),
    ],
)
async def test_places_are_named_as_people_like(crm, api, lead, contact, pipeline, stage, found):
    """By id or name, with the pipeline or without; a pipeline alone means its first stage."""
    await crm.save_deal(contact, lead(pipeline=pipeline, stage=stage), "k")
    assert api.bodies[0]["pipelineStageId"] == found


@pytest.mark.parametrize(
    ("pipeline", "stage", "words"),
    [
        (None, "nowhere", 'no stage "nowhere"'),
        ("nothing", "new-lead", 'no pipeline "nothing"'),
        ("service", "new-lead", 'no stage "new-lead" in "service"'),
        (None, "Contacted", "several pipelines"),
    ],
)
async def test_a_place_that_is_none_is_refused_for_good(
    crm, api, lead, contact, pipeline, stage, words
):
    """Where people see it, with what to change."""
    with pytest.raises(Refused, match=words) as caught:
        await crm.save_deal(contact, lead(pipeline=pipeline, stage=stage), "k")
    assert caught.value.permanent
    assert api.deals == 0


async def test_one_open_opportunity_a_contact(crm, api, lead, contact):
    """The next call finds that of the first, although the search doesn't have it yet."""
    api.lag_s = 3600
    first = await crm.save_deal(contact, lead(), "k")
    assert await crm.save_deal(contact, lead(case="case2"), "k2") == first
    assert api.deals == 1


@pytest.mark.parametrize(
    ("stage", "moved_to"),
    [
        ("new", "contacted-sales"),
        ("contacted-sales", "contacted-sales"),
        ("quote", "quote"),
        ("unheard of", "unheard of"),
    ],
)
async def test_one_moves_forward_and_never_back(crm, api, lead, contact, stage, moved_to):
    """By the pipeline's own order; a stage that isn't known may be anywhere."""
    deal = api.add_deal(contactId=contact.id, pipelineStageId=stage)
    await crm.save_deal(contact, lead(pipeline="sales", stage="Contacted"), "k")
    assert deal["pipelineStageId"] == moved_to


async def test_one_in_another_pipeline_stays_there(crm, api, lead, contact):
    """It is the one open opportunity all the same."""
    deal = api.add_deal(
        contactId=contact.id, pipelineId="service", pipelineStageId="contacted-service"
    )
    ref = await crm.save_deal(contact, lead(), "k")
    assert (ref.id, api.deals, api.bodies) == (deal["id"], 1, [])


async def test_of_several_open_ones_that_in_the_pipeline_is_meant(crm, api, lead, contact):
    """And of those the oldest."""
    api.add_deal(contactId=contact.id, pipelineId="service")
    meant = api.add_deal(contactId=contact.id)
    api.add_deal(contactId=contact.id)
    assert (await crm.save_deal(contact, lead(), "k")).id == meant["id"]


async def test_a_customer_is_no_new_lead(make, api, lead, contact):
    """What was won isn't followed by one at the beginning, unless that is wanted."""
    won = api.add_deal(contactId=contact.id, status="won", lastStatusChangeAt="2025-06-01")
    api.add_deal(contactId=contact.id, status="lost")

    assert (await make().save_deal(contact, lead(), "k")).id == won["id"]
    assert api.deals == 2

    await make(deals_for_customers=True).save_deal(contact, lead(), "k2")
    assert api.deals == 3


async def test_where_one_is_allowed_the_one_that_is_there_is_left(crm, api, lead, contact):
    """Also one that was lost: GoHighLevel refuses a second, and names the first."""
    api.allows_deals = False
    lost = api.add_deal(contactId=contact.id, status="lost", pipelineStageId="quote")
    with capture_logs() as logs:
        ref = await crm.save_deal(contact, lead(), "k")
    assert (ref.id, lost["status"], lost["pipelineStageId"]) == (lost["id"], "lost", "quote")
    assert [each["event"] for each in logs] == [
        "an opportunity is there already, and was left as it is"
    ]


async def test_only_empty_fields_are_filled(crm, api, lead, contact):
    """As with contacts."""
    api.add_deal(contactId=contact.id, customFields=[{"id": DEAL_SOURCE, "fieldValue": "Fair"}])
    await crm.save_deal(contact, lead(fields={"deal_source": "Call"}), "k")
    assert api.bodies == []
