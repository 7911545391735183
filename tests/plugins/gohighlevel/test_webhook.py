"""Webhooks: verified first, then read to what happened."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from support.gohighlevel_api import LOCATION
from textback.errors import UnreadableWebhook, WebhookRejected
from textback.events import (
    Booked,
    BookingCancelled,
    CallEvent,
    Confidence,
    Happened,
    OptOut,
    TextReceived,
    TextStatus,
)
from textback.flow.detect import conclude
from textback.model import FailureReason, Media, Outcome, TextState
from textback.testing.builders import CALLER, LINE, NOW
from textback_gohighlevel import signature

SAMPLES = Path(__file__).parent / "samples"


def sample(name):
    return json.loads((SAMPLES / f"webhook_{name}.json").read_text())


def a_call(**more):
    """A call as the app's webhook tells it."""
    return {
        "type": "InboundMessage",
        "locationId": LOCATION,
        "contactId": "contact1",
        "conversationId": "conversation1",
        "messageId": "m1",
        "dateAdded": "2026-03-02T17:29:40.000Z",
        "direction": "inbound",
        "messageType": "CALL",
        **more,
    }


def a_message(**more):
    """A text as the app's webhook tells it."""
    return a_call(**{"messageType": "SMS", "status": "delivered", "body": "Hello", **more})


@pytest.fixture
def contact(api):
    """The contact that webhooks name; `api` doesn't take part in their signature."""
    api.people["contact1"] = {"id": "contact1", "phone": "(303) 555-0123", "email": "a@b.example"}
    return api.people["contact1"]


@pytest.fixture
def read(crm, webhook):
    """What the plugin makes of a body."""

    async def read(told, **more):
        return (await crm.read_webhook(webhook(told, **more))).events

    return read


class TestSamples:
    """What GoHighLevel's documentation prints, each for its own sub-account."""

    @pytest.fixture
    def read(self, over, api, webhook, contact):
        async def read(name):
            told = sample(name)
            who = told.get("contactId") or told.get("appointment", {}).get("contactId")
            api.people[who] = {**contact, "id": who}
            crm = over(api, location_id=told["locationId"])
            reading = await crm.read_webhook(webhook(told))
            assert reading.response.status == 204
            return reading.events

        return read

    async def test_a_call_that_was_taken(self, read):
        """It says OutboundMessage and inbound at once; either way nobody is texted."""
        (event,) = await read("InboundMessage_1")
        assert event.caller == "(303) 555-0123"
        assert event.duration_ms == 120_000
        assert conclude([event]).outcome is Outcome.ANSWERED

    async def test_a_voicemail(self, read):
        """A missed call, with where the message is."""
        (event,) = await read("InboundMessage_2")
        assert (event.key, event.call) == ("QkNS0DNje0FjoLQdD5O3/voicemail", "QkNS0DNje0FjoLQdD5O3")
        assert (event.outcome, event.recording_url) == (Outcome.VOICEMAIL, "voicemail url")
        assert event.at == datetime(2024, 5, 8, 12, 0, 56, 193_000, tzinfo=UTC)
        assert conclude([event]).outcome is Outcome.VOICEMAIL

    async def test_a_text(self, read):
        """It has no id, so it is known by its moment."""
        (event,) = await read("InboundMessage_0")
        assert event == TextReceived(
            key="fcanlLgpbQgQhderivVs/2021-04-21T11:31:45.750Z/received",
            at=datetime(2021, 4, 21, 11, 31, 45, 750_000, tzinfo=UTC),
            number="(303) 555-0123",
            line=LINE,
            body="This is a test message",
            provider_id="fcanlLgpbQgQhderivVs/2021-04-21T11:31:45.750Z",
        )

    async def test_do_not_disturb(self, read):
        """For everything, though not for SMS: it counts, unless the settings say otherwise."""
        (event,) = await read("ContactDndUpdate")
        assert isinstance(event, OptOut)
        assert event.number == "+919509597501"

    @pytest.mark.parametrize(
        "name", ["AppointmentCreate", "AppointmentUpdate", "AppointmentDelete"]
    )
    async def test_an_appointment(self, read, name):
        """All three say that one was made, and are one and the same."""
        (event,) = await read(name)
        assert event == Booked(
            key="appointment/0007BWpSzSwfiuSl0tR2/20230925T1030Z",
            at=datetime(2023, 9, 25, 10, 30, tzinfo=UTC),
            booking="0007BWpSzSwfiuSl0tR2",
            starts_at=datetime(2023, 9, 25, 10, 30, tzinfo=UTC),
            ends_at=datetime(2023, 9, 25, 10, 30, tzinfo=UTC),
            title="Appointment with GHL Dev team",
            number="(303) 555-0123",
            email="a@b.example",
        )

    @pytest.mark.parametrize(
        "name",
        [
            "InboundMessage_3",
            "ContactCreate",
            "ContactTagUpdate",
            "NoteCreate",
            "OpportunityCreate",
            "OpportunityStageUpdate",
        ],
    )
    async def test_what_says_nothing_of_calls_or_texts(self, read, name):
        """An e-mail, a contact, a tag, a note, an opportunity: taken, and nothing told."""
        assert await read(name) == ()


