"""A connection that breaks after the request: in the end there is one of everything."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.hubspot_api import BAD_GATEWAY, BREAK_AFTER, BREAK_BEFORE, HubSpotApi
from support.hubspot_plugin import STAGE, UNIQUE, Maker, Rule
from textback.errors import MaybeSent, ProviderError
from textback.model import ActivityKind
from textback.testing.builders import NOW, a_lead, an_activity
from textback.testing.clock import VirtualClock

LEAD = a_lead(tag=None, stage=STAGE, name="Anna Example")
CREATES = r"/objects/(contacts|deals|calls|communications)$"


async def whole_case(maker, crm, *, case="case1", at=NOW):
    """What the engine does for one case, each step until it is done."""
    call = an_activity(at=at)
    ref = await maker.until_done(lambda: crm.save_contact(LEAD, f"{case}/lead/hubspot"))
    await maker.until_done(lambda: crm.save_deal(ref, LEAD, f"{case}/deal/hubspot"))
    await maker.until_done(lambda: crm.log_activity(ref, call, f"{case}/log/hubspot/call/1"))
    return ref


def counts(hubspot):
    return {kind: len(hubspot.all(kind)) for kind in ("contacts", "deals", "calls")}


@pytest.mark.parametrize("unique", [None, UNIQUE])
@pytest.mark.parametrize("kind", ["contacts", "deals", "calls"])
async def test_a_create_whose_answer_is_lost_is_not_repeated(hubspot, make, kind, unique):
    """With a unique property and without, while the search doesn't show the record yet."""
    hubspot.define("contacts", UNIQUE, hasUniqueValue=True)
    crm = make(number_property=unique, leads=[Rule(stage=STAGE)])
    hubspot.fail(BREAK_AFTER, f"/objects/{kind}$", method="POST")

    ref = await whole_case(make, crm)

    assert counts(hubspot) == {"contacts": 1, "deals": 1, "calls": 1}
    ((contact, deal, call),) = zip(
        *(list(hubspot.records[kind]) for kind in counts(hubspot)), strict=True
    )
    assert ref.id == contact
    assert hubspot.linked("contacts", contact, "deals") == [deal]
    assert hubspot.linked("contacts", contact, "calls") == [call]
    assert hubspot.linked("deals", deal, "calls") == [call]


async def test_a_lost_contact_is_waited_for_as_long_as_the_search_may_lag(hubspot, make, clock):
    """It says so at once, with how long that is, instead of making another."""
    crm = make(search_lag_s=60.0)
    hubspot.fail(BREAK_AFTER, "/objects/contacts$", method="POST")
    with pytest.raises(MaybeSent):
        await crm.save_contact(LEAD, "key1")

    clock.advance(timedelta(seconds=1))
    with pytest.raises(ProviderError, match="may have done it at an earlier try") as caught:
        await crm.save_contact(LEAD, "key1")

    assert not caught.value.permanent
    assert caught.value.retry_after == 59
    clock.advance(timedelta(seconds=9.5))
    assert (await crm.save_contact(LEAD, "key1")).id in hubspot.records["contacts"]
    assert len(hubspot.all("contacts")) == 1


async def test_another_process_waits_for_a_lost_contact_too(hubspot, make):
    """It is remembered in the store, not in the object that has died."""
    hubspot.fail(BREAK_AFTER, "/objects/contacts$", method="POST")
    with pytest.raises(MaybeSent):
        await make().save_contact(LEAD, "key1")

    await whole_case(make, make())

    assert counts(hubspot) == {"contacts": 1, "deals": 1, "calls": 1}


async def test_what_was_never_done_is_done_after_the_wait(hubspot, make):
    """The connection broke before HubSpot took the request, which looks the same from here."""
    crm = make()
    for kind in ("contacts", "deals", "calls"):
        hubspot.fail(BREAK_BEFORE, f"/objects/{kind}$", method="POST")

    await whole_case(make, crm)

    assert counts(hubspot) == {"contacts": 1, "deals": 1, "calls": 1}


