"""Whole calls as Twilio tells them, in any order and twice, and the one verdict on each."""

from itertools import permutations

import pytest

from textback.flow.detect import conclude
from textback.model import Outcome

CALL = "CA00000000000000000000000000000001"
LEG = "CA00000000000000000000000000000002"

VOICE = ("voice", {"CallStatus": "ringing"})
ENDED = ("status", {"CallStatus": "completed", "CallDuration": "30"})


def dial(status):
    return ("dial", {"DialCallStatus": status, "DialCallSid": LEG})


def leg(status, seconds="0"):
    fields = {
        "CallSid": LEG,
        "ParentCallSid": CALL,
        "Direction": "outbound-dial",
        "CallStatus": status,
        "CallDuration": seconds,
    }
    return ("status", fields)


def key(digit):
    return ("whisper-digits", {"CallSid": LEG, "ParentCallSid": CALL, "Digits": digit})


WHISPER = {"whisper": True}
OUTGOING = {"Direction": "outbound-api"}


@pytest.mark.parametrize(
    ("settings", "told", "outcome"),
    [
        pytest.param({}, [VOICE], None, id="still rings"),
        pytest.param({}, [VOICE, dial("no-answer"), ENDED], Outcome.NO_ANSWER, id="rings out"),
        pytest.param({}, [VOICE, dial("busy"), ENDED], Outcome.BUSY, id="busy"),
        pytest.param({}, [VOICE, ENDED], Outcome.ABANDONED, id="caller gives up, no dial result"),
        pytest.param(
            {}, [VOICE, dial("canceled"), ENDED], Outcome.ABANDONED, id="caller gives up, told"
        ),
        pytest.param(
            {},
            [VOICE, leg("no-answer"), leg("in-progress"), dial("completed"), ENDED],
            Outcome.ANSWERED,
            id="one of several phones",
        ),
        pytest.param(
            {}, [VOICE, leg("in-progress"), ENDED], Outcome.ANSWERED, id="dial result lost"
        ),
        pytest.param({}, [leg("completed", "9"), ENDED], Outcome.ANSWERED, id="rung by fallback"),
        pytest.param(
            {}, [VOICE, leg("no-answer"), leg("busy")], None, id="legs alone are no verdict"
        ),
        pytest.param(
            WHISPER, [VOICE, key("1"), dial("completed"), ENDED], Outcome.ANSWERED, id="key 1"
        ),
        pytest.param(
            WHISPER,
            [VOICE, leg("in-progress"), dial("completed"), ENDED],
            Outcome.NO_ANSWER,
            id="a mailbox picks up",
        ),
        pytest.param(
            WHISPER, [VOICE, key("2"), dial("no-answer")], Outcome.NO_ANSWER, id="another key"
        ),
        pytest.param(
            {},
            [("status", {**OUTGOING, "CallStatus": "no-answer"})],
            Outcome.OUTGOING,
            id="the business calls and nobody answers",
        ),
        pytest.param(
            {},
            [("dial", {**OUTGOING, "DialCallStatus": "no-answer"})],
            Outcome.OUTGOING,
            id="the business calls with a dial of its own",
        ),
    ],
)
async def test_verdict(make, webhook, call, settings, told, outcome):
    """The same in every order, with every request repeated."""
    plugin = make(**settings)
    readings = [await plugin.read_webhook(webhook(topic, call(**fields))) for topic, fields in told]

    for order in permutations(readings):
        events = [event for reading in (*order, *order) for event in reading.events]
        found = conclude(events)
        assert (found.outcome if found else None) is outcome