class TestCalls:
    """What becomes of a call."""

    @pytest.mark.parametrize(
        ("status", "outcome"),
        [
            ("no-answer", Outcome.NO_ANSWER),
            ("busy", Outcome.BUSY),
            ("failed", Outcome.FAILED),
            ("canceled", Outcome.ABANDONED),
            ("voicemail", Outcome.VOICEMAIL),
            ("completed", Outcome.ANSWERED),
            ("answered", Outcome.ANSWERED),
            ("Completed", Outcome.ANSWERED),
        ],
    )
    async def test_how_it_ended(self, read, contact, status, outcome):
        """By GoHighLevel's own words, with number and line."""
        (event,) = await read(a_call(status=status, callStatus=status, callDuration=20))
        assert event == CallEvent(
            key=f"m1/{status.lower()}",
            call="m1",
            happened=Happened.CONCLUDED,
            at=datetime(2026, 3, 2, 17, 29, 40, tzinfo=UTC),
            caller="(303) 555-0123",
            line=LINE,
            outcome=outcome,
            confidence=Confidence.LIKELY if outcome.missed else Confidence.CERTAIN,
            duration_ms=20_000,
            evidence=f"status {status.lower()}",
        )

    @pytest.mark.parametrize("status", ["pending", "ringing", "", None])
    async def test_one_that_goes_on_is_not_judged(self, read, contact, status):
        """Nor is one of which a word is said that nobody has heard of."""
        (event,) = await read(a_call(status=status))
        assert event.happened is Happened.STARTED
        assert conclude([event]) is None

    async def test_what_the_call_says_counts_more_than_what_the_message_says(self, read, contact):
        """A message may be "completed" of a call that nobody took."""
        (event,) = await read(a_call(status="completed", callStatus="no-answer"))
        assert event.outcome is Outcome.NO_ANSWER

    @pytest.mark.parametrize("status", ["completed", "no-answer", "voicemail"])
    async def test_a_call_that_the_business_made_is_never_missed(self, read, contact, status):
        """Whoever doesn't pick up."""
        told = a_call(type="OutboundMessage", direction="outbound", status=status)
        events = await read(told)
        assert conclude(events).outcome is Outcome.OUTGOING

    async def test_one_that_contradicts_itself_is_not_missed(self, read, contact):
        """A text too few is cheaper than one to somebody who was called."""
        events = await read(a_call(type="OutboundMessage", status="no-answer"))
        assert conclude(events).outcome is Outcome.OUTGOING

    async def test_numbers_that_are_told_need_not_be_asked_for(self, read, api):
        """Some messages have them."""
        (event,) = await read(a_call(status="no-answer", **{"from": CALLER, "to": LINE}))
        assert (event.caller, event.line) == (CALLER, LINE)
        assert api.asked == []

    async def test_a_call_to_another_number_of_the_sub_account_is_not_ours(self, read, api):
        """It may be another client's."""
        assert await read(a_call(status="no-answer", to="+13035550188")) == ()
        assert api.asked == []

    async def test_with_several_lines_the_line_may_not_be_known(self, over, api, contact, webhook):
        """It isn't made up."""
        crm = over(api, lines=(LINE, "+13035550101"))
        reading = await crm.read_webhook(webhook(a_call(status="no-answer")))
        assert reading.events[0].line is None

    async def test_a_contact_that_is_gone_leaves_a_call(self, read):
        """The team is told of a call without a number."""
        (event,) = await read(a_call(status="no-answer"))
        assert (event.caller, event.outcome) == (None, Outcome.NO_ANSWER)

    async def test_a_contact_that_cannot_be_asked_for_is_asked_for_again(self, crm, api, webhook):
        """429 is the only answer after which GoHighLevel comes again."""
        api.lose = lambda request: True
        reading = await crm.read_webhook(webhook(a_call(status="no-answer")))
        assert (reading.events, reading.response.status) == ((), 429)


