"""What Cal.com tells, as events; and who may tell it."""

import json
from datetime import UTC, datetime

import pytest

from textback.errors import UnreadableWebhook, WebhookRejected
from textback.events import Booked, BookingCancelled
from textback.testing.builders import a_request
from textback_calcom.signature import sign

STARTS = datetime(2026, 3, 4, 16, 0, tzinfo=UTC)


async def events(plugin, request):
    """What a webhook comes to."""
    return list((await plugin.read_webhook(request)).events)


async def test_made(calcom, told):
    """All that leads to the case, and a title without names."""
    (event,) = await events(calcom, told())

    assert event == Booked(
        key="BOOKING_CREATED/U1",
        at=datetime(2026, 3, 2, 17, 29, 0, 538000, tzinfo=UTC),
        booking="U1",
        starts_at=STARTS,
        ends_at=STARTS.replace(minute=30),
        title="Intro",
        case="case1",
        number=None,
        email="anna@example.com",
    )


@pytest.mark.parametrize(
    "more",
    [
        {"responses": {"attendeePhoneNumber": {"value": "+13035550123"}}},
        {"responses": {"smsReminderNumber": {"value": "+13035550123"}}},
        {"responses": {"location": {"value": {"value": "phone", "optionValue": "+13035550123"}}}},
        {"attendees": [{"email": "a@example.com", "phoneNumber": "+13035550123"}, {}]},
        {"smsReminderNumber": "+13035550123"},
    ],
)
async def test_number(calcom, told, more):
    """Wherever Cal.com asks for one."""
    (event,) = await events(calcom, told(**more))
    assert event.number == "+13035550123"


async def test_number_of_a_question_of_ones_own(make, told):
    """It counts before all others."""
    answers = {
        "mobile": {"label": "Your mobile", "value": "(303) 555-0123"},
        "attendeePhoneNumber": {"value": "+13035550199"},
    }
    (event,) = await events(make(phone_field="mobile"), told(responses=answers))
    assert event.number == "(303) 555-0123"


async def test_moved(calcom, told):
    """Another booking in place of the old; it carries nothing of the link."""
    request = told("BOOKING_RESCHEDULED", uid="U2", rescheduleUid="U1", metadata={})

    (event,) = await events(calcom, request)

    assert (event.booking, event.replaces, event.case) == ("U2", "U1", None)
    assert event.key == "BOOKING_RESCHEDULED/U2"


async def test_cancelled(calcom, told):
    """By its id alone: what the link carried isn't told again."""
    (event,) = await events(calcom, told("BOOKING_CANCELLED", status="CANCELLED", metadata=None))

    assert event == BookingCancelled(key="BOOKING_CANCELLED/U1", at=event.at, booking="U1")


class TestConfirmation:
    """Event types that want a confirmation, or money."""

    @pytest.mark.parametrize("trigger", ["BOOKING_REQUESTED", "BOOKING_PAYMENT_INITIATED"])
    async def test_confirmed(self, calcom, told, trigger):
        """What the link carried is told with the request only, and kept."""
        asked = await events(calcom, told(trigger, status="PENDING"))
        (event,) = await events(calcom, told(metadata={"videoCallUrl": "https://x.example"}))

        assert asked == []
        assert event.case == "case1"

    async def test_not_yet(self, calcom, told):
        """A booking that is pending is none."""
        assert await events(calcom, told(status="PENDING")) == []

    async def test_moved(self, calcom, told):
        """The confirmed one says nothing of the one that it replaces: the request does."""
        request = told(
            "BOOKING_REQUESTED", uid="U2", rescheduleUid="U1", metadata={}, status="PENDING"
        )
        await events(calcom, request)

        (event,) = await events(calcom, told(uid="U2", metadata={}))

        assert event.replaces == "U1"

    async def test_move_rejected(self, calcom, told):
        """The old appointment is gone since the new one was asked for."""
        request = told("BOOKING_REQUESTED", uid="U2", rescheduleUid="U1", metadata={})
        await events(calcom, request)

        (event,) = await events(calcom, told("BOOKING_REJECTED", uid="U2", status="REJECTED"))

        assert isinstance(event, BookingCancelled)
        assert event.booking == "U1"

    async def test_rejected(self, calcom, told):
        """Nothing was booked, and nothing is called off."""
        await events(calcom, told("BOOKING_REQUESTED", status="PENDING"))
        assert await events(calcom, told("BOOKING_REJECTED", status="REJECTED")) == []


