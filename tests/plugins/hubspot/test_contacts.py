"""The contact of a lead: which one it is, and what is written to it."""

from datetime import timedelta

import pytest

from support.hubspot_plugin import UNIQUE
from textback.errors import Refused
from textback.testing.builders import CALLER, a_lead

LEAD = a_lead(tag=None, stage=None, fields={})


def of(hubspot, ref):
    return hubspot.records["contacts"][ref.id].properties


# ── which one ───────────────────────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    "written", ["(303) 555-0123", "303.555.0123", "+1 303 555 0123", "13035550123", "+13035550123"]
)
@pytest.mark.parametrize("where", ["phone", "mobilephone"])
async def test_a_contact_is_found_however_the_number_is_written(hubspot, crm, written, where):
    """As people type it, in either field; nothing is made."""
    there = hubspot.person(firstname="Dana", **{where: written})

    assert (await crm.save_contact(LEAD, "key1")).id == there
    assert len(hubspot.all("contacts")) == 1


async def test_the_same_digits_in_another_country_are_another_number(hubspot, crm):
    """HubSpot's search leaves the country code out; each hit is compared with it."""
    abroad = hubspot.person(firstname="Nia", phone="+44 303 555 0123")

    ref = await crm.save_contact(LEAD, "key1")

    assert ref.id != abroad
    assert of(hubspot, ref)["phone"] == CALLER


async def test_an_extension_of_a_company_is_not_its_caller(hubspot, crm):
    """Several desks share the number before the extension."""
    desk = hubspot.person(firstname="Dana", phone="(303) 555-0123 ext. 12")

    assert (await crm.save_contact(LEAD, "key1")).id != desk


async def test_of_several_the_one_with_an_owner_is_taken(hubspot, crm):
    """Then the last active, then the oldest; and it stays that one, whatever happens."""
    hubspot.person(phone=CALLER, notes_last_updated="2026-02-01T00:00:00.000Z")
    quiet = hubspot.person(phone=CALLER, hubspot_owner_id="7")
    active = hubspot.person(
        phone=CALLER, hubspot_owner_id="8", notes_last_updated="2026-01-01T00:00:00.000Z"
    )

    assert (await crm.save_contact(LEAD, "key1")).id == active
    hubspot.records["contacts"][quiet].properties["notes_last_updated"] = "2026-03-01T00:00:00Z"
    assert (await crm.save_contact(LEAD, "key2")).id == active


async def test_of_equals_the_oldest_is_taken(hubspot, crm):
    """Ids are numbers, compared as such."""
    hubspot._ids = 998
    oldest, newest = (hubspot.person(phone=CALLER) for _ in range(2))
    assert (oldest, newest) == ("999", "1000")

    assert (await crm.save_contact(LEAD, "key1")).id == oldest


async def test_a_contact_just_made_is_known_before_the_search_shows_it(hubspot, crm, make):
    """Also after a restart."""
    first = await crm.save_contact(LEAD, "key1")

    assert (await make().save_contact(LEAD, "key2")).id == first.id
    assert len(hubspot.asked("search")) == 1


@pytest.mark.parametrize("happens", ["deleted", "another number"])
async def test_a_contact_that_has_the_number_no_more_is_not_taken(hubspot, crm, clock, happens):
    """Somebody else may have it now."""
    first = await crm.save_contact(LEAD, "key1")
    if happens == "deleted":
        hubspot.archive("contacts", first.id)
    else:
        stored = hubspot.records["contacts"][first.id]
        stored.properties["phone"] = "+13035550177"
        hubspot._index(stored)
    clock.advance(timedelta(minutes=1))
    other = hubspot.person(phone="303-555-0123")

    assert (await crm.save_contact(LEAD, "key2")).id == other


async def test_a_search_that_fails_is_not_nobody(hubspot, crm):
    """Nothing is made as long as HubSpot can't say whether there is a contact."""
    hubspot.fail((500, {}, b""), "/search")

    with pytest.raises(Exception, match="answered 500"):
        await crm.save_contact(LEAD, "key1")
    assert hubspot.all("contacts") == []


@pytest.mark.parametrize("named", [True, False])
async def test_a_conflict_leads_to_the_contact_that_was_there(hubspot, crm, named):
    """The e-mail address is another contact's: it is the same person, who has one phone more."""
    hubspot.names_existing = named
    there = hubspot.person(email="dana@example.com", firstname="Dana", phone="+13035550188")

    ref = await crm.save_contact(a_lead(tag=None, fields={}, email="dana@example.com"), "key1")

    assert ref.id == there
    assert of(hubspot, ref)["phone"] == "+13035550188"
    assert of(hubspot, ref)["mobilephone"] == CALLER


