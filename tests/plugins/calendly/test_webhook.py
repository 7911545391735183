"""What Calendly tells, as events; and who may tell it."""

from datetime import UTC, datetime, timedelta

import pytest

from textback.errors import NotSent, UnreadableWebhook, WebhookRejected
from textback.events import Booked, BookingCancelled
from textback.testing.builders import NOW, a_request
from textback_calendly.signature import sign

API = "https://api.calendly.com"
STARTS = datetime(2026, 3, 4, 16, 0, tzinfo=UTC)
INVITEE = f"{API}/scheduled_events/EV1/invitees"


async def events(plugin, request):
    """What a webhook comes to."""
    return list((await plugin.read_webhook(request)).events)


async def test_made(calendly, told):
    """All that leads to the case; the invitee is the booking, since events are shared."""
    (event,) = await events(calendly, told())

    assert event == Booked(
        key="invitee.created/INV1",
        at=datetime(2026, 3, 2, 17, 29, tzinfo=UTC),
        booking="INV1",
        starts_at=STARTS,
        ends_at=STARTS.replace(minute=30),
        title="Intro",
        case="case1",
        number=None,
        email="anna@example.com",
    )


async def test_moved(calendly, told):
    """Two webhooks, in either order: the new one names the old."""
    new = told(uri=f"{INVITEE}/INV2", old_invitee=f"{INVITEE}/INV1")
    old = told("invitee.canceled", rescheduled=True, new_invitee=f"{INVITEE}/INV2")

    (made,) = await events(calendly, new)
    (gone,) = await events(calendly, old)

    assert (made.booking, made.replaces) == ("INV2", "INV1")
    assert gone == BookingCancelled(
        key="invitee.canceled/INV1", at=gone.at, booking="INV1", moved=True
    )


async def test_cancelled(calendly, told):
    """For good."""
    (event,) = await events(calendly, told("invitee.canceled", status="canceled"))
    assert event == BookingCancelled(key="invitee.canceled/INV1", at=event.at, booking="INV1")


def answer(text, position=0):
    """What was answered to a question of the page."""
    return {"question": "What?", "answer": text, "position": position}


@pytest.mark.parametrize(
    ("field", "more", "number"),
    [
        ("phone_number", {"text_reminder_number": "+1 303-555-0123"}, "+1 303-555-0123"),
        ("a2", {"questions_and_answers": [answer("303 555 0123", 1)]}, "303 555 0123"),
        (
            "a2",
            {
                "questions_and_answers": [answer("3035550199"), answer("3035550123", 1)],
                "text_reminder_number": "+13035550198",
            },
            "3035550123",
        ),
        ("a1", {"questions_and_answers": [answer("a toothache since 2020")]}, None),
        (
            "",
            {"questions_and_answers": [answer("pain"), answer("(303) 555-0123", 1)]},
            "(303) 555-0123",
        ),
        (
            "",
            {"questions_and_answers": [answer("pain"), answer("303.555.0123", 1)]},
            "303.555.0123",
        ),
        ("", {"questions_and_answers": [answer("12")]}, None),
    ],
)
async def test_number(make, told, field, more, number):
    """Where the link filled it in, else wherever one was given."""
    (event,) = await events(make(phone_field=field), told(**more))
    assert event.number == number


@pytest.mark.parametrize(
    ("kind", "number"), [("outbound_call", "+13035550123"), ("inbound_call", None)]
)
async def test_number_to_call(calendly, told, kind, number):
    """The place of a call: theirs if they are called, ours if they call."""
    event = {
        "name": "Intro",
        "start_time": "2026-03-04T16:00:00Z",
        "location": {"type": kind, "location": "+13035550123"},
    }
    (event,) = await events(calendly, told(scheduled_event=event))
    assert event.number == number


class TestWithoutTheTime:
    """Webhooks were not always told when the appointment is."""

    async def test_asks(self, calendly, account, told):
        """By the id, at the host that the settings name."""
        account.appointments["EV1"] = {"name": "Intro", "start_time": "2026-03-04T16:00:00Z"}

        request = told(scheduled_event=None, event="https://elsewhere.example/x/EV1")
        (event,) = await events(calendly, request)

        assert event.starts_at == STARTS
        assert [str(request.url) for request in account.asked] == [f"{API}/scheduled_events/EV1"]

    async def test_no_answer(self, calendly, account, told):
        """The webhook isn't taken: Calendly sends it again."""
        account.broken["GET /scheduled_events"] = NotSent("refused")
        with pytest.raises(NotSent):
            await calendly.read_webhook(told(scheduled_event=None))

    @pytest.mark.parametrize(
        ("given", "event"),
        [({"access_token": None}, f"{API}/scheduled_events/EV1"), ({}, None)],
    )
    async def test_cannot_ask(self, make, told, given, event):
        """It can't be read."""
        with pytest.raises(UnreadableWebhook):
            await make(**given).read_webhook(told(scheduled_event=None, event=event))


