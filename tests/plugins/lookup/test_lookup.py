"""What is asked, what an answer means, what is remembered, and what it costs at the most."""

import asyncio
from datetime import timedelta
from urllib.parse import unquote

import httpx
import pytest
from structlog.testing import capture_logs
from telnyx import Telnyx
from twilio.rest import Client

from textback.errors import ConfigError, MaybeSent, Refused, StoreBusy
from textback.flow.identify import merge
from textback.model import Caller, Erased, Severity
from textback.testing.builders import CALLER, a_call
from textback.testing.memory import MemoryState

LANDLINE = {
    "phone_number": CALLER,
    "valid": True,
    "caller_name": {"caller_name": "EXAMPLE ANNA"},
    "line_type_intelligence": {"type": "landline"},
    "sms_pumping_risk": {"sms_pumping_risk_score": 93},
}


def answer(body, status=200):
    return httpx.Response(status, json=body)


def telnyx(**data):
    return answer({"data": {"phone_number": CALLER, **data}})


async def who(lookup, number=CALLER):
    return await lookup.identify_caller(a_call(caller=number))


@pytest.mark.parametrize(
    ("settings", "fields"),
    [
        ({}, "line_type_intelligence,caller_name"),
        ({"name": False}, "line_type_intelligence"),
        ({"spam_score": True}, "line_type_intelligence,caller_name,sms_pumping_risk"),
    ],
)
async def test_twilio_is_asked_as_its_package_does(make, provider, settings, fields):
    """For what is wanted, and no more: each field costs."""
    provider.response = answer(LANDLINE)
    await who(make(**settings))
    (ours,) = provider.requests

    theirs = []

    class Wire:
        def request(self, method, uri, params=None, auth=None, **_):
            theirs.append((method, uri, params, auth))
            raise ConnectionError

    client = Client("AC1", "fedcba9876543210fedcba9876543210", http_client=Wire())
    with pytest.raises(ConnectionError):
        client.lookups.v2.phone_numbers(CALLER).fetch(fields=fields)
    ((method, uri, params, (user, password)),) = theirs
    assert (ours.method, unquote(str(ours.url).partition("?")[0])) == (method, unquote(uri))
    assert dict(ours.url.params) == params == {"Fields": fields}
    assert ours.headers["authorization"] == httpx.BasicAuth(user, password)._auth_header


@pytest.mark.parametrize(
    ("settings", "kinds"), [({}, ["carrier", "caller-name"]), ({"name": False}, ["carrier"])]
)
async def test_telnyx_is_asked_as_its_package_does(make, provider, settings, kinds):
    """The types are asked for one by one."""
    provider.response = telnyx()
    await who(make("telnyx", **settings))
    (ours,) = provider.requests

    with httpx.Client(
        transport=httpx.MockTransport(lambda r: theirs.append(r) or answer({"data": {}}))
    ) as http:
        theirs = []
        package = Telnyx(api_key="KEY0123456789ABCDEF_abcdef0123456789", http_client=http)
        package.number_lookup.retrieve(CALLER, type=kinds[0])
    assert ours.url.path == theirs[0].url.path
    assert ours.url.params.get_list("type") == kinds
    assert ours.headers["authorization"] == theirs[0].headers["authorization"]


@pytest.mark.parametrize(
    ("said", "line"),
    [
        ("mobile", "mobile"),
        ("landline", "landline"),
        ("fixedVoip", "voip"),
        ("nonFixedVoip", "voip"),
        ("tollFree", "toll free"),
        ("pager", "pager"),
        ("unknown", None),
        (None, None),
        (7, None),
    ],
)
async def test_twilios_kinds_of_lines(make, provider, said, line):
    """In one set of words; what isn't known is left out."""
    provider.response = answer({**LANDLINE, "line_type_intelligence": {"type": said}})
    assert (await who(make())).line_type == line


@pytest.mark.parametrize(
    ("data", "line"),
    [
        ({"carrier": {"type": "fixed line"}}, "landline"),
        ({"carrier": {"type": "mobile"}}, "mobile"),
        ({"carrier": {"type": "voip"}}, "voip"),
        ({"carrier": {"type": "fixed line or mobile"}}, None),
        ({"carrier": {"type": ""}, "portability": {"line_type": "fixed line"}}, "landline"),
        ({"carrier": None}, None),
    ],
)
async def test_telnyxs_kinds_of_lines(make, provider, data, line):
    """A number that may be a mobile's is not taken for a landline."""
    provider.response = telnyx(**data, caller_name={"caller_name": "A"})
    assert (await who(make("telnyx"))).line_type == line


