"""Calls found by listing: the very webhooks that never came, under their own keys."""

import json
from datetime import UTC, datetime, timedelta

import httpx
import pytest

from support.telnyx_exchange import APPLICATION, Behaviour, Exchange, event
from textback.flow.detect import conclude
from textback.model import Outcome
from textback_telnyx.marks import Phone, write

NOW = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)
SINCE = NOW - timedelta(hours=1)
PHONE = Phone(index=0, of=1, leg="v3:0", caller="+13035550123", line="+13035550100")


def entry(body, wrap=lambda data: data):
    """One event as the list has it; how the webhook is wrapped in it isn't documented."""
    data = body["data"]
    return {
        "record_type": "call_event",
        "type": "webhook",
        "name": data["event_type"],
        "call_leg_id": data["payload"]["call_leg_id"],
        "call_session_id": data["payload"]["call_session_id"],
        "event_timestamp": data["occurred_at"],
        "metadata": wrap(data),
    }


WRAPPED = [
    lambda data: data["payload"],
    lambda data: {"payload": data["payload"]},
    lambda data: {"raw_event": {"data": data}},
]


@pytest.fixture
def found(make, provider):
    async def look(entries, **more):
        provider.answer = httpx.Response(200, json={"data": entries, "meta": {"total_pages": 1}})
        return [event async for event in make(**more).list_calls(SINCE)]

    return look


@pytest.mark.parametrize("wrap", WRAPPED)
async def test_has_the_keys_of_the_webhooks(make, webhook, provider, found, wrap):
    """What was told already counts once."""
    exchange = Exchange(phones={"+13035550110": Behaviour.PERSON})
    provider.answer = exchange.answer
    plugin = make()
    exchange.call()
    bodies, told = [], []
    while exchange.pending:
        body = exchange.pending.pop(0)
        bodies.append(body)
        told += (await plugin.read_webhook(webhook(body))).events
        exchange.phones_act()

    listed = await found([entry(body, wrap) for body in bodies])

    assert {each.key for each in listed} == {each.key for each in told}
    assert conclude(listed).outcome is Outcome.ANSWERED


async def test_a_call_that_nobody_told_of(found):
    """A phone rang out while textback was down."""
    ringing = {"call_leg_id": "leg-1", "to": "+13035550110", "client_state": write(PHONE)}
    listed = await found(
        [
            entry(event("call.initiated", direction="incoming")),
            entry(event("call.initiated", direction="outgoing", **ringing)),
            entry(event("call.hangup", hangup_cause="timeout", **ringing)),
            entry(event("call.hangup", hangup_cause="normal_clearing")),
        ]
    )
    assert conclude(listed).outcome is Outcome.NO_ANSWER


async def test_a_phone_that_the_fallback_rang(found):
    """Its leg bears no mark of ours, but its number is one of those to ring."""
    ringing = {"call_leg_id": "leg-1", "from": "+13035550100", "to": "+13035550110"}
    started = entry(event("call.initiated", direction="incoming"))
    over = entry(event("call.hangup", hangup_cause="normal_clearing"))
    rung = [
        entry(event("call.initiated", direction="outgoing", **ringing)),
        entry(event("call.hangup", hangup_cause="timeout", **ringing)),
    ]
    assert conclude(await found([started, *rung, over])).outcome is Outcome.NO_ANSWER
    bridged = entry(event("call.bridged", **ringing))
    assert conclude(await found([started, *rung, bridged, over])).outcome is Outcome.ANSWERED
    assert conclude(await found(rung)).outcome.missed


@pytest.mark.parametrize("metadata", [{}, None, [], {"payload": {}}, {"call_leg_id": 1}])
async def test_what_has_no_webhook_in_it_is_left_out(found, metadata):
    """It can't be told which way the call went."""
    body = entry(event("call.hangup", hangup_cause="timeout"))
    assert await found([{**body, "metadata": metadata}]) == []


async def test_one_that_cant_be_read_hides_no_other(found):
    """Older than asked for, or without its fields."""
    good = entry(event("call.hangup", hangup_cause="originator_cancel"))
    old = {**good, "event_timestamp": "2026-03-01T00:00:00Z"}
    poor = entry(event("call.hangup"))
    assert len(await found([old, poor, good])) == 2


async def test_asks_for_its_own_application(found, provider):
    """Webhooks only, page by page."""
    await found([])
    (request,) = provider.requests
    query = dict(request.url.params)
    assert query["filter[connection_id]"] == APPLICATION
    assert query["filter[type]"] == "webhook"
    assert query["filter[occurred_at][gte]"] == "2026-03-02T16:30:00Z"


async def test_goes_through_all_pages(make, provider):
    """The last page says that it is."""

    def answer(request):
        number = int(request.url.params["page[number]"])
        leg = event("call.hangup", hangup_cause="originator_cancel", call_leg_id=f"leg-{number}")
        body = {"data": [entry(leg)], "meta": {"total_pages": 3}}
        return httpx.Response(200, content=json.dumps(body))

    provider.answer = answer
    legs = [each.leg async for each in make().list_calls(SINCE)]
    assert legs == [f"leg-{n}" for n in (1, 1, 2, 2, 3, 3)]


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        ([event("call.answered")], None),
        ([event("call.bridged")], Outcome.ANSWERED),
        ([event("call.hangup", hangup_cause="originator_cancel")], Outcome.ABANDONED),
        ([event("call.hangup", hangup_cause="call_rejected")], Outcome.DECLINED),
        ([event("call.hangup", hangup_cause="user_busy")], Outcome.BUSY),
        ([event("call.hangup", hangup_cause="normal_clearing")], Outcome.ABANDONED),
        ([event("call.machine.detection.ended", result="human")], Outcome.ANSWERED),
        ([event("call.machine.detection.ended", result="not_sure")], Outcome.ANSWERED),
        (
            [
                event("call.machine.detection.ended", result="machine"),
                event("call.hangup", hangup_cause="normal_clearing"),
            ],
            Outcome.NO_ANSWER,
        ),
        (
            [
                event("call.machine.premium.detection.ended", result="human_residence"),
            ],
            Outcome.ANSWERED,
        ),
    ],
)
async def test_single_words(make, webhook, told, outcome):
    """What one event, or two, of a call come to."""
    events = []
    for body in told:
        events += (await make().read_webhook(webhook(body))).events
    verdict = conclude(events) if events else None
    assert (verdict.outcome if verdict else None) is outcome


OUT = {"from": "+13035550100", "to": "+13035550123"}


@pytest.mark.parametrize("answered", [False, True])
async def test_the_business_calls_out(make, webhook, answered):
    """Through the same application: never missed; that it was answered may be a call-back."""
    told = [
        event("call.initiated", direction="outgoing", **OUT),
        *([event("call.answered", **OUT)] if answered else []),
        event("call.hangup", hangup_cause="normal_clearing", **OUT),
    ]
    events = []
    for body in told:
        events += (await make().read_webhook(webhook(body))).events
    assert conclude(events).outcome is Outcome.OUTGOING
    assert any(each.happened == "leg_answered" for each in events) is answered


async def test_who_forwarded_the_call(make, webhook):
    """By the header that says so; a name that is only the number is no name."""
    headers = [{"name": "Diversion", "value": '"x" <sip:+13035550188@example.com>;reason=busy'}]
    body = event(
        "call.initiated",
        direction="incoming",
        sip_headers=headers,
        caller_id_name="+13035550123",
    )
    started, _ = (await make(ring=(), detect="forwarded").read_webhook(webhook(body))).events
    assert (started.forwarded_from, started.caller_name) == ("+13035550188", None)