@pytest.mark.parametrize("named", [True, False])
async def test_the_unique_property_leads_to_the_contact_that_was_made(hubspot, make, clock, named):
    """Whatever has been remembered here is gone, and its phone is another now."""
    hubspot.names_existing = named
    hubspot.define("contacts", UNIQUE, hasUniqueValue=True)
    crm = make(number_property=UNIQUE)
    first = await crm.save_contact(LEAD, "key1")
    assert of(hubspot, first)[UNIQUE] == CALLER
    await make.state.delete(f"contact:{CALLER}")
    hubspot.records["contacts"][first.id].properties["phone"] = "+13035550177"

    assert (await crm.save_contact(LEAD, "key2")).id == first.id


# ── what is written ─────────────────────────────────────────────────────────────────────────────


async def test_a_new_contact_has_what_the_lead_says(hubspot, crm):
    """Number, name, e-mail, owner and custom fields, all as text; and a link for people."""
    hubspot.owner("7", "sam@example.com", "Sam", "Lee")
    lead = a_lead(
        tag=None,
        name="Anna  Maria Example",
        email="anna@example.com",
        owner="Sam Lee",
        fields={"lead_source": "Missed call", "lifecyclestage": "lead", "deal.amount": "100"},
    )

    ref = await crm.save_contact(lead, "key1")

    assert of(hubspot, ref) == {
        "hs_object_id": ref.id,
        "firstname": "Anna",
        "lastname": "Maria Example",
        "phone": CALLER,
        "email": "anna@example.com",
        "hubspot_owner_id": "7",
        "lead_source": "Missed call",
        "lifecyclestage": "lead",
    }
    assert ref.url == f"https://app.hubspot.com/contacts/4242/record/0-1/{ref.id}"


async def test_the_number_may_go_to_the_mobile_phone(hubspot, make):
    """As the setting says."""
    ref = await make(phone_property="mobilephone").save_contact(LEAD, "key1")

    assert of(hubspot, ref)["mobilephone"] == CALLER
    assert "phone" not in of(hubspot, ref)


async def test_only_what_is_empty_is_filled(hubspot, crm):
    """What people have written stays; an existing customer doesn't move back to being a lead."""
    there = hubspot.person(
        phone="(303) 555-0123",
        lastname="Reed",
        lifecyclestage="customer",
        hubspot_owner_id="9",
        city="Denver",
    )
    hubspot.owner("7", "sam@example.com")
    lead = a_lead(
        tag=None,
        name="REED DANA",
        email="dana@example.com",
        owner="sam@example.com",
        fields={"lifecyclestage": "lead", "city": "Boulder", "lead_source": "Missed call"},
    )

    await crm.save_contact(lead, "key1")

    assert hubspot.records["contacts"][there].properties == {
        "hs_object_id": there,
        "phone": "(303) 555-0123",
        "lastname": "Reed",
        "lifecyclestage": "customer",
        "hubspot_owner_id": "9",
        "city": "Denver",
        "email": "dana@example.com",
        "lead_source": "Missed call",
    }


async def test_what_may_be_replaced_is(hubspot, make):
    """Only the properties that are named."""
    hubspot.person(phone=CALLER, city="Denver", hs_lead_status="CONNECTED")
    lead = a_lead(tag=None, fields={"city": "Boulder", "hs_lead_status": "NEW"})

    ref = await make(overwrite=("hs_lead_status",)).save_contact(lead, "key1")

    assert of(hubspot, ref)["city"] == "Denver"
    assert of(hubspot, ref)["hs_lead_status"] == "NEW"


async def test_nothing_is_written_where_nothing_is_new(hubspot, crm):
    """A second missed call costs one look."""
    await crm.save_contact(LEAD, "key1")
    before = len(hubspot.requests)

    await crm.save_contact(LEAD, "key2")

    assert len(hubspot.requests) == before + 1


@pytest.mark.parametrize("email", ["taken@example.com", "not an address"])
async def test_an_address_that_is_refused_costs_no_lead(hubspot, crm, email):
    """It is another contact's, or none at all: everything else is written."""
    hubspot.person(email="taken@example.com")
    there = hubspot.person(phone=CALLER)

    await crm.save_contact(a_lead(tag=None, fields={"city": "Boulder"}, email=email), "key1")

    assert hubspot.records["contacts"][there].properties["city"] == "Boulder"
    assert "email" not in hubspot.records["contacts"][there].properties


