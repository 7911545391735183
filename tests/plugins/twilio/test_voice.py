"""Calls: what Twilio is told to do, and what its requests say happened."""

import xml.etree.ElementTree as ET
from datetime import UTC, datetime

import pytest

from textback.errors import UnreadableWebhook
from textback.events import AnsweredBy, Confidence, Happened
from textback.model import Outcome

ADDRESS = "https://hooks.agency.example/hooks/bright-smile/twilio"
CALL = "CA00000000000000000000000000000001"
LEG = "CA00000000000000000000000000000002"


def verbs(reading):
    """The verbs of the answer, as an XML reader sees them."""
    assert reading.response.status == 200
    assert reading.response.content_type.startswith("text/xml")
    root = ET.fromstring(reading.response.body)
    assert root.tag == "Response"
    return list(root)


def names(reading):
    return [verb.tag for verb in verbs(reading)]


class TestVoice:
    async def test_rings_the_phones(self, make, webhook, call):
        """All at once, for as long as set, and the caller hears it ring."""
        told = await make(ring_s=25).read_webhook(webhook("voice", call()))

        (dial,) = verbs(told)
        assert dial.get("timeout") == "25"
        assert dial.get("answerOnBridge") == "true"
        assert dial.get("action").partition("#")[0] == f"{ADDRESS}/dial"
        assert [number.text for number in dial] == ["+13035550110", "+13035550111"]
        assert told.live

    async def test_tells_of_the_call(self, make, webhook, call):
        """Nothing is known yet but who calls whom."""
        fields = call(CallStatus="ringing", CallerName="ANNA EXAMPLE", ForwardedFrom="+13035550105")

        (event,) = (await make().read_webhook(webhook("voice", fields))).events

        assert (event.call, event.happened) == (CALL, Happened.STARTED)
        assert (event.caller, event.line) == ("+13035550123", "+13035550100")
        assert (event.caller_name, event.forwarded_from) == ("ANNA EXAMPLE", "+13035550105")
        assert not event.outgoing

    async def test_escapes(self, make, webhook, call):
        """What users write can't break the document."""
        plugin = make(greeting='Sorry <b> & "bye"', detect="forwarded", language="es-US")

        say, _ = verbs(await plugin.read_webhook(webhook("voice", call())))

        assert say.text == 'Sorry <b> & "bye"'
        assert say.get("language") == "es-US"

    async def test_nobody_to_ring(self, make, webhook, call):
        """Without phones to ring the call is missed, and the caller told."""
        told = await make(ring=()).read_webhook(webhook("voice", call()))

        assert names(told) == ["Say", "Hangup"]
        assert told.events[-1].outcome is Outcome.NO_ANSWER

    async def test_status_mode(self, make, webhook, call):
        """Where the status is the verdict, nothing may follow the ringing."""
        (dial,) = verbs(await make(detect="status").read_webhook(webhook("voice", call())))

        assert dial.get("action") is None


class TestForwarded:
    @pytest.mark.parametrize("topic", ["voice", "forwarded"])
    async def test_missed(self, make, webhook, call, topic):
        """A call that the business didn't take arrives only because of that."""
        told = await make(detect="forwarded").read_webhook(webhook(topic, call()))

        started, concluded = told.events
        assert started.happened is Happened.STARTED
        assert concluded.happened is Happened.CONCLUDED
        assert concluded.outcome is Outcome.NO_ANSWER
        assert concluded.confidence is Confidence.CERTAIN
        assert names(told) == ["Say", "Hangup"]
        assert not told.live  # the verdict must be kept first