async def test_what_surely_was_not_done_is_not_waited_for(hubspot, make, clock):
    """Nothing was written, or HubSpot said no: the next try need not wait."""
    crm = make()
    hubspot.down()
    with pytest.raises(ProviderError):
        await crm.save_contact(LEAD, "key1")
    hubspot.up()
    hubspot.fail((423, {}, b"{}"), "/objects/contacts$", method="POST")
    with pytest.raises(ProviderError) as caught:
        await crm.save_contact(LEAD, "key1")
    assert caught.value.retry_after == 2

    assert (await crm.save_contact(LEAD, "key1")).id
    assert clock.now() == NOW


async def test_two_cases_of_one_caller_at_once_make_one_contact(hubspot, make):
    """While the search shows neither: the second waits for the first."""
    first, second = make(), make()

    refs = await asyncio.gather(
        first.save_contact(LEAD, "case1/lead"), second.save_contact(LEAD, "case2/lead")
    )

    assert len({ref.id for ref in refs}) == 1
    assert len(hubspot.all("contacts")) == 1


async def test_a_repeat_after_the_answer_came_makes_nothing(hubspot, make):
    """The process died before it could remember that the step was done."""
    crm = make(leads=[Rule(stage=STAGE)])
    await whole_case(make, crm)
    before = counts(hubspot)
    creates = hubspot.asked(f"POST .*{CREATES}")

    await whole_case(make, make(leads=[Rule(stage=STAGE)]))

    assert counts(hubspot) == before
    assert hubspot.asked(f"POST .*{CREATES}") == creates


@pytest.mark.parametrize("how", [BREAK_AFTER, BREAK_BEFORE])
@pytest.mark.parametrize(("seconds", "words"), [(0, "Are you <there>?\nAnna & Ben"), (1, "Hello")])
async def test_texts_that_are_much_alike_are_told_apart(hubspot, make, how, seconds, words):
    """Of one second, as carriers tell times, or of the same words: none stands for the other."""
    crm = make()
    ref = await crm.save_contact(LEAD, "key1")
    first = an_activity(kind=ActivityKind.REPLY, body="Hello")
    second = an_activity(kind=ActivityKind.REPLY, body=words, at=NOW + timedelta(seconds=seconds))
    await crm.log_activity(ref, first, "reply/1")
    hubspot.fail(how, "/objects/communications$", method="POST")

    await make.until_done(lambda: crm.log_activity(ref, second, "reply/2"))

    written = (
        words.replace("<there>", "&lt;there&gt;").replace("\n", "<br>").replace("& ", "&amp; ")
    )
    bodies = [each["hs_communication_body"] for each in hubspot.all("communications")]
    assert bodies == ["Received: Hello", f"Received: {written}"]


FAULTS = st.lists(
    st.tuples(
        st.sampled_from([BREAK_AFTER, BREAK_BEFORE, BAD_GATEWAY]),
        st.sampled_from(["", r"/search", CREATES, r"/contacts/\d", "/associations/"]),
    ),
    max_size=6,
)


@settings(max_examples=40, deadline=None)
@given(
    faults=FAULTS,
    lag_s=st.sampled_from([0, 1, 10, 59]),
    unique=st.booleans(),
    restart=st.booleans(),
)
def test_whatever_breaks_there_is_one_of_everything(faults, lag_s, unique, restart):
    """In any order, at any request, with any lag below the one in the settings."""

    async def play():
        clock = VirtualClock(NOW)
        hubspot = HubSpotApi(clock.now, lag=timedelta(seconds=lag_s))
        maker = Maker(hubspot, clock)
        try:
            hubspot.define("contacts", UNIQUE, hasUniqueValue=True)
            more = {"number_property": UNIQUE if unique else None, "leads": [Rule(stage=STAGE)]}
            crm = maker(**more)
            for how, path in faults:
                hubspot.fail(how, path)
            await whole_case(maker, crm)
            crm = maker(**more) if restart else crm
            clock.advance(timedelta(minutes=1))
            await whole_case(maker, crm, case="case2", at=clock.now())
            assert counts(hubspot) == {"contacts": 1, "deals": 1, "calls": 2}
        finally:
            hubspot.down()
            maker.threads.close()

    asyncio.run(play())
