"""Whatever answer gets lost, and however late things are found: one of each in the end."""

import asyncio
from datetime import timedelta

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.pipedrive_api import PipedriveApi
from textback.errors import MaybeSent, ProviderError, Refused
from textback.model import ActivityKind
from textback.testing.builders import NOW, a_call, a_lead, an_activity
from textback.testing.clock import VirtualClock

LEAD = a_lead(tag="missed-call", pipeline="Sales", stage="new-lead", name="EXAMPLE ANNA")
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


async def everything(crm, clock, *, texts=ActivityKind.TEXT):
    """All steps of a case towards a CRM."""
    ref = await again(clock, lambda: crm.save_contact(LEAD, "case1/lead"))
    await again(clock, lambda: crm.save_deal(ref, LEAD, "case1/deal"))
    await again(clock, lambda: crm.log_activity(ref, an_activity(), "case1/log/call/1"))
    text = an_activity(kind=texts, body="Sorry we missed you", outcome=None)
    await again(clock, lambda: crm.log_activity(ref, text, "case1/log/text/1"))


@pytest.mark.parametrize("lag_s", [0, 45])
@pytest.mark.parametrize("texts_as", ["notes", "activities"])
async def test_each_answer_lost_once(over, make, api, clock, lag_s, texts_as):
    """One person, one deal, one record of the call, one of the text."""
    await everything(make(texts_as=texts_as), clock)
    requests = len(api.asked)
    for nth in range(1, requests + 1):
        fresh = PipedriveApi(clock, lag_s=lag_s, listing_lag_s=lag_s)
        lose(fresh, nth)
        await everything(over(fresh, texts_as=texts_as), clock)
        assert (fresh.contacts, fresh.deals, fresh.activities) == (1, 1, 2), f"request {nth}"


async def test_found_at_once_where_the_listing_has_it(crm, api, clock):
    """The search lags, but persons that were just added are listed: nobody waits for nothing."""
    api.lag_s = 3600
    api.lose = lambda request: request.method == "POST"
    with pytest.raises(MaybeSent):
        await crm.save_contact(LEAD, "case1/lead")
    api.lose = lambda request: False

    await crm.save_contact(LEAD, "case1/lead")
    assert api.contacts == 1


async def test_a_name_that_we_wrote_is_known_as_ours_after_a_lost_answer(crm, api):
    """Else a caller ID would be used to greet."""
    api.lose = lambda request: request.method == "POST"
    with pytest.raises(MaybeSent):
        await crm.save_contact(LEAD, "case1/lead")
    api.lose = lambda request: False
    await crm.save_contact(LEAD, "case1/lead")

    caller = await crm.identify_caller(a_call())
    assert (caller.name, caller.first_name) == ("EXAMPLE ANNA", None)


async def test_two_calls_at_once_make_one_person(crm, api):
    """Two cases of one number, side by side."""
    api.lag_s = 3600
    first, second = await asyncio.gather(
        crm.save_contact(LEAD, "case1/lead"), crm.save_contact(LEAD, "case2/lead")
    )
    assert first == second
    assert api.contacts == 1


async def test_an_error_after_it_was_done_makes_no_second(over, api, clock):
    """A page of a proxy is no answer to the question whether it was done."""

    class Proxy(PipedriveApi):
        def __call__(self, request):
            answer = super().__call__(request)
            return answer if request.method == "GET" else httpx.Response(502, html="<html>")

    broken = Proxy(clock, lag_s=30, listing_lag_s=30)
    crm = over(broken)
    with pytest.raises(MaybeSent):
        await crm.save_contact(LEAD, "case1/lead")
    with pytest.raises(Refused):
        await crm.save_contact(LEAD, "case1/lead")
    assert broken.contacts == 1


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40, deadline=None
)
@given(lost=st.sets(st.integers(1, 40), max_size=12), lag_s=st.integers(0, 60))
async def test_any_answers_lost(over, lost, lag_s):
    """Several answers of one case, with any lag that the settings allow for."""
    clock = VirtualClock(NOW)
    api = PipedriveApi(clock, lag_s=lag_s, listing_lag_s=lag_s)
    lose(api, *lost)
    await everything(over(api), clock)
    assert (api.contacts, api.deals, api.activities) == (1, 1, 2)
