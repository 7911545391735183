"""Around the flow: the check, what is erased, the calendar, settings."""

import httpx
import pytest

from support.gohighlevel_api import LOCATION, TOKEN
from textback.config.references import References
from textback.config.settings import PluginTable
from textback.config.structure import structure_settings
from textback.errors import AssemblyError, Refused
from textback.model import Erased, Severity
from textback.testing.builders import CALLER, a_call, a_case
from textback_gohighlevel import Settings

GOOD = {"tag": "missed-call", "stage": "new-lead", "fields": {"lead_source": "Missed call"}}
OFF = {"missed_call_text_back_off": True}


def told(findings):
    return [(each.severity, each.message) for each in findings]


async def test_all_well(make):
    """One finding, which also says what can't be looked up."""
    (finding,) = await make(leads=[GOOD], **OFF).check()
    assert finding.severity is Severity.OK
    assert finding.message == (
        "Bright Smile can be read; that the app's webhooks go to "
        "http://127.0.0.1:8000/hooks/bright-smile/gohighlevel it doesn't tell"
    )


async def test_its_own_text_back_is_warned_of_until_it_is_off(make):
    """The API doesn't tell whether it is on; the file does."""
    (warning, _) = await make(leads=[GOOD]).check()
    assert warning.severity is Severity.WARNING
    assert "callers are texted twice" in warning.message
    assert len(await make(roles=("crm",)).check()) == 1


async def test_a_wrong_token_is_found(make, api):
    """And nothing else is said that would only be its consequence."""
    api.tokens = set()
    (finding,) = await make(**OFF).check()
    assert finding.severity is Severity.ERROR
    assert "see that the token is this sub-account's" in finding.message


async def test_twins_are_warned_of(make, api):
    """Where several contacts may share a number."""
    api.allows_duplicates = True
    warning, _ = await make(**OFF).check()
    assert "several contacts with one number" in warning.message


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (
            {"stage": "nowhere"},
            'lead[2].stage: there is no stage "nowhere"; '
            "there are: New lead, Contacted, Quote sent",
        ),
        ({"owner": "nobody"}, 'lead[2].owner: there is no user "nobody" in this sub-account'),
        ({"fields": {"x": "y"}}, 'lead[2].fields.x: there is no custom field "x"'),
    ],
)
async def test_what_the_file_names_wrongly_is_found(make, more, words):
    """Before a caller is lost for it, with its place in the file."""
    findings = await make(leads=[GOOD, {**GOOD, **more}], **OFF).check()
    assert told(findings) == [(Severity.ERROR, words)]


async def test_a_line_that_lives_elsewhere_is_found(make, api):
    """Its calls can't come from here."""
    api.numbers = ["+13035550188"]
    (finding,) = await make(**OFF).check()
    assert finding.severity is Severity.ERROR
    assert finding.message.startswith("+13035550100 is no number of this sub-account")
    assert (await make(roles=("crm",)).check())[0].severity is Severity.OK


async def test_a_sender_needs_only_the_number_that_it_texts_from(make, api):
    """The lines may be another provider's."""
    api.numbers = ["+13035550188"]
    crm = make(roles=("sender",), from_number="+13035550188", **OFF)
    assert [each.severity for each in await crm.check()] == [Severity.OK]


async def test_numbers_that_are_not_told_are_not_missed(make, api):
    """The token may lack the scope."""
    api.lose = lambda request: "phone-system" in request.url.path
    assert [each.severity for each in await make(**OFF).check()] == [Severity.OK]


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
    assert ref.url in erased.elsewhere
    state = crm.services.state
    assert await state.get(f"contact/{CALLER}") is None
    assert await state.get(f"deal/{ref.id}") is None


async def test_erasing_somebody_unknown(crm):
    """There is nothing to say."""
    assert await crm.erase(CALLER) == Erased(0)


async def test_the_calendar_is_linked_if_there_is_one(make):
    """For ``{{ booking_link }}``."""
    assert await make().booking_link(a_case()) is None
    url = "https://api.leadconnectorhq.com/widget/booking/abc"
    assert await make(booking_url=url).booking_link(a_case()) == url


@pytest.mark.parametrize(
    ("response", "permanent"),
    [
        (httpx.Response(403, json={"message": "The token does not have access"}), True),
        (httpx.Response(422, json={"message": "no"}), True),
        (httpx.Response(503, html="<html>"), False),
        (httpx.Response(200, text="welcome"), False),
    ],
)
async def test_what_is_for_good_and_what_is_not(over, clock, response, permanent):
    """An outage passes, a wrong request doesn't."""

    class Api:
        def __init__(self):
            self.clock = clock

        def __call__(self, request):
            return response

    with pytest.raises(Refused) as caught:
        await over(Api()).identify_caller(a_call())
    assert caught.value.permanent is permanent


def table(**settings):
    return PluginTable(
        name="gohighlevel",
        use="gohighlevel",
        roles=None,
        was=(),
        settings={"location_id": LOCATION, **settings},
        file="clients/bright.toml",
        references=References(),
        region="US",
    )


def test_settings_are_read_from_a_table():
    """With one way to sign in; limits count for each sub-account."""
    settings = structure_settings(Settings, table(access_token=TOKEN, log=["booking"]))
    assert (settings.account, settings.log) == (LOCATION, ("booking",))
    app = {"client_id": "a", "client_secret": "b", "refresh_token": "c"}
    assert structure_settings(Settings, table(**app)).access_token is None


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({}, "needs access_token"),
        ({"client_id": "a", "client_secret": "b"}, "needs access_token"),
        ({"access_token": "a", "client_id": "b"}, "access_token and client_id are both set"),
        ({"access_token": "a", "location_id": "a/b"}, "location_id"),
        ({"access_token": "a", "ed25519_key": "AAAA"}, "not a public key for Ed25519"),
        ({"access_token": "a", "rsa_key": "nonsense"}, "not a public key for RSA"),
        ({"access_token": "a", "log": ["calls"]}, "log"),
        ({"access_token": "a", "booking_url": "http://x.example"}, "booking_url"),
    ],
)
def test_wrong_settings_are_refused(settings, words):
    """In words."""
    with pytest.raises(AssemblyError, match=words):
        structure_settings(Settings, table(**settings))