class TestSeats:
    """One booking for Cal.com, an appointment for each who takes a seat."""

    PEOPLE = ({"email": "host@example.com"}, {"email": "anna@example.com"})

    async def test_each_has_one(self, calcom, told):
        """The booking is the same, the appointments and their keys are not."""
        bob = {"responses": {"email": {"value": "bob@example.com"}}}
        (anna,) = await events(calcom, told(seatsPerTimeSlot=4, attendees=self.PEOPLE))
        (other,) = await events(calcom, told(seatsPerTimeSlot=4, **bob))

        assert anna.email == "anna@example.com"
        assert anna.booking != other.booking
        assert anna.key != other.key

    async def test_one_leaves(self, calcom, told):
        """The others still come."""
        (anna,) = await events(calcom, told(seatsPerTimeSlot=4))
        (gone,) = await events(
            calcom,
            told(
                "BOOKING_CANCELLED", seatsPerTimeSlot=4, attendees=[{"email": "Anna@example.com"}]
            ),
        )
        assert gone.booking == anna.booking

    async def test_all_are_called_off(self, calcom, told):
        """Each of them."""
        gone = await events(
            calcom, told("BOOKING_CANCELLED", seatsPerTimeSlot=4, attendees=self.PEOPLE)
        )
        assert len({each.booking for each in gone}) == len({each.key for each in gone}) == 2

    async def test_the_host_moves_all(self, calcom, told):
        """The booking keeps its id; a second move is told, too."""
        moves = [
            await events(
                calcom,
                told(
                    "BOOKING_RESCHEDULED",
                    at=f"2026-03-02T17:{minute}:00Z",
                    seatsPerTimeSlot=4,
                    rescheduleUid="U1",
                    attendees=self.PEOPLE,
                ),
            )
            for minute in (10, 20)
        ]
        assert [len(each) for each in moves] == [2, 2]
        assert all(event.replaces == event.booking for move in moves for event in move)
        assert len({event.key for move in moves for event in move}) == 4


@pytest.mark.parametrize(
    "trigger", ["PING", "MEETING_ENDED", "BOOKING_PAID", "BOOKING_NO_SHOW_UPDATED", "OOO_CREATED"]
)
async def test_what_is_none_of_ours(calcom, signed, trigger):
    """Taken and left alone: a hook may have more triggers than we need."""
    body = {"triggerEvent": trigger, "createdAt": "2026-03-02T17:29:00Z", "payload": {"a": 1}}
    assert await events(calcom, signed(body)) == []


async def test_fields_beside_the_trigger(calcom, signed):
    """Some triggers have no payload."""
    body = {"triggerEvent": "MEETING_STARTED", "createdAt": "2026-03-02T17:29:00Z", "uid": "U1"}
    assert await events(calcom, signed(body)) == []


@pytest.mark.parametrize(
    "more",
    [
        {"responses": None, "attendees": None, "metadata": None},
        {"responses": [], "attendees": {}, "metadata": "tb"},
        {"responses": {"email": "x"}, "attendees": ["x", None], "metadata": {"tb": 7}},
        {"responses": {"email": {"value": ["x"]}}, "eventTitle": None, "endTime": None},
    ],
)
async def test_fields_of_other_kinds(calcom, told, more):
    """What can't be read isn't there; the booking is one all the same."""
    (event,) = await events(calcom, told(**more))
    assert event.starts_at == STARTS
    assert event.title


@pytest.mark.parametrize(
    "more",
    [{"uid": None}, {"startTime": None}, {"startTime": "soon"}, {"startTime": "2026-03-04T16:00"}],
)
async def test_without_what_makes_a_booking(calcom, told, more):
    """It is not known which, or when."""
    with pytest.raises(UnreadableWebhook):
        await calcom.read_webhook(told(**more))


@pytest.mark.parametrize("body", [b"", b"content=hello", b"[]", b'{"content": "x"}', b"\xff"])
async def test_custom_payloads(calcom, signed, body):
    """They can't be read, however well signed."""
    with pytest.raises(UnreadableWebhook):
        await calcom.read_webhook(signed(body))


async def test_a_topic(calcom, signed):
    """There is none."""
    with pytest.raises(UnreadableWebhook):
        await calcom.read_webhook(signed(b"{}", topic="x"))


class TestSignature:
    """HMAC-SHA256 over the body as it came."""

    def test_agrees_with_openssl(self, settings):
        """``printf '{"a":1}' | openssl dgst -sha256 -hmac 'a secret of these tests'``."""
        expected = "b4ae8f48564ca710eb57c3796d9a400162205376bda092e7b298ba91252ef559"
        assert sign(settings().webhook_secret, b'{"a":1}') == expected

    async def test_missing(self, calcom, told):
        """Nobody is believed without."""
        with pytest.raises(WebhookRejected, match="missing"):
            await calcom.read_webhook(a_request(told().body))

    async def test_no_secret_at_calcom(self, calcom, told):
        """Cal.com says so instead of signing."""
        headers = {"X-Cal-Signature-256": "no-secret-provided"}
        with pytest.raises(WebhookRejected, match="no secret"):
            await calcom.read_webhook(a_request(told().body, headers=headers))

    @pytest.mark.parametrize("given", ["", "0" * 64, "é", "sha256=" + "0" * 64])
    async def test_wrong(self, calcom, told, given):
        """Whatever it is."""
        request = a_request(told().body, headers={"X-Cal-Signature-256": given})
        with pytest.raises(WebhookRejected):
            await calcom.read_webhook(request)

    async def test_another_secret(self, calcom, signed):
        """It is another's webhook."""
        with pytest.raises(WebhookRejected, match="webhook_secret"):
            await calcom.read_webhook(signed(b"{}", secret="another secret of theirs"))

    async def test_every_byte_counts(self, calcom, told):
        """The same JSON in other bytes was not signed."""
        request = told()
        pretty = json.dumps(json.loads(request.body), indent=1).encode()
        with pytest.raises(WebhookRejected):
            await calcom.read_webhook(a_request(pretty, headers=dict(request.headers)))

    async def test_says_nothing_of_the_secret(self, calcom, told):
        """Neither the error nor the plugin."""
        with pytest.raises(WebhookRejected) as caught:
            await calcom.read_webhook(a_request(told().body))
        secret = calcom.settings.webhook_secret.value
        assert secret not in f"{caught.value!r} {calcom!r} {calcom.settings!r}"
