"""Around the flow: the check, what is erased, errors, settings."""

import attrs
import httpx
import pytest

from textback.config.references import References
from textback.config.settings import PluginTable
from textback.config.structure import structure_settings
from textback.errors import AssemblyError, MaybeSent, Refused
from textback.model import CrmRef, Erased, Severity
from textback.testing.builders import CALLER, a_call, an_activity
from textback_pipedrive import Settings


@attrs.frozen
class Answering:
    """A Pipedrive that says whatever a test is about."""

    clock: object
    answer: object

    def __call__(self, request):
        return self.answer(request)


GOOD = {"tag": "missed-call", "stage": "new-lead", "fields": {"lead_source": "Missed call"}}


async def test_all_well(make):
    """One finding that says where leads go."""
    (finding,) = await make(leads=[GOOD]).check()
    assert (finding.severity, finding.message) == (Severity.OK, "leads go to Bright Smile")


async def test_a_wrong_token_is_found(make):
    """And nothing else is said that would only be its consequence."""
    (finding,) = await make(token="1" * 40).check()
    assert finding.severity is Severity.ERROR
    assert "see that api_token is right" in finding.message


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            {"stage": "nowhere"},
            'lead[2].stage: there is no stage "nowhere"; '
            "there are: New lead, Contacted, Quote sent",
        ),
        (
            {"pipeline": "none", "stage": None},
            'lead[2].stage: there is no pipeline "none"; there are: Sales, Service',
        ),
        ({"tag": "unheard"}, 'lead[2].tag: persons have no label "unheard"; add it in Pipedrive'),
        ({"owner": "nobody"}, 'lead[2].owner: there is no user "nobody"'),
        ({"fields": {"x": "y"}}, 'lead[2].fields.x: there is no custom field "x"'),
        (
            {"fields": {"urgency": "Low"}},
            'lead[2].fields.urgency: the field "Urgency" has no option "Low"',
        ),
    ],
)
async def test_what_the_file_names_wrongly_is_found(make, more, words):
    """Before a caller is lost for it, with its place in the file."""
    findings = await make(leads=[GOOD, {**GOOD, **more}]).check()
    assert [(each.severity, each.message) for each in findings] == [(Severity.ERROR, words)]


async def test_activity_types_are_looked_up(make):
    """They are each company's own."""
    (finding,) = await make(call_type="ring", leads=[GOOD]).check()
    assert finding.message == (
        'call_type: no activity type in use has the key "ring"; there are: call, meeting, task'
    )


async def test_a_mere_lookup_needs_no_stages(make):
    """Only what its role needs is looked at."""
    (finding,) = await make(roles=("lookup",), leads=[{"stage": "nowhere"}]).check()
    assert finding.severity is Severity.OK


async def test_the_check_makes_nothing(make, api):
    """It only reads."""
    await make(leads=[GOOD]).check()
    assert {asked.split()[0] for asked in api.asked} == {"GET"}


async def test_erasing_forgets_and_says_where_more_is(crm, api, lead):
    """The customer's record belongs to the business."""
    ref = await crm.save_contact(lead(name="Anna Example"), "k")
    await crm.save_deal(ref, lead(), "k")

    erased = await crm.erase(CALLER)

    assert erased.records == 1
    assert f"https://bright.pipedrive.com/person/{ref.id}" in erased.elsewhere
    state = crm.services.state
    assert await state.get(f"contact/{CALLER}") is None
    assert await state.get(f"deal/{ref.id}") is None


async def test_erasing_somebody_unknown(crm):
    """There is nothing to say."""
    assert await crm.erase(CALLER) == Erased(0)


@pytest.mark.parametrize(
    ("response", "permanent", "after"),
    [
        (httpx.Response(429, headers={"x-ratelimit-reset": "2"}, json={}), False, 2),
        (httpx.Response(429, headers={"retry-after": "7", "x-ratelimit-reset": "2"}), False, 7),
        (httpx.Response(403, html="<html>"), False, None),
        (httpx.Response(403, json={"success": False, "error": "no"}), True, None),
        (httpx.Response(402, json={"success": False}), True, None),
        (httpx.Response(400, json={"success": False, "error": "bad"}), True, None),
        (httpx.Response(301, headers={"location": "https://elsewhere.example"}), True, None),
        (httpx.Response(200, text="welcome"), False, None),
    ],
)
async def test_what_is_for_good_and_what_is_not(over, clock, response, permanent, after):
    """Too much at once passes, a wrong request doesn't."""

    crm = over(Answering(clock, lambda request: response))
    with pytest.raises(Refused) as caught:
        await crm.identify_caller(a_call())
    assert (caught.value.permanent, caught.value.retry_after) == (permanent, after)


async def test_an_answer_to_making_that_cannot_be_read_may_have_made_it(over, clock):
    """It said yes, so something is there."""

    said = httpx.Response(201, json={"success": True, "data": None})
    with pytest.raises(MaybeSent):
        await over(Answering(clock, lambda _: said)).log_activity(CrmRef("1"), an_activity(), "k")


@pytest.mark.parametrize(
    ("base_url", "root"),
    [
        ("https://api.pipedrive.com/", "https://api.pipedrive.com/v1"),
        ("https://bright.pipedrive.com", "https://bright.pipedrive.com/api/v1"),
    ],
)
async def test_both_hosts_are_spoken_to_as_documented(over, clock, base_url, root):
    """The old version of the API has another place on a company's own domain."""
    asked = []

    def answer(request):
        asked.append(str(request.url))
        return httpx.Response(200, json={"success": True, "data": {}})

    await over(Answering(clock, answer), base_url=base_url, roles=("lookup",)).check()
    assert asked == [f"{root}/users/me"]


async def test_listings_are_read_to_their_end(over, clock):
    """A company may have more stages than fit on a page."""

    def answer(request):
        stage, cursor = ("b", None) if "cursor" in request.url.params else ("a", "next")
        data = [{"id": ord(stage), "name": stage, "pipeline_id": 1, "order_nr": 1}]
        more = {"next_cursor": cursor}
        return httpx.Response(200, json={"success": True, "data": data, "additional_data": more})

    stages = await over(Answering(clock, answer))._catalog.stages()
    assert [each.name for each in stages] == ["a", "b"]


def test_settings_are_read_from_a_table():
    """With their defaults; an account is told apart without showing its token."""
    settings = structure_settings(Settings, _table(api_token="a" * 40))
    assert settings.deal_title == "Missed call: {caller}"
    assert "a" * 8 not in settings.account
    assert settings.account == structure_settings(Settings, _table(api_token="a" * 40)).account


def test_wrong_settings_are_refused():
    """In words."""
    with pytest.raises(AssemblyError, match="texts_as"):
        structure_settings(Settings, _table(api_token="a", texts_as="letters"))


def _table(**settings):
    return PluginTable(
        name="pipedrive",
        use="pipedrive",
        roles=None,
        was=(),
        settings=settings,
        file="clients/bright.toml",
        references=References(),
        region="US",
    )
