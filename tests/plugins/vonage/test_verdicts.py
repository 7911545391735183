"""Whole calls as Vonage tells them, in any order and twice, and the one verdict on each."""

from itertools import permutations
from random import Random

import httpx
import pytest

from support.vonage_side import CALL, PHONES, answer, completed, event, rung
from textback.flow.detect import conclude, facts
from textback.model import Outcome

SECOND_LEG = "33333333aaaa4bbb8ccc000000000003"
ORDERS = 60


def phone(status, index=0, **more):
    """How a phone that we had rung stands."""
    leg = {} if index == 0 else {"uuid": SECOND_LEG, "to": "13035550111"}
    return ("event", event(status, direction="outbound", **leg, **more), rung(index))


def own_ncco(status, **more):
    """How a phone stands that somebody's own NCCO, or the fallback, had rung."""
    return ("event", event(status, direction="outbound", **more), "")


def key(digits, index=0):
    return (
        "whisper-digits",
        {"uuid": event("x", direction="outbound")["uuid"], "dtmf": {"digits": digits}},
        rung(index),
    )


VOICE = ("answer", answer(), "")
OWN = ("event", event("answered"), "")
ENDED = ("event", completed(30), "")
TALKED = phone("completed", duration="21", seconds=25)
WHISPER = {"whisper": True}
BOTH = {"ring": PHONES}
FOREIGN = {"ring": ()}
CALLS_OUT = {"from": "13035550100", "to": "13035550123", "conversation_uuid": CALL}


@pytest.mark.parametrize(
    ("settings", "told", "outcome"),
    [
        pytest.param({}, [VOICE], None, id="begins"),
        pytest.param({}, [VOICE, OWN, phone("ringing")], None, id="still rings"),
        pytest.param(
            {}, [VOICE, OWN, phone("unanswered"), ENDED], Outcome.NO_ANSWER, id="rings out"
        ),
        pytest.param({}, [VOICE, phone("timeout"), ENDED], Outcome.NO_ANSWER, id="times out"),
        pytest.param({}, [VOICE, phone("busy"), ENDED], Outcome.BUSY, id="busy"),
        pytest.param({}, [VOICE, phone("failed")], Outcome.FAILED, id="not reached"),
        pytest.param(
            {}, [VOICE, phone("rejected", detail="declined")], Outcome.DECLINED, id="declined"
        ),
        pytest.param(
            {}, [VOICE, OWN, phone("cancelled"), ENDED], Outcome.ABANDONED, id="gives up, told"
        ),
        pytest.param(
            {}, [VOICE, OWN, phone("ringing"), ENDED], Outcome.ABANDONED, id="gives up, leg lost"
        ),
        pytest.param({}, [OWN, ENDED], Outcome.ABANDONED, id="gives up before it rang"),
        pytest.param(
            {}, [VOICE, OWN, phone("answered"), TALKED, ENDED], Outcome.ANSWERED, id="taken"
        ),
        pytest.param({}, [VOICE, TALKED, ENDED], Outcome.ANSWERED, id="its answer was lost"),
        pytest.param(
            {},
            [VOICE, phone("unanswered"), phone("completed", duration="0"), ENDED],
            Outcome.NO_ANSWER,
            id="each leg is completed in the end",
        ),
        pytest.param(
            BOTH, [VOICE, phone("busy"), phone("started", 1)], None, id="the second one rings"
        ),
        pytest.param(
            BOTH,
            [VOICE, phone("busy"), phone("answered", 1), ENDED],
            Outcome.ANSWERED,
            id="the second one takes it",
        ),
        pytest.param(
            BOTH,
            [VOICE, phone("unanswered"), phone("busy", 1), ENDED],
            Outcome.BUSY,
            id="none of two",
        ),
        pytest.param(
            WHISPER, [VOICE, phone("answered"), key("1"), TALKED, ENDED], Outcome.ANSWERED, id="1"
        ),
        pytest.param(
            WHISPER,
            [VOICE, phone("answered"), key(""), TALKED, ENDED],
            Outcome.NO_ANSWER,
            id="a mailbox",
        ),
        pytest.param(
            WHISPER,
            [VOICE, phone("answered"), TALKED, ENDED],
            Outcome.NO_ANSWER,
            id="a mailbox that hangs up",
        ),
        pytest.param(
            {},
            [own_ncco("answered", seconds=4), OWN, ENDED],
            Outcome.ANSWERED,
            id="rung by the fallback",
        ),
        pytest.param(
            WHISPER,
            [own_ncco("answered", seconds=4), OWN, ENDED],
            Outcome.ANSWERED,
            id="which can't whisper",
        ),
        pytest.param(
            FOREIGN,
            [OWN, own_ncco("ringing", seconds=2), own_ncco("busy", seconds=4), ENDED],
            Outcome.BUSY,
            id="an own NCCO, in vain",
        ),
        pytest.param(
            FOREIGN,
            [OWN, own_ncco("answered", seconds=4), ENDED],
            Outcome.ANSWERED,
            id="an own NCCO, taken",
        ),
        pytest.param(
            FOREIGN,
            [OWN, own_ncco("machine", seconds=4), ENDED],
            Outcome.NO_ANSWER,
            id="an own NCCO that detects machines",
        ),
        pytest.param(
            {},
            [own_ncco("ringing", **CALLS_OUT), own_ncco("unanswered", **CALLS_OUT)],
            Outcome.OUTGOING,
            id="the business calls and nobody answers",
        ),
        pytest.param(
            {},
            [own_ncco("answered", **CALLS_OUT), own_ncco("completed", duration="9", **CALLS_OUT)],
            Outcome.OUTGOING,
            id="the business calls back",
        ),
    ],
)
async def test_verdict(make, tell, vonage, settings, told, outcome):
    """The same in every order, with every webhook repeated; and it is one call of one caller."""
    vonage.answers = [httpx.Response(204)]
    plugin = make(**settings)
    readings = [await tell(plugin, topic, fields, query=query) for topic, fields, query in told]
    orders = list(permutations(readings))

    for order in orders if len(orders) <= ORDERS else Random(0).sample(orders, ORDERS):
        events = [event for reading in (*order, *order) for event in reading.events]
        found = conclude(events)
        assert (found.outcome if found else None) is outcome
        assert {each.call for each in events} == {CALL}
        if outcome is not None:
            known = facts(events)
            assert (known.caller, known.line) == ("+13035550123", "+13035550100")


@pytest.mark.parametrize(
    ("told", "certain"),
    [
        ([VOICE, phone("unanswered")], True),
        ([VOICE, phone("cancelled")], True),
        ([VOICE, phone("answered")], True),
        ([VOICE, phone("ringing"), ENDED], False),
        ([OWN, own_ncco("busy")], False),
    ],
)
async def test_certain(make, tell, told, certain):
    """The last phone's end is acted on at once; what may still change waits for `settle_s`."""
    readings = [await tell(make(), topic, fields, query=query) for topic, fields, query in told]

    found = conclude([event for reading in readings for event in reading.events])

    assert found.certain is certain
