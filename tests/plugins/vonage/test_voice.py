"""Calls: what Vonage is told to do, and what its webhooks say happened."""

import json
from urllib.parse import parse_qs, urlsplit

import pytest
from vonage_voice.models.ncco import Connect

from support.vonage_side import (
    CALL,
    OWN_LEG,
    PHONE_LEG,
    PHONES,
    actions,
    answer,
    completed,
    event,
    kinds,
    rung,
)
from textback.errors import UnreadableWebhook
from textback.events import AnsweredBy, Confidence, Happened
from textback.model import Outcome
from textback_vonage import fallback_ncco

ADDRESS = "http://127.0.0.1:8000/hooks/bright-smile/plugin"


def outbound(status, **more):
    return event(status, direction="outbound", **more)


class TestAnswer:
    async def test_rings_the_first_phone(self, make, tell):
        """For as long as set; the phone shows who calls, and its end is told to us."""
        told = await tell(make(ring=PHONES, ring_s=25), "answer", answer())

        (connect,) = actions(told)
        assert connect["endpoint"] == [{"type": "phone", "number": "13035550110"}]
        assert connect["timeout"] == 25
        assert connect["eventType"] == "synchronous"
        assert connect["from"] == "13035550123"
        (url,) = connect["eventUrl"]
        assert url.partition("?")[0] == f"{ADDRESS}/event"
        assert parse_qs(urlsplit(url).query) == {"call": [CALL], "ring": ["0"]}
        assert told.live

    @pytest.mark.parametrize(
        ("caller", "chosen", "shown"),
        [
            ("13035550123", "line", "13035550100"),
            ("anonymous", "caller", "13035550100"),
            ("", "caller", "13035550100"),
            (None, "caller", "13035550100"),
            ("12345", "caller", "13035550100"),
        ],
    )
    async def test_what_the_phone_shows(self, make, tell, caller, chosen, shown):
        """The line, if that was chosen or the caller shows no number."""
        told = await tell(make(caller_id=chosen), "answer", answer(**{"from": caller}))

        assert actions(told)[0]["from"] == shown

    async def test_tells_of_the_call(self, make, tell):
        """Nothing is known yet but who calls whom; numbers get their plus."""
        (began,) = (await tell(make(), "answer", answer())).events

        assert (began.call, began.leg, began.happened) == (CALL, OWN_LEG, Happened.STARTED)
        assert (began.caller, began.line) == ("+13035550123", "+13035550100")
        assert not began.outgoing

    @pytest.mark.parametrize("more", [{"detect": "forwarded"}, {"ring": ()}])
    async def test_nobody_to_ring(self, make, tell, more):
        """A call that arrives was missed, and the caller is told."""
        told = await tell(make(**more, greeting="Sorry!", language="es-US"), "answer", answer())

        began, concluded = told.events
        assert began.happened is Happened.STARTED
        assert (concluded.outcome, concluded.confidence) == (
            Outcome.NO_ANSWER,
            Confidence.CERTAIN,
        )
        assert actions(told) == [{"action": "talk", "text": "Sorry!", "language": "es-US"}]
        assert not told.live  # the verdict must be kept first

    async def test_silence(self, make, tell):
        """Without a greeting there is nothing to do, and the call ends."""
        assert kinds(await tell(make(ring=(), greeting=""), "answer", answer())) == []

    @pytest.mark.parametrize("missing", ["uuid", "conversation_uuid", "to"])
    async def test_unreadable(self, make, tell, missing):
        """What isn't in the format is refused, in words."""
        with pytest.raises(UnreadableWebhook, match=missing):
            await tell(make(), "answer", answer(**{missing: None}))