class TestDial:
    @pytest.mark.parametrize(
        ("status", "outcome"),
        [
            ("completed", Outcome.ANSWERED),
            ("answered", Outcome.ANSWERED),
            ("busy", Outcome.BUSY),
            ("no-answer", Outcome.NO_ANSWER),
            ("failed", Outcome.FAILED),
            ("canceled", Outcome.ABANDONED),
        ],
    )
    async def test_outcome(self, make, webhook, call, status, outcome):
        """The result of ringing is final; who got nobody hears the greeting."""
        fields = call(DialCallStatus=status, DialCallSid=LEG)

        told = await make().read_webhook(webhook("dial", fields))

        (event,) = told.events
        assert event.happened is Happened.CONCLUDED
        assert event.outcome is outcome
        assert event.confidence is Confidence.CERTAIN
        assert event.evidence == f"DialCallStatus={status}"
        assert names(told) == (["Say", "Hangup"] if outcome.missed else ["Hangup"])
        assert not told.live

    async def test_duration(self, make, webhook, call):
        """How long they talked, in milliseconds."""
        fields = call(DialCallStatus="completed", DialCallDuration="37")

        (event,) = (await make().read_webhook(webhook("dial", fields))).events

        assert event.duration_ms == 37_000

    async def test_records(self, make, webhook, call):
        """With `record` there is a beep, and then the message is told."""
        fields = call(DialCallStatus="no-answer")

        told = await make(record=True).read_webhook(webhook("dial", fields))

        assert names(told) == ["Say", "Record", "Hangup"]
        assert verbs(told)[1].get("action").startswith(f"{ADDRESS}/recording")

    async def test_keys(self, make, webhook, call):
        """A repeat has the same key, the result of another ringing has not."""
        plugin = make()

        async def key(**more):
            (event,) = (await plugin.read_webhook(webhook("dial", call(**more)))).events
            return event.key

        once = await key(DialCallStatus="busy", DialCallSid=LEG)
        assert once == await key(DialCallStatus="busy", DialCallSid=LEG)
        assert once != await key(DialCallStatus="busy", DialCallSid="CA3")
        assert once != await key(DialCallStatus="completed", DialCallSid=LEG)

    async def test_outgoing(self, make, webhook, call):
        """Who is called by the business and doesn't answer hears no greeting."""
        fields = call(Direction="outbound-api", DialCallStatus="no-answer")

        told = await make().read_webhook(webhook("dial", fields))

        assert told.events[0].outgoing
        assert told.events[0].caller == "+13035550100"  # the one who was called
        assert names(told) == ["Hangup"]

    @pytest.mark.parametrize(
        "more",
        [{}, {"DialCallStatus": "new"}, {"DialCallStatus": "completed", "DialCallDuration": "x"}],
    )
    async def test_unreadable(self, make, webhook, call, more):
        """What isn't in the format is refused, in words."""
        with pytest.raises(UnreadableWebhook, match="DialCall"):
            await make().read_webhook(webhook("dial", call(**more)))


class TestRecording:
    URL = "https://api.twilio.com/2010-04-01/Accounts/AC7/Recordings/RE1"

    async def test_message(self, make, webhook, call):
        """A message left is told with its address; then the call is over."""
        fields = call(RecordingUrl=self.URL, RecordingDuration="12", Digits="hangup")

        told = await make().read_webhook(webhook("recording", fields))

        (event,) = told.events
        assert (event.call, event.happened) == (CALL, Happened.VOICEMAIL)
        assert event.recording_url == self.URL
        assert event.key == f"{CALL}/recording/RE1"
        assert names(told) == ["Hangup"]

    async def test_silence(self, make, webhook, call):
        """An empty message is none."""
        fields = call(RecordingUrl=self.URL, RecordingDuration="0")

        assert (await make().read_webhook(webhook("recording", fields))).events == ()


class TestWhisper:
    async def test_asks(self, make, webhook, call):
        """Each phone that is rung is asked before the two are connected."""
        plugin = make(whisper=True)
        (dial,) = verbs(await plugin.read_webhook(webhook("voice", call())))

        assert {number.get("url") for number in dial} == {f"{ADDRESS}/whisper?call={CALL}"}
        leg = {"CallSid": LEG, "Direction": "outbound-dial"}
        told = await plugin.read_webhook(webhook("whisper", leg, query=f"?call={CALL}"))
        gather, hang_up = verbs(told)
        assert gather.get("action") == f"{ADDRESS}/whisper-digits?call={CALL}"
        assert gather[0].text == "You have a call. Press 1 to take it."
        assert hang_up.tag == "Hangup"
        assert told.events == ()

    async def test_pressed(self, make, webhook):
        """Who presses 1 gets the caller, and is a person."""
        leg = {"CallSid": LEG, "Direction": "outbound-dial", "Digits": "1"}

        told = await make(whisper=True).read_webhook(
            webhook("whisper-digits", leg, query=f"?call={CALL}")
        )

        (event,) = told.events
        assert (event.call, event.leg) == (CALL, LEG)
        assert (event.happened, event.by) == (Happened.LEG_ANSWERED, AnsweredBy.HUMAN)
        assert names(told) == []

    async def test_another_key(self, make, webhook):
        """Any other key is no answer."""
        leg = {"CallSid": LEG, "ParentCallSid": CALL, "Digits": "9"}

        told = await make(whisper=True).read_webhook(webhook("whisper-digits", leg))

        assert told.events == ()
        assert names(told) == ["Hangup"]

    async def test_picked_up_without_key(self, make, webhook, call):
        """That a mailbox may have picked up is no answer, but the key may yet be told."""
        fields = call(DialCallStatus="completed", DialBridged="false")

        told = await make(whisper=True).read_webhook(webhook("dial", fields))

        (event,) = told.events
        assert event.outcome is Outcome.NO_ANSWER
        assert event.confidence is Confidence.LIKELY
        assert names(told) == ["Say", "Hangup"]

    async def test_after_a_talk(self, make, webhook, call):
        """Whoever has talked hears no greeting."""
        fields = call(DialCallStatus="completed", DialBridged="true")

        assert names(await make(whisper=True).read_webhook(webhook("dial", fields))) == ["Hangup"]

    async def test_leg_says_nothing(self, make, webhook, call):
        """A phone that was picked up is no answer until the key is pressed."""
        leg = call(CallSid=LEG, ParentCallSid=CALL, Direction="outbound-dial")

        assert (await make(whisper=True).read_webhook(webhook("status", leg))).events == ()


