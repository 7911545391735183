"""The open deal of a contact: one, where the lead says, and never moved."""

import pytest

from support.hubspot_plugin import STAGE, Rule
from textback.errors import Refused
from textback.testing.builders import CALLER, a_lead, an_activity

LEAD = a_lead(tag=None, stage=STAGE, fields={})


@pytest.fixture
async def ref(crm):
    """The contact's."""
    return await crm.save_contact(LEAD, "case1/lead")


async def test_a_deal_begins_in_the_stage_that_the_lead_names(hubspot, crm, ref):
    """By its label; the first pipeline if none is named."""
    deal = await crm.save_deal(ref, LEAD, "case1/deal")

    (stored,) = hubspot.all("deals")
    assert stored == {
        "hs_object_id": deal.id,
        "dealname": "Missed call: (303) 555-0123",
        "pipeline": "default",
        "dealstage": "default-0",
    }
    assert hubspot.linked("deals", deal.id, "contacts") == [ref.id]
    assert deal.url == f"https://app.hubspot.com/contacts/4242/record/0-3/{deal.id}"


@pytest.mark.parametrize(
    ("pipeline", "stage"), [("Service", "asked"), ("service", "77001-0"), ("77001", "Asked")]
)
async def test_pipeline_and_stage_are_named_by_label_or_id(hubspot, crm, ref, pipeline, stage):
    """However they are written."""
    lead = a_lead(pipeline=pipeline, stage=stage)

    await crm.save_deal(ref, lead, "key")

    assert [(d["pipeline"], d["dealstage"]) for d in hubspot.all("deals")] == [("77001", "77001-0")]


async def test_the_settings_stand_in_for_a_lead_that_names_nothing(hubspot, make, ref):
    """Pipeline and stage, each by itself."""
    crm = make(pipeline="Service", stage="Asked")

    await crm.save_deal(ref, a_lead(stage=None), "key")

    assert [deal["dealstage"] for deal in hubspot.all("deals")] == ["77001-0"]


async def test_without_a_stage_there_is_no_deal(hubspot, crm, ref):
    """And nobody is asked for one."""
    before = len(hubspot.requests)

    assert await crm.save_deal(ref, a_lead(stage=None), "key") is None
    assert len(hubspot.requests) == before


@pytest.mark.parametrize(
    ("lead", "words"),
    [
        (a_lead(stage="nowhere"), 'has no stage "nowhere"; there are: New lead, Contacted'),
        (a_lead(pipeline="none", stage=STAGE), 'no pipeline "none"; there are: Sales Pipeline'),
    ],
)
async def test_a_stage_that_does_not_exist_is_told(crm, ref, lead, words):
    """For good, with those that do."""
    with pytest.raises(Refused, match=words) as caught:
        await crm.save_deal(ref, lead, "key")
    assert caught.value.permanent


async def test_a_stage_that_was_added_just_now_is_found(hubspot, crm, ref):
    """What is known of the pipelines is read again before anything is refused."""
    await crm.save_deal(ref, LEAD, "case1/deal")
    hubspot.pipelines = [hubspot.pipeline("default", "Sales Pipeline", ["New lead", "Hot"])]
    hubspot.archive("deals", next(iter(hubspot.records["deals"])))

    assert await crm.save_deal(ref, a_lead(stage="Hot"), "case2/deal")


@pytest.mark.parametrize(
    "stage", ["default-0", "default-1", "77001-0", "of a pipeline that is gone"]
)
async def test_an_open_deal_is_kept_where_it_is(hubspot, crm, ref, stage):
    """In whichever stage and pipeline somebody put it: it never moves back."""
    there = hubspot.deal(ref.id, dealname="Crown", pipeline=stage.split("-")[0], dealstage=stage)

    deal = await crm.save_deal(ref, LEAD, "key")

    assert deal.id == there
    assert [(d["dealname"], d["dealstage"]) for d in hubspot.all("deals")] == [("Crown", stage)]
    assert hubspot.asked("PATCH") == []


