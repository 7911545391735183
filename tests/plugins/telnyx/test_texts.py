"""Texts: what leaves, what is said of it later, what callers write, and the words of opt-out."""

from datetime import UTC, datetime, timedelta

import httpx
import pytest

from support.telnyx_side import MESSAGE, message
from textback.errors import DeliveryError, MaybeSent, UnreadableWebhook
from textback.model import (
    CannotTell,
    FailureReason,
    Keyword,
    Media,
    PhoneNumber,
    Receipt,
    Text,
    TextState,
)

ADDRESS = "https://hooks.agency.example/hooks/bright-smile/telnyx"
NOW = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)
LINE, CALLER = PhoneNumber("+13035550100"), PhoneNumber("+13035550123")
TEXT = Text(
    id="T1",
    client="bright-smile",
    case="C1",
    to=CALLER,
    line=LINE,
    body="Sorry we missed you & your call. ✓",
    status_url=f"{ADDRESS}/sms-status?text=T1",
    attempted_at=NOW,
)


@pytest.fixture
def told(make, webhook):
    """The one event of a webhook about a text."""

    async def read(body, *, topic="sms-status", query=""):
        reading = await make().read_webhook(webhook(body, topic=topic, query=query))
        assert reading.response.status == 200
        (event,) = reading.events
        return event

    return read


async def test_what_leaves(make, provider):
    """From the line last called, with an address for statuses that carries our id."""
    provider.answer = httpx.Response(200, json={"data": {"id": MESSAGE}})
    assert await make().send_text(TEXT) == Receipt(MESSAGE)
    assert provider.body == {
        "from": LINE,
        "to": CALLER,
        "text": TEXT.body,
        "type": "SMS",
        "webhook_url": TEXT.status_url,
    }
    assert str(provider.requests[0].url) == "https://api.telnyx.com/v2/messages"


async def test_leaves_from_the_number_in_the_settings(make, provider):
    """Where one is named."""
    provider.answer = httpx.Response(200, json={"data": {"id": MESSAGE}})
    await make(from_number=PhoneNumber("+13035550109")).send_text(TEXT)
    assert provider.body["from"] == "+13035550109"


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        (403, "40300", {"permanent": True, "try_next": False, "opted_out": True}),
        (400, "40310", {"permanent": True, "try_next": True, "unreachable": True}),
        (400, "40001", {"permanent": True, "try_next": True, "unreachable": True}),
        (403, "40333", {"permanent": True, "try_next": True, "unreachable": False}),
        (400, "40318", {"permanent": False, "try_next": True}),
        (401, "10009", {"permanent": True, "try_next": True}),
        (422, "12345", {"permanent": True, "try_next": True, "opted_out": False}),
        (429, "10011", {"permanent": False, "try_next": True, "retry_after": 7.0}),
    ],
)
async def test_a_no_says_what_follows(make, provider, status, code, expected):
    """Another sender, another time, or never again."""
    provider.answer = httpx.Response(
        status,
        headers={"x-ratelimit-reset": "7"} if status == 429 else {},
        json={"errors": [{"code": code, "title": "No"}]},
    )
    with pytest.raises(DeliveryError) as caught:
        await make().send_text(TEXT)
    found = {name: getattr(caught.value, name) for name in expected}
    assert found == expected
    assert caught.value.code == code


@pytest.mark.parametrize("status", [408, 500, 502, 302])
async def test_it_may_have_left(make, provider, status):
    """Telnyx may have the text: nobody else tries."""
    provider.answer = httpx.Response(status, text="<html>")
    with pytest.raises(MaybeSent):
        await make().send_text(TEXT)


@pytest.mark.parametrize(
    ("kind", "status", "state"),
    [
        ("message.sent", "sent", TextState.SENT),
        ("message.sent", "sending", TextState.SENT),
        ("message.finalized", "delivered", TextState.DELIVERED),
        ("message.finalized", "delivery_unconfirmed", TextState.SENT),
        ("message.finalized", "sending_failed", TextState.FAILED),
        ("message.finalized", "delivery_failed", TextState.FAILED),
        ("message.finalized", "expired", TextState.FAILED),
    ],
)
async def test_over_is_not_delivered(told, kind, status, state):
    """ "finalized" says that it is over; only the recipient's status says how."""
    event = await told(message(kind, to=[{"phone_number": CALLER, "status": status}]))
    assert (event.state, event.provider_id, event.reason is None) == (
        state,
        MESSAGE,
        state is not TextState.FAILED,
    )


async def test_why_it_failed(told):
    """In our words, with Telnyx's code."""
    event = await told(
        message(
            "message.finalized",
            to=[{"phone_number": CALLER, "status": "delivery_failed"}],
            errors=[{"code": "40001", "title": "Not routable"}],
        )
    )
    assert (event.reason, event.code) == (FailureReason.UNREACHABLE, "40001")


@pytest.mark.parametrize(
    ("query", "payload"),
    [
        ("?text=T1", {}),
        ("", {"webhook_url": f"{ADDRESS}/sms-status?text=T1"}),  # told at the profile's address
    ],
)
async def test_our_id_comes_back(told, query, payload):
    """It settles a text whose own answer was lost."""
    assert (await told(message("message.sent", **payload), query=query)).text == "T1"