class TestStatus:
    @pytest.mark.parametrize("status", ["completed", "no-answer", "canceled", "busy", "failed"])
    async def test_end_of_the_callers_leg(self, make, webhook, call, status):
        """The end says nothing of who picked up: it waits for the dial result."""
        fields = call(
            CallStatus=status, CallDuration="41", Timestamp="Mon, 02 Mar 2026 17:29:30 +0000"
        )

        told = await make().read_webhook(webhook("status", fields))

        (event,) = told.events
        assert event.happened is Happened.ENDED
        assert event.outcome is None
        assert event.confidence is Confidence.LIKELY
        assert event.at == datetime(2026, 3, 2, 17, 29, 30, tzinfo=UTC)
        assert event.duration_ms == 41_000
        assert told.response.status == 204

    async def test_beginning(self, make, webhook, call):
        """Before the end, there is only a call."""
        fields = call(CallStatus="ringing", Timestamp="nonsense")

        (event,) = (await make().read_webhook(webhook("status", fields))).events

        assert event.happened is Happened.STARTED

    @pytest.mark.parametrize(
        ("status", "seconds", "outcome"),
        [
            ("completed", "9", Outcome.ANSWERED),
            ("completed", "0", Outcome.ABANDONED),
            ("no-answer", "0", Outcome.NO_ANSWER),
            ("busy", "0", Outcome.BUSY),
            ("canceled", "", Outcome.ABANDONED),
        ],
    )
    async def test_as_the_verdict(self, make, webhook, call, status, seconds, outcome):
        """With detect = "status" it is the verdict, and not final."""
        fields = call(CallStatus=status, CallDuration=seconds)

        (event,) = (await make(detect="status").read_webhook(webhook("status", fields))).events

        assert event.happened is Happened.CONCLUDED
        assert event.outcome is outcome
        assert event.confidence is Confidence.LIKELY

    @pytest.mark.parametrize("status", ["no-answer", "busy", "failed", "canceled", "ringing"])
    async def test_leg_not_answered(self, make, webhook, call, status):
        """One phone that wasn't picked up says nothing: others may ring on."""
        leg = call(CallSid=LEG, ParentCallSid=CALL, Direction="outbound-dial", CallStatus=status)

        assert (await make().read_webhook(webhook("status", leg))).events == ()

    @pytest.mark.parametrize(("status", "seconds"), [("in-progress", ""), ("completed", "5")])
    async def test_leg_answered(self, make, webhook, call, status, seconds):
        """One that was picked up answers the call, and is told once."""
        leg = call(
            CallSid=LEG,
            ParentCallSid=CALL,
            Direction="outbound-dial",
            CallStatus=status,
            CallDuration=seconds,
        )

        (event,) = (await make().read_webhook(webhook("status", leg))).events

        assert (event.call, event.leg) == (CALL, LEG)
        assert (event.happened, event.by) == (Happened.LEG_ANSWERED, AnsweredBy.UNKNOWN)
        assert event.key == f"{CALL}/leg/{LEG}/answered"
        assert event.caller is None  # the leg's From and To are not the call's

    async def test_leg_answered_by_machine(self, make, webhook, call):
        """Where machines are detected, one is no answer."""
        leg = call(CallSid=LEG, ParentCallSid=CALL, AnsweredBy="machine_start")

        assert (await make().read_webhook(webhook("status", leg))).events == ()

    async def test_outgoing(self, make, webhook, call):
        """A call that the business made is never missed, but may be the call-back."""
        fields = call(
            Direction="outbound-api",
            From="+13035550100",
            To="+13035550123",
            CallStatus="completed",
            CallDuration="60",
        )

        answered, ended = (await make().read_webhook(webhook("status", fields))).events

        assert answered.outgoing
        assert ended.outgoing
        assert answered.happened is Happened.LEG_ANSWERED
        assert ended.happened is Happened.ENDED
        assert (ended.caller, ended.line) == ("+13035550123", "+13035550100")

    async def test_outgoing_without_answer(self, make, webhook, call):
        """Nobody picked up, and nobody is texted for it."""
        fields = call(Direction="outbound-api", CallStatus="no-answer")

        (event,) = (await make().read_webhook(webhook("status", fields))).events

        assert event.outgoing
        assert event.happened is Happened.ENDED

    async def test_unreadable(self, make, webhook, call):
        """A status that Twilio doesn't document is refused."""
        with pytest.raises(UnreadableWebhook, match="CallStatus"):
            await make().read_webhook(webhook("status", call(CallStatus="vanished")))