@pytest.mark.parametrize("stage", ["default-2", "default-3"])
async def test_a_deal_that_is_won_or_lost_is_not_opened_again(hubspot, crm, ref, stage):
    """A new one begins."""
    done = hubspot.deal(ref.id, dealname="Crown", pipeline="default", dealstage=stage)

    deal = await crm.save_deal(ref, LEAD, "key")

    assert deal.id != done
    assert hubspot.records["deals"][done].properties["dealstage"] == stage


async def test_of_several_open_deals_the_one_in_the_same_pipeline_is_meant(hubspot, crm, ref):
    """Of several there, the latest."""
    hubspot.deal(ref.id, pipeline="default", dealstage="default-1")
    wanted = hubspot.deal(ref.id, pipeline="default", dealstage="default-0")
    hubspot.deal(ref.id, pipeline="77001", dealstage="77001-0")

    assert (await crm.save_deal(ref, LEAD, "key")).id == wanted


async def test_fields_of_deals_are_named_so(hubspot, make, ref):
    """Written to a new deal; of an open one only what is empty, or may be replaced."""
    hubspot.owner("7", "sam@example.com")
    fields = {"deal.amount": "250", "deal.deal_source": "Phone", "lead_source": "Missed call"}
    lead = a_lead(stage=STAGE, owner="sam@example.com", fields=fields)
    there = hubspot.deal(ref.id, dealstage="default-1", amount="900", deal_source="Web")

    await make(overwrite=("deal_source",)).save_deal(ref, lead, "key")

    stored = hubspot.records["deals"][there].properties
    assert (stored["amount"], stored["deal_source"]) == ("900", "Phone")
    assert stored["hubspot_owner_id"] == "7"
    hubspot.archive("deals", there)
    new = await make().save_deal(ref, lead, "key2")
    assert hubspot.records["deals"][new.id].properties["amount"] == "250"
    assert "lead_source" not in hubspot.records["deals"][new.id].properties


async def test_a_new_deal_is_the_contacts_owners(hubspot, crm, ref):
    """Unless the lead names somebody else."""
    hubspot.records["contacts"][ref.id].properties["hubspot_owner_id"] = "9"

    deal = await crm.save_deal(ref, LEAD, "key")

    assert hubspot.records["deals"][deal.id].properties["hubspot_owner_id"] == "9"


async def test_a_contact_that_was_deleted_gets_no_deal(hubspot, crm, ref):
    """Unless another has the number; then that one gets it."""
    hubspot.archive("contacts", ref.id)
    with pytest.raises(Refused, match="deleted in HubSpot"):
        await crm.save_deal(ref, LEAD, "key")
    other = hubspot.person(phone=CALLER)

    deal = await crm.save_deal(ref, LEAD, "key")

    assert hubspot.linked("deals", deal.id, "contacts") == [other]


async def test_a_deal_shows_what_was_logged_before_and_after_it(hubspot, make):
    """Its steps run at the same time as those of the calls, in any order."""
    crm = make(leads=[Rule(stage=STAGE)])
    ref = await crm.save_contact(LEAD, "case1/lead")
    await crm.log_activity(ref, an_activity(), "case1/log/call/1")
    deal = await crm.save_deal(ref, LEAD, "case1/deal")
    await crm.log_activity(ref, an_activity(body="again"), "case1/log/call/2")

    assert hubspot.linked("deals", deal.id, "calls") == sorted(hubspot.records["calls"])
    assert len(hubspot.all("calls")) == 2


async def test_a_deal_that_was_deleted_costs_no_activity(hubspot, make):
    """Nor a call that was deleted a deal."""
    crm = make(leads=[Rule(stage=STAGE)])
    ref = await crm.save_contact(LEAD, "case1/lead")
    await crm.log_activity(ref, an_activity(), "case1/log/call/1")
    hubspot.archive("calls", next(iter(hubspot.records["calls"])))
    deal = await crm.save_deal(ref, LEAD, "case1/deal")
    hubspot.archive("deals", deal.id)

    await crm.log_activity(ref, an_activity(), "case1/log/call/2")

    assert len(hubspot.all("calls")) == 1