class TestTexts:
    """What callers write, and what becomes of what the business writes."""

    async def test_with_pictures(self, read, contact):
        """Where they are."""
        (event,) = await read(a_message(attachments=["https://x.example/1.jpg"]))
        assert (event.key, event.body) == ("m1/received", "Hello")
        assert event.media == (Media("https://x.example/1.jpg"),)

    async def test_of_a_contact_without_a_number(self, read, contact):
        """Nobody could be answered."""
        contact.pop("phone")
        assert await read(a_message()) == ()

    @pytest.mark.parametrize(
        ("status", "state", "reason"),
        [
            ("sent", TextState.SENT, None),
            ("pending", TextState.SENT, None),
            ("delivered", TextState.DELIVERED, None),
            ("read", TextState.DELIVERED, None),
            ("failed", TextState.FAILED, FailureReason.UNKNOWN),
            ("undelivered", TextState.FAILED, FailureReason.UNKNOWN),
            ("opt_out", TextState.FAILED, FailureReason.OPTED_OUT),
        ],
    )
    async def test_how_far_a_text_of_ours_is(self, read, api, status, state, reason):
        """By its id; nobody has to be asked for."""
        told = a_message(type="OutboundMessage", direction="outbound", status=status)
        assert await read(told) == (
            TextStatus(
                key=f"m1/{status}",
                at=datetime(2026, 3, 2, 17, 29, 40, tzinfo=UTC),
                state=state,
                provider_id="m1",
                reason=reason,
            ),
        )
        assert api.asked == []

    async def test_other_channels_are_none_of_ours(self, read, contact):
        """Mail, chats, comments."""
        assert await read(a_message(messageType="WhatsApp")) == ()


class TestDoNotDisturb:
    """Who is taken off the list is not texted any more."""

    def told(self, **more):
        return {
            "type": "ContactDndUpdate",
            "locationId": LOCATION,
            "id": "contact1",
            "phone": CALLER,
            "dndSettings": {"SMS": {"status": "active"}},
            "timestamp": "2026-03-02T17:29:00.000Z",
            "webhookId": "w1",
            **more,
        }

    async def test_for_sms(self, read):
        """An opt-out, known by the webhook's id."""
        (event,) = await read(self.told())
        assert (event.key, event.number) == ("dnd/w1", CALLER)
        assert event.at == datetime(2026, 3, 2, 17, 29, tzinfo=UTC)

    async def test_its_end_lifts_nothing(self, read):
        """It may have been the mail's, and the caller may have written STOP."""
        assert await read(self.told(dndSettings={"SMS": {"status": "inactive"}}, dnd=False)) == ()

    async def test_for_all_but_sms_as_the_settings_say(self, over, api, webhook):
        """Where people set it for e-mail alone."""
        told = self.told(dnd=True, dndSettings={"SMS": {"status": "inactive"}})
        assert (await over(api).read_webhook(webhook(told))).events
        assert (await over(api, dnd="sms").read_webhook(webhook(told))).events == ()

    async def test_of_a_contact_whose_number_has_to_be_asked_for(self, read, contact):
        """Webhooks don't always have it."""
        (event,) = await read(self.told(phone=None))
        assert event.number == "(303) 555-0123"


class TestAppointments:
    """What is booked in GoHighLevel's own calendar."""

    def told(self, kind="AppointmentUpdate", **more):
        appointment = {
            "id": "a1",
            "contactId": "contact1",
            "appointmentStatus": "confirmed",
            "startTime": "2026-03-05T09:00:00-07:00",
            "dateUpdated": "2026-03-02T10:00:00-07:00",
            **more,
        }
        return {"type": kind, "locationId": LOCATION, "appointment": appointment}

    @pytest.mark.parametrize(
        "told",
        [
            {"appointmentStatus": "cancelled"},
            {"appointmentStatus": "invalid"},
            {"kind": "AppointmentDelete"},
        ],
    )
    async def test_called_off(self, read, told):
        """In whichever way."""
        assert await read(self.told(**told)) == (
            BookingCancelled(
                key="appointment/a1/off",
                at=datetime(2026, 3, 2, 17, tzinfo=UTC),
                booking="a1",
            ),
        )

    async def test_moved(self, read, contact):
        """The same booking at another time is something new."""
        (first,) = await read(self.told())
        (moved,) = await read(self.told(startTime="2026-03-06T09:00:00-07:00"))
        assert first.booking == moved.booking
        assert first.key != moved.key

    @pytest.mark.parametrize("told", [{"id": None}, {"startTime": "soon"}])
    async def test_without_what_belongs_to_it(self, read, told):
        """It can't be read."""
        with pytest.raises(UnreadableWebhook):
            await read(self.told(**told))


