"""Whether the account is as it must be; what `connect` makes there, and what `forget` erases."""

from datetime import timedelta

import pytest

from support.hubspot_api import BREAK_AFTER
from support.hubspot_plugin import STAGE, UNIQUE, Rule
from textback.errors import ProviderError, Refused
from textback.model import Addresses, Change, Erased, Severity
from textback.testing.builders import CALLER, a_lead, an_activity

LEAD = a_lead(tag=None, stage=STAGE, fields={}, name="Anna Example")
ADDRESSES = Addresses("https://hooks.agency.example/hooks/bright-smile/hubspot")


async def said(crm):
    """What the check finds, by severity."""
    findings = await crm.check()
    return [(finding.severity, finding.message) for finding in findings]


async def errors(crm):
    return [words for severity, words in await said(crm) if severity is Severity.ERROR]


# ── check ───────────────────────────────────────────────────────────────────────────────────────


async def test_all_is_well(hubspot, make):
    """One line; and nothing was written."""
    hubspot.owner("7", "sam@example.com")
    hubspot.define("contacts", "tags", type="enumeration", fieldType="checkbox", options=["missed"])
    hubspot.define("contacts", UNIQUE, hasUniqueValue=True)
    fields = {"lead_source": "Missed call", "deal.amount": "100"}
    leads = [
        Rule(tag="missed", stage=STAGE, owner="sam@example.com", fields=fields),
        Rule(pipeline="Service", stage="Asked"),
    ]
    crm = make(leads=leads, stage=STAGE, tag_property="tags", number_property=UNIQUE)

    assert await said(crm) == [(Severity.OK, "leads go to account 4242")]
    assert hubspot.asked(r"^(PATCH|PUT|POST .*objects/\w+$)") == []


async def test_a_token_that_is_not_accepted(hubspot, crm):
    """One finding, as nothing else can be known."""
    hubspot.fail((401, {}, b""), times=9)
    (finding,) = await errors(crm)
    assert "see access_token" in finding


async def test_hubspot_is_not_there(hubspot, crm):
    """Told as such."""
    hubspot.down()
    (finding,) = await errors(crm)
    assert "can't be reached" in finding


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        ({}, []),
        ({"stage": STAGE}, ["crm.objects.deals.write"]),
        ({"tag_lists": True}, ["crm.lists.read, crm.lists.write"]),
    ],
)
async def test_scopes_that_are_missing(hubspot, make, settings, missing):
    """Only those that the settings make use of."""
    hubspot.scopes.remove("crm.objects.deals.write")
    found = await errors(make(**settings))
    assert found == [f"the token lacks the scopes: {m}; add them in HubSpot" for m in missing]


async def test_the_scope_for_owners(hubspot, make):
    """Needed where a lead names one; else there is less to route notices by."""
    hubspot.scopes.remove("crm.objects.owners.read")
    assert [severity for severity, _ in await said(make())] == ["warning", "ok"]
    (first, second) = await errors(make(leads=[Rule(owner="sam@example.com")]))
    assert first == "the token lacks the scopes: crm.objects.owners.read; add them in HubSpot"
    assert "lead[1].owner" in second


async def test_scopes_that_cannot_be_known(hubspot, crm):
    """Some kinds of tokens aren't told what they may do: that is no error."""
    hubspot.fail((404, {}, b""), "access-token-info")
    hubspot.fail((403, {}, b""), "account-info")
    found = await said(crm)
    assert [severity for severity, _ in found] == ["warning", "warning", "ok"]


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        (Rule(stage="Nowhere"), 'lead[1].stage: the pipeline "Sales Pipeline" has no stage'),
        (Rule(pipeline="None", stage=STAGE), 'lead[1].stage: HubSpot has no pipeline "None"'),
        (Rule(owner="nobody@example.com"), "lead[1].owner: nobody in HubSpot"),
        (Rule(fields={"colour": "red"}), 'lead[1].fields.colour: HubSpot has no property "colour"'),
        (Rule(fields={"deal.colour": "red"}), 'no property "colour" of deals'),
        (Rule(fields={"kind": "c"}), 'it has no choice "c"; its internal values are: a, b'),
        (Rule(fields={"sum": "1"}), "lead[1].fields.sum: HubSpot sets it itself"),
    ],
)
async def test_what_leads_name_must_be_there(hubspot, make, rule, words):
    """Each by its place in the file."""
    hubspot.define("contacts", "kind", type="enumeration", options=["a", "b"])
    read_only = {"archivable": False, "readOnlyDefinition": True, "readOnlyValue": True}
    hubspot.define("contacts", "sum", modificationMetadata=read_only)

    (finding,) = await errors(make(leads=[rule]))

    assert words in finding


async def test_what_settings_name_must_be_there(hubspot, make):
    """Stage and properties."""
    crm = make(
        stage="Nowhere",
        number_property=UNIQUE,
        language_property="speaks",
        vip_property="is_vip",
        do_not_text_property="no_texts",
        tag_property="tags",
    )

    found = "\n".join(await errors(crm))

    for words in (
        "plugins.hubspot.stage: the pipeline",
        f'number_property: HubSpot has no property "{UNIQUE}" of contacts; run `textback connect`',
        'language_property: HubSpot has no property "speaks"',
        "vip_property",
        "do_not_text_property",
        "tag_property",
    ):
        assert words in found


