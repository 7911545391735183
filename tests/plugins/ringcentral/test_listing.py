"""Calls from the call log: those whose notifications never came."""

from datetime import timedelta

import httpx
import pytest

from support.ringcentral_api import CALLER, LINE
from textback.errors import MaybeSent
from textback.flow.detect import conclude, facts
from textback.model import Outcome
from textback.testing.builders import NOW


def record(result, **more):
    return {
        "id": "rec-1",
        "telephonySessionId": "s-1",
        "startTime": "2026-03-02T17:29:30.000Z",
        "duration": 20,
        "type": "Voice",
        "direction": "Inbound",
        "action": "Phone Call",
        "result": result,
        "from": {"phoneNumber": CALLER, "name": "Anna Example"},
        "to": {"phoneNumber": LINE},
        **more,
    }


async def listed(plugin, platform, *records, since=NOW - timedelta(minutes=5)):
    platform.calls = list(records)
    return [event async for event in plugin.list_calls(since)]


@pytest.mark.parametrize(
    ("result", "outcome"),
    [
        ("Missed", Outcome.NO_ANSWER),
        ("Voicemail", Outcome.VOICEMAIL),
        ("Busy", Outcome.BUSY),
        ("Hang Up", Outcome.ABANDONED),
        ("Accepted", Outcome.ANSWERED),
    ],
)
async def test_verdict(plugin, platform, result, outcome):
    """The log's word for the whole call, which a notification may still change."""
    events = await listed(plugin, platform, record(result))
    found = conclude(events)
    assert (found.outcome, found.certain) == (outcome, outcome is Outcome.ANSWERED)
    known = facts(events)
    assert (known.caller, known.line, known.name) == (CALLER, LINE, "Anna Example")
    assert (known.ended_at, known.duration_ms) == (NOW - timedelta(seconds=10), 20_000)


@pytest.mark.parametrize(
    "more",
    [
        {"result": "In Progress"},
        {"result": "Blocked"},
        {"to": {"phoneNumber": "+13035550188"}},
        {"from": {"extensionNumber": "101"}},
        {"startTime": "2026-03-02T17:24:39.000Z"},
        {"telephonySessionId": None},
    ],
)
async def test_not_ours(plugin, platform, more):
    """Calls that go on, were blocked, were to others or by colleagues, or ended before."""
    assert await listed(plugin, platform, record("Missed") | more) == []


async def test_several_records_of_a_call(plugin, platform):
    """An agent's "Missed" doesn't take back that another accepted."""
    events = await listed(plugin, platform, record("Missed"), record("Accepted", id="rec-2"))
    assert conclude(events).outcome is Outcome.ANSWERED


async def test_call_back(plugin, platform):
    """The business called, and was answered."""
    out = {"direction": "Outbound", "from": {"phoneNumber": LINE}, "to": {"phoneNumber": CALLER}}
    events = await listed(plugin, platform, record("Call connected", **out))
    assert conclude(events).outcome is Outcome.OUTGOING
    assert facts(events).caller == CALLER
    assert len(events) == 2
    assert len(await listed(plugin, platform, record("No Answer", **out))) == 1


async def test_message(plugin, platform):
    """Where the message that was left can be heard."""
    told = record("Voicemail", message={"id": "1", "uri": "https://platform.example/1"})
    assert facts(await listed(plugin, platform, told)).recording_url == "https://platform.example/1"


async def test_all_pages(plugin, platform):
    """From the moment on at which a call that ends now may have begun."""
    platform.per_page = 1
    records = [record("Missed", id=str(n), telephonySessionId=f"s-{n}") for n in range(3)]
    events = await listed(plugin, platform, *records)
    assert len({event.call for event in events}) == 3
    first, *_ = platform.asked("/call-log")
    assert first.url.params["dateFrom"] == "2026-03-02T16:25:00.000Z"


@pytest.mark.parametrize("uri", ["string", "@evil.example/x", "https://evil.example"])
async def test_next_page_elsewhere(plugin, platform, uri):
    """The token goes to no host but the API's."""
    page = {"records": [], "navigation": {"nextPage": {"uri": uri}}}
    platform.answers["/call-log"] = [httpx.Response(200, json=page)]
    with pytest.raises(MaybeSent):
        await listed(plugin, platform)
    assert {each.url.host for each in platform.requests} == {"platform.ringcentral.com"}