class TestEvent:
    @pytest.mark.parametrize(
        ("status", "detail", "outcome"),
        [
            ("busy", None, Outcome.BUSY),
            ("unanswered", "timeout", Outcome.NO_ANSWER),
            ("unanswered", "unavailable", Outcome.NO_ANSWER),
            ("timeout", None, Outcome.NO_ANSWER),
            ("cancelled", None, Outcome.ABANDONED),
            ("failed", "cannot_route", Outcome.FAILED),
            ("rejected", "restricted", Outcome.FAILED),
            ("rejected", "declined", Outcome.DECLINED),
        ],
    )
    async def test_the_last_phone(self, make, tell, status, detail, outcome):
        """Its end is final, and the caller hears the greeting."""
        fields = outbound(status, **({"detail": detail} if detail else {}))

        told = await tell(make(), "event", fields, query=rung(0))

        ended, concluded = told.events
        assert (ended.happened, ended.leg, ended.outcome) == (
            Happened.LEG_ENDED,
            PHONE_LEG,
            outcome,
        )
        assert (concluded.happened, concluded.outcome) == (Happened.CONCLUDED, outcome)
        assert concluded.confidence is Confidence.CERTAIN
        assert status in concluded.evidence
        assert kinds(told) == ["talk"]
        assert not told.live

    async def test_another_phone_is_left(self, make, tell):
        """It rings next, and shows the same number."""
        plugin = make(ring=PHONES)

        told = await tell(plugin, "event", outbound("busy"), query=rung(0))

        (ended,) = told.events
        assert ended.happened is Happened.LEG_ENDED
        (connect,) = actions(told)
        assert connect["endpoint"][0]["number"] == "13035550111"
        assert connect["from"] == "13035550123"
        assert parse_qs(urlsplit(connect["eventUrl"][0]).query)["ring"] == ["1"]
        assert told.live

    async def test_the_number_to_show_is_lost(self, make, tell):
        """It rings all the same."""
        fields = outbound("busy", **{"from": "unknown"})

        (connect,) = actions(await tell(make(ring=PHONES), "event", fields, query=rung(0)))

        assert connect["randomFromNumber"] is True

    async def test_records(self, make, tell):
        """With `record` there is a beep, and then the message is told."""
        told = await tell(make(record=True), "event", outbound("busy"), query=rung(0))

        _, record = actions(told)
        assert record["beepStart"] is True
        assert record["eventUrl"][0].startswith(f"{ADDRESS}/recording?call={CALL}")

    @pytest.mark.parametrize("status", ["started", "ringing", "answered", "completed"])
    async def test_nothing_to_answer(self, make, tell, status):
        """As long as it rings, is talked to, or is over, Vonage is told nothing."""
        told = await tell(make(), "event", outbound(status, duration="9"), query=rung(0))

        assert (told.response.status, told.response.body) == (204, "")
        assert not told.live

    @pytest.mark.parametrize("more", [{}, {"timestamp": "nonsense"}])
    async def test_the_end_of_the_callers_leg(self, make, tell, more):
        """How long it took, and when: by Vonage's clock."""
        began, ended = (await tell(make(), "event", completed(41, **more))).events

        assert ended.happened is Happened.ENDED
        assert ended.outcome is None
        assert ended.duration_ms == 41_000
        assert (ended.at - began.at).total_seconds() == 41
        assert ended.confidence is Confidence.LIKELY

    @pytest.mark.parametrize(
        ("status", "by"), [("human", AnsweredBy.HUMAN), ("machine", AnsweredBy.MACHINE)]
    )
    async def test_machine_detection(self, make, tell, status, by):
        """Where somebody's own NCCO asks for it; the leg has another name there."""
        fields = outbound(status, call_uuid=PHONE_LEG)
        del fields["uuid"], fields["direction"]

        (taken,) = (await tell(make(), "event", fields, query=rung(0))).events

        assert (taken.happened, taken.by, taken.leg) == (Happened.LEG_ANSWERED, by, PHONE_LEG)

    @pytest.mark.parametrize(
        "fields",
        [
            {"conversation_uuid_from": CALL, "conversation_uuid_to": "CON-2", "type": "transfer"},
            {"reason": "Syntax error in NCCO.", "conversation_uuid": CALL},
            {"dtmf": {"digits": "4", "timed_out": False}, "uuid": OWN_LEG},
            event("disconnected"),
            event("something new"),
            {**event("ringing"), "direction": None},
            {},
        ],
    )
    async def test_about_something_else(self, make, tell, fields):
        """It is taken, and says nothing of a call."""
        told = await tell(make(), "event", fields)

        assert told.events == ()
        assert told.response.status == 204

    async def test_keys(self, make, tell):
        """A repeat has the same key; another leg or another status has not."""
        plugin = make()

        async def keys(fields):
            told = await tell(plugin, "event", fields, query=rung(0))
            return {each.key for each in told.events}

        first = await keys(outbound("ringing"))
        assert first == await keys(outbound("ringing", seconds=9))
        assert first.isdisjoint(await keys(outbound("ringing", uuid="another")))
        assert first.isdisjoint(await keys(outbound("answered")))


RECORDING = {
    "start_time": "2026-03-02T17:30:25Z",
    "end_time": "2026-03-02T17:30:40Z",
    "recording_url": "https://api.nexmo.com/v1/files/R1",
    "recording_uuid": "R1",
    "conversation_uuid": "CON-of-another-name",
}


class TestRecording:
    async def test_message(self, make, tell):
        """A message left is told with its address, and of the call that it belongs to."""
        told = await tell(make(), "recording", RECORDING, query=rung(0))

        (left,) = told.events
        assert (left.call, left.happened) == (CALL, Happened.VOICEMAIL)
        assert left.recording_url == RECORDING["recording_url"]

    async def test_of_somebodys_own_ncco(self, make, tell):
        """An address without our parameters: the conversation is the call."""
        (left,) = (await tell(make(), "recording", RECORDING)).events

        assert left.call == "CON-of-another-name"

    async def test_hung_up_at_the_beep(self, make, tell):
        """That is no message."""
        fields = {**RECORDING, "end_time": "2026-03-02T17:30:26Z"}

        assert (await tell(make(), "recording", fields)).events == ()


class TestWhileTextbackIsDown:
    def test_rings_the_first_phone(self, make):
        """From a file that Vonage fetches elsewhere, in a shape that its own models take."""
        plugin = make(ring=PHONES, whisper=True, record=True)

        (connect,) = json.loads(fallback_ncco(plugin.settings, "+13035550100"))

        assert connect.pop("from") == "13035550100"
        assert Connect(**connect, from_="13035550100").endpoint[0].number == "13035550110"
        assert set(connect) == {"action", "timeout", "endpoint"}  # nothing that needs textback

    def test_nobody_to_ring(self, make):
        """Forwarded calls would come back: they hear the greeting."""
        plugin = make(detect="forwarded", greeting="Sorry!")

        (talk,) = json.loads(fallback_ncco(plugin.settings, "+13035550100"))

        assert (talk["action"], talk["text"]) == ("talk", "Sorry!")