class TestSignatures:
    """Nobody is believed without proof, and nothing is asked before there is one."""

    @pytest.mark.parametrize("how", ["ed25519", "rsa"])
    async def test_both_are_taken(self, read, contact, how):
        """The newer and the older one."""
        assert await read(a_call(status="no-answer"), how=how)

    async def test_unsigned_is_rejected(self, crm, api, webhook):
        """Before anything is asked."""
        with pytest.raises(WebhookRejected):
            await crm.read_webhook(webhook(a_call(status="no-answer"), how="none"))
        assert api.asked == []

    async def test_signed_by_another_is_rejected(self, crm, webhook):
        """A right signature with a wrong key."""
        with pytest.raises(WebhookRejected):
            await crm.read_webhook(webhook(a_call(), key=Ed25519PrivateKey.generate()))

    async def test_a_changed_body_is_rejected(self, crm, webhook):
        """What is signed is every byte of it."""
        request = webhook(a_call(status="completed"))
        changed = attrs.evolve(request, body=request.body.replace(b"completed", b"no-answer"))
        with pytest.raises(WebhookRejected):
            await crm.read_webhook(changed)

    async def test_the_newer_signature_decides(self, crm, webhook):
        """A wrong one is not helped by an older one beside it."""
        older = webhook(a_call(), how="rsa").headers["x-wh-signature"]
        request = webhook(a_call(), key=Ed25519PrivateKey.generate())
        both = attrs.evolve(request, headers={**request.headers, "x-wh-signature": older})
        with pytest.raises(WebhookRejected):
            await crm.read_webhook(both)

    async def test_the_older_one_counts_where_the_newer_is_not_available(self, crm, webhook):
        """GoHighLevel writes N/A then."""
        request = webhook(a_message(messageType="Email"), how="rsa")
        both = attrs.evolve(request, headers={**request.headers, "x-ghl-signature": "N/A"})
        assert (await crm.read_webhook(both)).response.status == 204

    @pytest.mark.parametrize("how", ["ed25519", "rsa"])
    async def test_either_can_be_refused(self, over, api, webhook, how):
        """By an empty key."""
        crm = over(api, **{f"{how}_key": ""})
        with pytest.raises(WebhookRejected):
            await crm.read_webhook(webhook(a_call(), how=how))

    @pytest.mark.parametrize("given", ["", " ", "x", "ü", "=" * 10_000, "AAAA"])
    async def test_odd_signatures_are_rejected(self, crm, webhook, given):
        """What can't be read is wrong."""
        request = attrs.evolve(webhook(a_call()), headers={"x-ghl-signature": given})
        with pytest.raises(WebhookRejected):
            await crm.read_webhook(request)

    @pytest.mark.parametrize(("age_s", "taken"), [(5400, True), (5401, False), (-301, False)])
    async def test_old_ones_are_rejected(self, crm, webhook, age_s, taken):
        """A retry has the same body for 70 minutes; after that it is a recording."""
        stamp = (NOW - timedelta(seconds=age_s)).isoformat()
        request = webhook(a_message(messageType="Email", timestamp=stamp))
        if taken:
            await crm.read_webhook(request)
        else:
            with pytest.raises(WebhookRejected):
                await crm.read_webhook(request)

    async def test_another_sub_account_tells_nothing(self, read, api):
        """An app has one address for all that have installed it."""
        assert await read(a_call(status="no-answer", locationId="another")) == ()
        assert api.asked == []

    @pytest.mark.parametrize("body", [b"", b"[]", b"<html>", b"null", b"\xff"])
    async def test_what_is_no_json_object_is_unreadable(self, crm, webhook, body):
        """Though it is signed."""
        with pytest.raises(UnreadableWebhook):
            await crm.read_webhook(webhook(body))

    def test_the_published_keys_are_keys(self):
        """As the settings would take them, in base64 and in PEM."""
        assert signature.load_ed25519(signature.ED25519)
        assert signature.load_rsa(signature.RSA).key_size == 4096
        pem = f"-----BEGIN PUBLIC KEY-----\n{signature.ED25519}\n-----END PUBLIC KEY-----\n"
        assert signature.load_ed25519(pem)