async def test_a_property_that_is_not_unique(hubspot, make):
    """HubSpot can't change that later."""
    hubspot.define("contacts", UNIQUE)
    (finding,) = await errors(make(number_property=UNIQUE))
    assert "isn't unique" in finding


async def test_tags_that_go_nowhere(hubspot, make):
    """Without a property or list; and those that can't be put on either."""
    leads = [Rule(tag="missed")]
    assert (Severity.WARNING, "lead[1].tag goes nowhere: set tag_property, or tag_lists") in (
        await said(make(leads=leads))
    )
    hubspot.scopes += ["crm.lists.read", "crm.lists.write"]
    hubspot.define("contacts", "tags", type="enumeration", options=["vip"])
    found = await errors(make(leads=leads, tag_property="tags", tag_lists=True))
    assert found == [
        'lead[1].tag: tags doesn\'t offer "missed"',
        'lead[1].tag: HubSpot has no list of contacts "missed"; make a static one',
    ]


# ── connect ─────────────────────────────────────────────────────────────────────────────────────


async def test_connect_makes_the_unique_property(hubspot, make):
    """Once; with a dry run it only says so."""
    hubspot.scopes.append("crm.schemas.contacts.write")
    crm = make(number_property=UNIQUE)
    change = Change(f"contact property {UNIQUE}", None, "unique, for the numbers of callers")

    assert await crm.connect(ADDRESSES, True) == [change]
    assert UNIQUE not in hubspot.definitions["contacts"]
    assert await crm.connect(ADDRESSES, False) == [change]
    assert hubspot.definitions["contacts"][UNIQUE]["hasUniqueValue"] is True
    assert await crm.connect(ADDRESSES, False) == []


async def test_connect_has_nothing_to_do_otherwise(hubspot, crm):
    """And asks nobody."""
    assert await crm.connect(ADDRESSES, False) == []
    assert hubspot.requests == []


async def test_connect_says_what_it_cannot_do(hubspot, make):
    """The scope is missing, or the property can't be used."""
    crm = make(number_property=UNIQUE)
    with pytest.raises(Refused, match=r"crm\.schemas\.contacts\.write"):
        await crm.connect(ADDRESSES, False)
    hubspot.define("contacts", UNIQUE)
    with pytest.raises(Refused, match="isn't unique"):
        await crm.connect(ADDRESSES, False)


# ── erase ───────────────────────────────────────────────────────────────────────────────────────


async def test_what_textback_made_is_deleted_for_good(hubspot, make, crm):
    """With its calls and texts; the deal, which may be business by now, is named."""
    ref = await crm.save_contact(LEAD, "key1")
    deal = await crm.save_deal(ref, LEAD, "key2")
    await crm.log_activity(ref, an_activity(), "key3")

    assert await crm.erase(CALLER) == Erased(1, f"see {deal.url}; delete them there")
    assert hubspot.all("contacts") == hubspot.all("calls") == []
    assert not [key for key, (value, _) in make.state._values.items() if CALLER in key and value]


async def test_what_was_there_before_is_only_named(hubspot, crm, clock):
    """It is the business's own."""
    there = hubspot.person(phone="(303) 555-0123")
    other = hubspot.person(mobilephone=CALLER)
    ref = await crm.save_contact(LEAD, "key1")
    assert ref.id == there
    clock.advance(timedelta(minutes=1))

    erased = await crm.erase(CALLER)

    root = "https://app.hubspot.com/contacts/4242/record/0-1"
    assert erased == Erased(0, f"see {root}/{there}, {root}/{other}; delete them there")
    assert len(hubspot.all("contacts")) == 2


async def test_a_contact_that_was_merged_is_only_named(hubspot, crm):
    """textback made one of the two that became it."""
    ref = await crm.save_contact(LEAD, "key1")
    other = hubspot.person(firstname="Dana", email="dana@example.com")
    hubspot.merge(ref.id, other)

    assert (await crm.erase(CALLER)).records == 0
    assert other in hubspot.records["contacts"]


async def test_of_a_stranger_there_is_nothing(hubspot, crm):
    """Nothing is named either."""
    assert await crm.erase(CALLER) == Erased(0, "")


async def test_an_erasure_that_fails_can_be_repeated(hubspot, crm):
    """What is known here is forgotten only once HubSpot has done it."""
    ref = await crm.save_contact(LEAD, "key1")
    hubspot.fail((503, {}, b""), "gdpr-delete")
    with pytest.raises(ProviderError):
        await crm.erase(CALLER)
    assert ref.id in hubspot.records["contacts"]
    hubspot.fail(BREAK_AFTER, "gdpr-delete")
    with pytest.raises(ProviderError):
        await crm.erase(CALLER)

    assert await crm.erase(CALLER) == Erased(0, "")
    assert hubspot.all("contacts") == []