@pytest.mark.parametrize("none", ["WIRELESS CALLER", "Unknown", " ", "", None, 7, "UNAVAILABLE"])
async def test_a_name_that_is_none(make, provider, none):
    """Databases say in words that they have no name."""
    provider.response = answer({**LANDLINE, "caller_name": {"caller_name": none}})
    assert (await who(make())).name is None


async def test_nobody_is_greeted_with_it(make, provider):
    """A name is for the team; a CRM that is named first has a better one."""
    provider.response = answer({**LANDLINE, "caller_name": {"caller_name": "EXAMPLE\n  ANNA"}})
    caller = await who(make())
    assert (caller.name, caller.first_name) == ("EXAMPLE ANNA", None)
    assert merge([Caller(name="Anna Example"), caller]).name == "Anna Example"


@pytest.mark.parametrize(
    ("score", "limit", "told"),
    [
        (93, 0.9, "it is likely spam (score 0.93, the limit is 0.90)"),
        (90, 0.9, "it is likely spam (score 0.90, the limit is 0.90)"),
        (89, 0.9, None),
        (93, None, None),
        ("93", 0.9, None),
    ],
)
async def test_likely_spam_is_not_texted(make, provider, score, limit, told):
    """Only if the settings say from where on."""
    provider.response = answer({**LANDLINE, "sms_pumping_risk": {"sms_pumping_risk_score": score}})
    lookup = make(spam_score=True, suppress_spam_from=limit)
    assert (await who(lookup)).do_not_text == told
    assert (await who(lookup)).do_not_text == told  # remembered, too


@pytest.mark.parametrize("score", [-5, 0, 50, 100, 250])
async def test_a_score_is_a_share(make, provider, score):
    """From 0 to 1, whatever comes."""
    provider.response = answer({**LANDLINE, "sms_pumping_risk": {"sms_pumping_risk_score": score}})
    found = (await who(make(spam_score=True))).spam_score
    assert found == min(max(score, 0), 100) / 100


@pytest.mark.parametrize(
    ("which", "response"),
    [
        ("twilio", answer({"phone_number": CALLER, "valid": False})),
        ("telnyx", telnyx(valid_number=False)),
    ],
)
async def test_a_number_that_cant_be(make, provider, which, response):
    """Callers can show any number."""
    provider.response = response
    assert "no valid number" in (await who(make(which))).do_not_text


async def test_remembered_for_a_while(make, provider, services):
    """Then it is asked for again: numbers change hands."""
    provider.response = answer(LANDLINE)
    lookup = make(cache_days=2)
    first = await who(lookup)
    services.clock.advance(timedelta(days=2, seconds=-1))
    assert await who(lookup) == first
    assert len(provider.requests) == 1
    services.clock.advance(timedelta(seconds=1))
    await who(lookup)
    assert len(provider.requests) == 2


async def test_nothing_known_is_remembered_as_well(make, provider):
    """It costs the same."""
    provider.response = answer({"phone_number": CALLER, "valid": True})
    lookup = make()
    assert [await who(lookup), await who(lookup)] == [None, None]
    assert len(provider.requests) == 1


async def test_a_failure_is_not_remembered(make, provider):
    """The next call asks again."""
    lookup = make()
    provider.response = answer({"code": 20404}, 404)
    with pytest.raises(Refused) as caught:
        await who(lookup)
    assert caught.value.permanent
    provider.response = answer(LANDLINE)
    assert (await who(lookup)).name == "EXAMPLE ANNA"


async def test_what_is_remembered_by_a_later_version(make, provider):
    """What this one doesn't know of, it leaves out."""
    lookup = make()
    await lookup.services.state.set(f"caller/{CALLER}", {"name": "Anna", "mood": "good"})
    assert await who(lookup) == Caller(name="Anna")
    assert provider.requests == []


async def test_too_late_for_this_call(make, provider, slow):
    """The engine goes on without it, and the answer is there for the next one."""
    lookup = make(client=slow.client)
    provider.response = answer(LANDLINE)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(who(lookup), 0)
    again = asyncio.create_task(who(lookup))  # the same caller, meanwhile
    await asyncio.sleep(0)
    slow.go.set()

    assert (await again).name == "EXAMPLE ANNA"
    assert (await who(lookup)).name == "EXAMPLE ANNA"
    assert len(provider.requests) == 1