async def test_the_same_status_has_the_same_key(told):
    """Told twice it counts once; the next one is another."""
    first, again = [await told(message("message.sent")) for _ in range(2)]
    later = await told(
        message("message.finalized", to=[{"phone_number": CALLER, "status": "delivered"}])
    )
    assert first.key == again.key != later.key


async def test_a_reply(told):
    """Words, pictures, and whose line it came to."""
    event = await told(
        message(
            "message.received",
            media=[{"url": "https://media.example/1", "content_type": "image/png"}, {"url": None}],
        ),
        topic="sms",
    )
    assert (event.number, event.line, event.body, event.keyword) == (CALLER, LINE, "Hello", None)
    assert event.media == (Media("https://media.example/1", "image/png"),)
    assert event.at == datetime(2026, 3, 2, 17, 29, 59, 500_000, UTC)


async def test_a_group_message_is_for_our_line(told):
    """Others are addressed too."""
    others = [{"phone_number": "+13035550188"}, {"phone_number": LINE}]
    assert (await told(message("message.received", to=others))).line == LINE


@pytest.mark.parametrize(
    ("said", "keyword"),
    [("STOP", Keyword.STOP), ("START", Keyword.START), ("HELP", Keyword.HELP), (None, None)],
)
async def test_what_telnyx_took_it_for(told, said, keyword):
    """Its word beats our own reading: it knows words that its users have added."""
    body = message("message.received", text="Detener", autoresponse_type=said)
    assert (await told(body)).keyword is keyword


@pytest.mark.parametrize(
    "body",
    [
        message("message.received", id=None),
        message("message.received", to=[]),
        message("message.received", **{"from": "+13035550123"}),
        message("message.sent", to=[{"status": "unheard-of"}]),
        message("message.sent", to="+13035550123"),
    ],
)
async def test_what_lacks_its_fields(make, webhook, body):
    """Signed, but it can't be acted on."""
    with pytest.raises(UnreadableWebhook):
        await make().read_webhook(webhook(body, topic="sms"))


async def test_other_events_say_nothing(make, webhook):
    """There are many kinds, and more will come."""
    for kind in ("message.unheard-of", "call.playback.ended", "conference.created"):
        reading = await make().read_webhook(webhook(message(kind)))
        assert (reading.events, reading.response.status) == ((), 200)


def record(**more):
    """A text in the account's records."""
    return {
        "record_type": "message_detail_record",
        "uuid": MESSAGE,
        "direction": "outbound",
        "cli": LINE,
        "cld": CALLER,
        "created_at": "2026-03-02T17:30:01Z",
        "completed_at": "2026-03-02T17:30:03Z",
        "status": "delivered",
        "delivery_status_webhook_url": TEXT.status_url,
        "errors": [],
        **more,
    }


def listing(entries, **more):
    return httpx.Response(200, json={"data": entries, "meta": {"total_pages": 1}, **more})


async def test_a_text_is_found_by_our_id(make, provider):
    """The record has the status address, which carries it: no other text can be taken for it."""
    other = record(uuid="other", delivery_status_webhook_url=f"{ADDRESS}/sms-status?text=T2")
    provider.answer = listing([other, record(status="gw_timeout")])

    assert await make().find_text(TEXT) == Receipt(MESSAGE, TextState.SENT)

    (request,) = provider.requests
    query = dict(request.url.params)
    assert query["filter[cld]"] == CALLER
    assert query["filter[record_type]"] == "messaging"


async def test_no_record_proves_nothing(make, provider):
    """They come late."""
    provider.answer = listing([])
    assert await make().find_text(TEXT) == CannotTell()


async def test_listed_texts(make, provider):
    """What was sent, what came in, with its words, and who opted out; each with its key."""

    def answer(request):
        path = request.url.path.removeprefix("/v2/")
        if path == "detail_records":
            return listing(
                [
                    record(),
                    record(uuid="F", status="failed", errors=["40300"]),
                    record(uuid="I", direction="inbound", cli=CALLER, cld=LINE),
                    record(uuid="old", created_at="2026-03-01T00:00:00Z"),
                    record(uuid="others", cli="+13035550188"),
                ]
            )
        if path == "messages/I":
            return httpx.Response(
                200, json={"data": message("message.received")["data"]["payload"]}
            )
        assert path == "messaging_optouts"
        return listing(
            [{"from": LINE, "to": CALLER, "created_at": "2026-03-02T17:31:00Z", "keyword": "STOP"}]
        )

    provider.answer = answer
    since = NOW - timedelta(hours=1)
    found = [event async for event in make().list_texts(since)]

    assert [type(event).__name__ for event in found] == [
        "TextStatus",
        "TextStatus",
        "TextReceived",
        "OptOut",
    ]
    assert (found[0].text, found[0].number, found[0].state) == ("T1", CALLER, TextState.DELIVERED)
    assert found[1].reason is FailureReason.OPTED_OUT
    assert (found[2].key, found[2].body) == ("I/received", "Hello")
    assert found[3].number == CALLER