async def test_a_new_contact_with_an_address_that_is_none(hubspot, crm):
    """The number is what counts."""
    ref = await crm.save_contact(a_lead(tag=None, fields={}, email="nonsense"), "key1")

    assert "email" not in of(hubspot, ref)


async def test_a_field_that_does_not_exist_is_told(hubspot, crm):
    """For good, with its name: only a person can mend it."""
    with pytest.raises(Refused, match="colour") as caught:
        await crm.save_contact(a_lead(tag=None, fields={"colour": "red"}), "key1")
    assert caught.value.permanent
    assert caught.value.code == "PROPERTY_DOESNT_EXIST"


async def test_an_owner_nobody_knows_is_told(hubspot, crm):
    """For good, after a look whether they are new."""
    with pytest.raises(Refused, match="nobody in HubSpot") as caught:
        await crm.save_contact(a_lead(tag=None, owner="sam@example.com"), "key1")
    assert caught.value.permanent
    hubspot.owner("7", "Sam@Example.com")
    ref = await crm.save_contact(a_lead(tag=None, fields={}, owner="sam@example.com"), "key1")
    assert of(hubspot, ref)["hubspot_owner_id"] == "7"


# ── tags ────────────────────────────────────────────────────────────────────────────────────────

TAGGED = a_lead(stage=None, fields={}, tag="Missed Call")


async def test_a_tag_is_added_to_several_choices(hubspot, make):
    """HubSpot replaces the whole value, so what is there is written along; labels will do."""
    options = ["vip", "missed_call"]
    hubspot.define("contacts", "tags", type="enumeration", fieldType="checkbox", options=options)
    hubspot.person(phone=CALLER, tags="vip")
    crm = make(tag_property="tags")

    ref = await crm.save_contact(TAGGED, "key1")
    await crm.save_contact(TAGGED, "key2")

    assert of(hubspot, ref)["tags"] == "vip;missed_call"
    assert len(hubspot.asked("PATCH")) == 1


@pytest.mark.parametrize(
    ("definition", "value"),
    [
        ({"type": "bool", "fieldType": "booleancheckbox"}, "true"),
        ({"type": "string", "fieldType": "text"}, "Missed Call"),
        ({"type": "enumeration", "fieldType": "select", "options": ["missed_call"]}, "missed_call"),
    ],
)
async def test_a_tag_fits_the_kind_of_property(hubspot, make, definition, value):
    """A box to tick, a text, one of some choices."""
    hubspot.define("contacts", "tag", **definition)

    ref = await make(tag_property="tag").save_contact(TAGGED, "key1")

    assert of(hubspot, ref)["tag"] == value


async def test_a_single_choice_is_not_replaced(hubspot, make):
    """Unless it may be."""
    hubspot.define("contacts", "tag")
    hubspot.person(phone=CALLER, tag="Customer")

    ref = await make(tag_property="tag").save_contact(TAGGED, "key1")
    assert of(hubspot, ref)["tag"] == "Customer"
    await make(tag_property="tag", overwrite=("tag",)).save_contact(TAGGED, "key2")
    assert of(hubspot, ref)["tag"] == "Missed Call"


async def test_a_tag_that_is_not_offered_is_told_until_it_is(hubspot, make):
    """It may be added any moment: what was read of the property isn't kept then."""
    crm = make(tag_property="tags")
    with pytest.raises(Refused, match='no contact property "tags"'):
        await crm.save_contact(TAGGED, "key1")
    definition = {"type": "enumeration", "fieldType": "checkbox"}
    hubspot.define("contacts", "tags", **definition, options=["vip"])
    with pytest.raises(Refused, match='doesn\'t offer "Missed Call"'):
        await crm.save_contact(TAGGED, "key1")
    hubspot.define("contacts", "tags", **definition, options=["missed_call"])

    assert (await crm.save_contact(TAGGED, "key1")).id


async def test_a_tag_may_be_a_static_list(hubspot, make):
    """The contact is put on it, as often as it is said."""
    on = hubspot.list("Missed Call")
    crm = make(tag_lists=True)

    ref = await crm.save_contact(TAGGED, "key1")
    await crm.save_contact(TAGGED, "key2")

    assert hubspot.members == {on: {ref.id}}


@pytest.mark.parametrize("there", [True, False])
async def test_a_list_that_cannot_be_used_is_told(hubspot, make, there):
    """It isn't there, or fills itself by rules."""
    if there:
        hubspot.list("Missed Call", processing="DYNAMIC")
    with pytest.raises(Refused, match="make a static one") as caught:
        await make(tag_lists=True).save_contact(TAGGED, "key1")
    assert caught.value.permanent