async def test_a_late_failure_is_told_by_the_log(make, provider, slow):
    """Nobody waits for it any more, and Python complains of nothing."""
    lookup = make(client=slow.client)
    provider.response = MaybeSent("gave no whole answer")
    with capture_logs() as logs:
        waiting = asyncio.create_task(who(lookup))
        await asyncio.sleep(0)
        (asking,) = lookup._asking.values()
        waiting.cancel()
        slow.go.set()
        await asyncio.wait((waiting, asking))
    assert waiting.cancelled()
    assert [log["event"] for log in logs] == ["lookup_failed"]
    assert CALLER not in str(logs)
    assert lookup._asking == {}


async def test_the_same_caller_at_the_same_time_is_asked_for_once(make, provider):
    """Two calls, one question."""
    provider.response = answer(LANDLINE)
    lookup = make()
    first, second = await asyncio.gather(who(lookup), who(lookup))
    assert first == second
    assert len(provider.requests) == 1


async def test_a_day_costs_no_more_than_allowed(make, provider, services):
    """However many call at the same time; the team is told by the log, once."""
    provider.response = answer(LANDLINE)
    lookup = make(cost_per_lookup=0.03, max_cost_per_day=0.10)
    numbers = [f"+130355501{n:02}" for n in range(20)]

    with capture_logs() as logs:
        found = await asyncio.gather(*(who(lookup, number) for number in numbers))

    assert len(provider.requests) == 3
    assert sum(caller is not None for caller in found) == 3
    assert [log["event"] for log in logs].count("lookup_cap_reached") == 1

    services.clock.advance(timedelta(days=1))
    assert await who(lookup, "+13035550199") is not None


async def test_the_cap_is_the_accounts_of_all_processes(make, provider):
    """It is kept in the store, not in memory."""
    provider.response = answer(LANDLINE)
    settings = {"cost_per_lookup": 1.0, "max_cost_per_day": 1.0}
    one, other = make(**settings), make(**settings)
    assert await who(one) is not None
    assert await who(other, "+13035550199") is None


async def test_with_nothing_to_spend_nobody_is_asked(make, provider):
    """What is remembered is still told."""
    lookup = make(max_cost_per_day=0)
    assert await who(lookup) is None
    assert provider.requests == []


class FullState(MemoryState):
    """A store that can't keep answers."""

    async def set(self, key, value, *, ttl_s=None):
        raise StoreBusy("busy")


async def test_an_answer_that_cant_be_kept_is_told(make, provider, services):
    """It is of use now."""
    provider.response = answer(LANDLINE)
    assert (await who(make(state=FullState(services.clock)))).name == "EXAMPLE ANNA"


async def test_forgets_a_number(make, provider):
    """And says whether there was anything."""
    provider.response = answer(LANDLINE)
    lookup = make()
    await who(lookup)
    assert await lookup.erase(CALLER) == Erased(1)
    assert await lookup.erase(CALLER) == Erased(0)
    await who(lookup)
    assert len(provider.requests) == 2


@pytest.mark.parametrize("which", ["twilio", "telnyx"])
async def test_check_costs_nothing(make, provider, which):
    """Twilio validates for free, Telnyx is asked for its balance."""
    provider.response = answer({"phone_number": "+13035550100", "data": {}})
    (finding,) = await make(which, cost_per_lookup=0.02, max_cost_per_day=2.0).check()
    assert finding.severity is Severity.OK
    assert "100 callers a day" in finding.message
    (request,) = provider.requests
    assert not request.url.query

    provider.response = answer({}, 401)
    (finding,) = await make(which).check()
    assert finding.severity is Severity.ERROR


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"account_sid": None}, "needs account_sid"),
        ({"account_sid": None, "auth_token": None}, "needs account_sid and auth_token"),
        ({"which": "telnyx", "api_key": None}, "needs api_key"),
        ({"which": "telnyx", "spam_score": True}, "Telnyx has none"),
        ({"suppress_spam_from": 0.5}, "needs spam_score"),
    ],
)
def test_settings_that_cant_work(make, settings, words):
    """Each says what is missing."""
    with pytest.raises(ConfigError, match=words):
        make(**settings)
