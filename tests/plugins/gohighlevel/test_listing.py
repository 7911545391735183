"""What no webhook told is found by listing, under the keys that the webhook would have had."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from textback.errors import ProviderError
from textback.events import CallEvent, TextReceived, TextStatus
from textback.model import Outcome, TextState
from textback.testing.builders import CALLER, LINE, NOW, a_text

SINCE = NOW - timedelta(hours=1)


def a_message(api, contact, **more):
    """One entry of the export."""
    entry = {
        "id": f"m{len(api.messages) + 1}",
        "type": 1,
        "messageType": "TYPE_CALL",
        "locationId": "ve9EPM428h8vShlRW1KT",
        "contactId": contact["id"],
        "conversationId": "conversation1",
        "dateAdded": "2026-03-02T17:10:00.000Z",
        "direction": "inbound",
        "status": "completed",
        "contentType": "text/plain",
        **more,
    }
    api.messages.append(entry)
    return entry


@pytest.fixture
def contact(api):
    return api.add_contact(phone=CALLER)


async def calls(crm):
    return [event async for event in crm.list_calls(SINCE)]


async def texts(crm):
    return [event async for event in crm.list_texts(SINCE)]


async def test_a_missed_call_is_found(crm, api, contact):
    """As its webhook would have told it, by what is said of the call itself."""
    a_message(api, contact, meta={"callStatus": "voicemail", "callDuration": "20"})
    (event,) = await calls(crm)
    assert event.key == "m1/voicemail"
    assert (event.caller, event.line, event.outcome) == (
        CALLER,
        LINE,
        Outcome.VOICEMAIL,
    )
    assert (event.at, event.duration_ms) == (datetime(2026, 3, 2, 17, 10, tzinfo=UTC), 20_000)


async def test_the_newer_form_is_read_too(crm, api, contact):
    """Where the call's status stands deeper."""
    a_message(api, contact, meta={"call": {"status": "no-answer", "duration": 7}})
    (event,) = await calls(crm)
    assert (event.outcome, event.duration_ms) == (Outcome.NO_ANSWER, 7000)


async def test_each_contact_is_asked_for_once(crm, api, contact):
    """However often they called."""
    for _ in range(3):
        a_message(api, contact, meta={"callStatus": "no-answer"})
    assert len(await calls(crm)) == 3
    assert api.asked.count(f"GET /contacts/{contact['id']}") == 1


async def test_what_is_older_or_of_another_line_is_left_out(crm, api, contact):
    """The listing may give more than was asked for."""
    a_message(api, contact, dateAdded="2026-03-02T16:00:00.000Z")
    a_message(api, contact, to="+13035550188")
    assert await calls(crm) == []


async def test_looking_for_calls_finds_what_callers_wrote(crm, api, contact):
    """GoHighLevel doesn't come again when a webhook of a reply is not taken."""
    a_message(api, contact, messageType="TYPE_SMS", body="Hello", status="delivered")
    a_message(api, contact, messageType="TYPE_SMS", body="Ours", direction="outbound")
    assert await calls(crm) == [
        TextReceived(
            key="m1/received",
            at=datetime(2026, 3, 2, 17, 10, tzinfo=UTC),
            number=CALLER,
            line=LINE,
            body="Hello",
            provider_id="m1",
        )
    ]


async def test_a_mere_source_looks_for_calls_alone(make, api, contact):
    """Texts are another sender's."""
    a_message(api, contact, messageType="TYPE_SMS", body="Hello")
    a_message(api, contact, meta={"callStatus": "no-answer"})
    (event,) = await calls(make(roles=("source",)))
    assert isinstance(event, CallEvent)


async def test_texts_in_and_out_are_listed(crm, api, contact):
    """For a store that was restored: with the number of those that went out."""
    a_message(api, contact, messageType="TYPE_SMS", body="Hello", **{"from": CALLER, "to": LINE})
    await crm.send_text(a_text())
    received, sent = await texts(crm)
    assert (received.key, received.number) == ("m1/received", CALLER)
    assert sent == TextStatus(
        key="message1/delivered",
        at=NOW,
        state=TextState.DELIVERED,
        provider_id="message1",
        number=CALLER,
    )


async def test_a_listing_is_read_to_its_end(over, clock):
    """Page by page."""
    asked = []

    class Api:
        def __init__(self):
            self.clock = clock

        def __call__(self, request):
            asked.append(dict(request.url.params))
            following = None if "cursor" in asked[-1] else "next"
            body = {
                "messages": [
                    {
                        "id": f"m{len(asked)}",
                        "messageType": "TYPE_CALL",
                        "direction": "inbound",
                        "from": CALLER,
                        "meta": {"callStatus": "no-answer"},
                        "dateAdded": "2026-03-02T17:10:00.000Z",
                    }
                ],
                "nextCursor": following,
            }
            return httpx.Response(200, json=body)

    events = await calls(over(Api(), roles=("source",)))
    assert [event.call for event in events] == ["m1", "m2"]
    assert asked[0]["startDate"] == "2026-03-02T16:30:00.000+00:00"
    assert (asked[0]["channel"], asked[1]["cursor"]) == ("Call", "next")


async def test_a_failed_listing_is_not_an_empty_one(crm, api):
    """Else the calls of an outage would be taken for looked at."""
    api.lose = lambda request: True
    with pytest.raises(ProviderError):
        await calls(crm)
