"""Whatever answer gets lost, and however late things are found: one of each in the end."""

import asyncio
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.gohighlevel_api import GoHighLevelApi
from textback.errors import MaybeSent, ProviderError
from textback.model import ActivityKind
from textback.testing.builders import NOW, a_call, a_lead, a_text, an_activity
from textback.testing.clock import VirtualClock

LEAD = a_lead(
    pipeline="Sales", stage="new-lead", name="EXAMPLE ANNA", fields={"lead_source": "Call"}
)
TRIES = 24  # the engine's


def lose(api, *numbers):
    """Lose the answers to these requests, counted from now."""
    seen = iter(range(1, 10_000))
    api.lose = lambda request: next(seen) in numbers


async def again(clock, do):
    """Do something as the engine does a step: until it is done, later each time."""
    for attempt in range(TRIES):
        try:
            return await do()
        except ProviderError as error:
            if error.permanent:
                raise
            clock.advance(timedelta(seconds=error.retry_after or 2**attempt))
    raise AssertionError("it was never done")


async def everything(crm, clock):
    """All steps of a case towards a CRM."""
    ref = await again(clock, lambda: crm.save_contact(LEAD, "case1/lead"))
    await again(clock, lambda: crm.save_deal(ref, LEAD, "case1/deal"))
    await again(clock, lambda: crm.log_activity(ref, an_activity(), "case1/log/call/1"))
    text = an_activity(kind=ActivityKind.TEXT, body="Sorry we missed you", outcome=None)
    await again(clock, lambda: crm.log_activity(ref, text, "case1/log/text/1"))


def counts(api):
    """Contacts, opportunities, notes, and whether the tag is there."""
    (contact,) = api.people.values()
    return api.contacts, api.deals, api.activities, contact["tags"]


@pytest.mark.parametrize("lag_s", [0, 45])
@pytest.mark.parametrize("duplicates", [False, True])
async def test_each_answer_lost_once(over, make, api, clock, lag_s, duplicates):
    """One contact, one opportunity, one note of the call, one of the text."""
    await everything(make(), clock)
    for nth in range(1, len(api.asked) + 1):
        fresh = GoHighLevelApi(clock, lag_s=lag_s, allows_duplicates=duplicates)
        lose(fresh, nth)
        await everything(over(fresh), clock)
        assert counts(fresh) == (1, 1, 2, ["missed-call"]), f"request {nth}"


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None
)
@given(
    lost=st.sets(st.integers(1, 40), max_size=12),
    lag_s=st.integers(0, 60),
    duplicates=st.booleans(),
)
async def test_any_answers_lost(over, lost, lag_s, duplicates):
    """Several answers of one case, with any lag that the settings allow for."""
    clock = VirtualClock(NOW)
    api = GoHighLevelApi(clock, lag_s=lag_s, allows_duplicates=duplicates)
    lose(api, *lost)
    await everything(over(api), clock)
    assert counts(api) == (1, 1, 2, ["missed-call"])


async def test_a_text_and_a_lead_at_once_make_one_contact(crm, api):
    """Both need it, and both begin when the call was missed."""
    api.allows_duplicates, api.lag_s = True, 3600
    await asyncio.gather(crm.send_text(a_text()), crm.save_contact(LEAD, "case1/lead"))
    assert (api.contacts, len(api.texts)) == (1, 1)


async def test_a_name_that_we_wrote_is_known_as_ours_after_a_lost_answer(crm, api):
    """Else a caller ID would be used to greet."""
    api.lose = lambda request: request.method == "PUT"
    with pytest.raises(MaybeSent):
        await crm.save_contact(LEAD, "case1/lead")
    api.lose = lambda request: False
    await crm.save_contact(LEAD, "case1/lead")

    caller = await crm.identify_caller(a_call())
    assert (caller.name, caller.first_name) == ("EXAMPLE ANNA", None)