@pytest.mark.parametrize("name", ["routing_form_submission.created", "invitee_no_show.created"])
async def test_what_is_none_of_ours(calendly, signed, name):
    """Taken and left alone."""
    assert await events(calendly, signed({"event": name, "payload": {}})) == []


@pytest.mark.parametrize(
    "more",
    [
        {"tracking": None, "questions_and_answers": None},
        {"tracking": "case1", "questions_and_answers": ["x", None], "email": 7},
        {"tracking": {"utm_content": 7}, "questions_and_answers": [{"answer": ["303"]}]},
    ],
)
async def test_fields_of_other_kinds(calendly, told, more):
    """What can't be read isn't there; the booking is one all the same."""
    (event,) = await events(calendly, told(**more))
    assert (event.starts_at, event.case, event.number) == (STARTS, None, None)


@pytest.mark.parametrize(
    "more",
    [
        {"uri": None},
        {"uri": ""},
        {"scheduled_event": {}},
        {"scheduled_event": {"start_time": "soon"}},
        {"scheduled_event": {"start_time": "2026-03-04T16:00:00"}},
    ],
)
async def test_without_what_makes_a_booking(calendly, told, more):
    """It is not known which, or when."""
    with pytest.raises(UnreadableWebhook):
        await calendly.read_webhook(told(**more))


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"event": "invitee.created"}', b"\xff"])
async def test_other_formats(calendly, signed, body):
    """However well signed."""
    with pytest.raises(UnreadableWebhook):
        await calendly.read_webhook(signed(body))


async def test_a_topic(calendly, signed):
    """There is none."""
    with pytest.raises(UnreadableWebhook):
        await calendly.read_webhook(signed({"event": "x"}, topic="x"))


class TestSignature:
    """HMAC-SHA256 over the time and the body as it came."""

    def test_agrees_with_openssl(self, settings):
        """``printf '1772472600.{"a":1}' | openssl dgst -sha256 -hmac '...'``."""
        expected = "7123debeeca4130137196b34234c54cceddc837bde589fd6aa29138308416c06"
        assert sign(settings().signing_key, "1772472600", b'{"a":1}') == expected

    @pytest.mark.parametrize(
        "given",
        [None, "", "v1=" + "0" * 64, "t=1772472600", "t=now,v1=" + "0" * 64, "t=²,v1=é", "garbage"],
    )
    async def test_without_what_is_needed(self, calendly, told, given):
        """Nobody is believed."""
        headers = {"Calendly-Webhook-Signature": given} if given is not None else {}
        with pytest.raises(WebhookRejected):
            await calendly.read_webhook(a_request(told().body, headers=headers))

    async def test_another_key(self, calendly, signed):
        """It is another's webhook."""
        with pytest.raises(WebhookRejected, match="connect again"):
            await calendly.read_webhook(signed({"event": "x"}, key="another key of theirs"))

    async def test_another_body(self, calendly, told):
        """Every byte is signed."""
        request = told()
        with pytest.raises(WebhookRejected):
            await calendly.read_webhook(
                a_request(request.body + b" ", headers=dict(request.headers))
            )

    async def test_another_time(self, calendly, told):
        """The time is signed, too: an old webhook can't be made young."""
        request = told()
        header = request.headers["calendly-webhook-signature"]
        headers = {"Calendly-Webhook-Signature": header.replace("t=1772472600", "t=1772472601")}
        with pytest.raises(WebhookRejected, match="wrong"):
            await calendly.read_webhook(a_request(request.body, headers=headers))

    @pytest.mark.parametrize("off_s", [181, -181])
    async def test_old(self, calendly, signed, off_s):
        """Three minutes either way, as Calendly advises."""
        at = NOW - timedelta(seconds=off_s)
        with pytest.raises(WebhookRejected, match="old"):
            await calendly.read_webhook(signed({"event": "x"}, at=at))
        await calendly.read_webhook(signed({"event": "x"}, at=at, received_at=at))

    async def test_how_old(self, make, signed):
        """For whom three minutes are too few."""
        plugin, at = make(max_age_s=3600), NOW - timedelta(minutes=59)
        await plugin.read_webhook(signed({"event": "x"}, at=at))

    async def test_one_of_several(self, calendly, told):
        """While keys are changed there may be two."""
        request = told()
        header = request.headers["calendly-webhook-signature"]
        stamp, _, right = header.partition(",")
        headers = {"Calendly-Webhook-Signature": f"{stamp}, v1={'0' * 64}, {right}"}
        assert await events(calendly, a_request(request.body, headers=headers))

    async def test_says_nothing_of_the_key(self, calendly, told):
        """Neither the error nor the plugin."""
        with pytest.raises(WebhookRejected) as caught:
            await calendly.read_webhook(a_request(told().body))
        key = calendly.settings.signing_key.value
        assert key not in f"{caught.value!r} {calendly!r} {calendly.settings!r}"
