"""The fold: one verdict a call, whatever the order and number of its events."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from textback.events import AnsweredBy, CallEvent, Confidence, Happened
from textback.flow.detect import Conclusion, conclude
from textback.model import Outcome

START = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
CERTAIN, LIKELY = Confidence.CERTAIN, Confidence.LIKELY


def told(happened, at=0, *, key=None, **known):
    """One event, *at* seconds after the call began."""
    key = key or f"{happened}/{known.get('leg')}/{at}"
    return CallEvent(
        key=key, call="CA1", happened=happened, at=START + timedelta(seconds=at), **known
    )


def started(at=0, **known):
    return told(Happened.STARTED, at, **known)


def rings(leg, at=1):
    return told(Happened.RINGING, at, leg=leg)


def answers(leg, at=5, by=AnsweredBy.HUMAN, **known):
    return told(Happened.LEG_ANSWERED, at, leg=leg, by=by, **known)


def machine(leg, at=5, **known):
    return answers(leg, at, by=AnsweredBy.MACHINE, **known)


def ends(leg, outcome, at=20, **known):
    return told(Happened.LEG_ENDED, at, leg=leg, outcome=outcome, **known)


def ended(at=30, **known):
    return told(Happened.ENDED, at, **known)


def verdict(outcome, at=21, confidence=CERTAIN, **known):
    return told(Happened.CONCLUDED, at, outcome=outcome, confidence=confidence, **known)


def voicemail(at=40, **known):
    return told(Happened.VOICEMAIL, at, **known)


def outcome_of(*events):
    conclusion = conclude(events)
    return conclusion and conclusion.outcome


@pytest.mark.parametrize(
    ("events", "outcome"),
    [
        pytest.param([], None, id="nothing-told"),
        pytest.param([started()], None, id="only-begun"),
        pytest.param([started(), rings("a")], None, id="still-ringing"),
        # 1. A machine of the business is no answer.
        pytest.param(
            [started(), machine("menu", 1), ended()], Outcome.NO_ANSWER, id="menu-then-hung-up"
        ),
        pytest.param([started(), machine("menu", 1)], None, id="in-the-menu"),
        pytest.param(
            [started(), machine("box", 1, confidence=CERTAIN)],
            Outcome.NO_ANSWER,
            id="surely-the-mailbox",
        ),
        pytest.param(
            [started(), machine("menu", 1), rings("a", 5), answers("a", 8), ended()],
            Outcome.ANSWERED,
            id="menu-then-person",
        ),
        pytest.param(
            [started(), machine("queue", 1), rings("a", 5), ended()],
            Outcome.ABANDONED,
            id="gave-up-in-the-queue",
        ),
        pytest.param(
            [started(), rings("a"), ends("a", Outcome.ABANDONED), machine("box", 21)],
            Outcome.NO_ANSWER,
            id="mailbox-after-cancelled-leg",
        ),
        pytest.param(
            [started(), rings("a"), rings("b"), machine("box", 21)],
            None,
            id="mailbox-while-ringing",
        ),
        # 2. Somebody else's mailbox: only a source that can tell says machine.
        pytest.param(
            [rings("mobile"), answers("mobile", by=AnsweredBy.UNKNOWN), ended()],
            Outcome.ANSWERED,
            id="nobody-can-tell",
        ),
        pytest.param(
            [rings("mobile"), answers("mobile", by=None)], Outcome.ANSWERED, id="nobody-says"
        ),
        pytest.param(
            [rings("mobile"), machine("mobile"), ends("mobile", None)],
            Outcome.NO_ANSWER,
            id="detected-mailbox",
        ),
        # 3. Legs that lose.
        pytest.param(
            [rings("a"), rings("b"), ends("a", Outcome.ABANDONED)], None, id="one-leg-cancelled"
        ),
        pytest.param(
            [rings("a"), ends("a", Outcome.ABANDONED)],
            None,
            id="cancelled-before-the-answer-is-told",
        ),
        pytest.param(
            [rings("a"), rings("b"), ends("a", Outcome.NO_ANSWER), answers("b", 21)],
            Outcome.ANSWERED,
            id="loser-then-winner",
        ),
        pytest.param(
            [rings("a"), rings("b"), ends("a", Outcome.BUSY), ends("b", Outcome.BUSY)],
            Outcome.BUSY,
            id="all-busy",
        ),
        pytest.param(
            [rings("a"), rings("b"), ends("a", Outcome.BUSY), ends("b", Outcome.NO_ANSWER)],
            Outcome.NO_ANSWER,
            id="one-busy",
        ),
        pytest.param(
            [rings("a"), rings("b"), ends("a", Outcome.DECLINED), ends("b", Outcome.ABANDONED)],
            Outcome.DECLINED,
            id="declined-and-cancelled",
        ),
        pytest.param([ends("a", Outcome.FAILED)], Outcome.FAILED, id="never-rang"),
        pytest.param([ends(None, None)], Outcome.NO_ANSWER, id="a-leg-without-name-or-cause"),
        # 4. Calls that the business made.
        pytest.param(
            [started(outgoing=True), rings("a"), ended()], Outcome.OUTGOING, id="outgoing"
        ),
        pytest.param(
            [verdict(Outcome.NO_ANSWER, outgoing=True)], Outcome.OUTGOING, id="outgoing-unanswered"
        ),
        pytest.param(
            [started(), ended(leg="x", outgoing=True)], Outcome.OUTGOING, id="outgoing-told-late"
        ),
        pytest.param(
            [started(leg="in"), verdict(Outcome.OUTGOING, leg="out")],
            Outcome.OUTGOING,
            id="outgoing-by-verdict",
        ),
        pytest.param(
            [
                started(leg="in"),
                started(1, leg="out", outgoing=True),
                told(Happened.RINGING, 2, leg="out", outgoing=True),
                ends("out", Outcome.NO_ANSWER, outgoing=True),
            ],
            Outcome.NO_ANSWER,
            id="legs-that-the-platform-dialled",
        ),
        # 5. The caller gives up.
        pytest.param([started(), rings("a"), ended()], Outcome.ABANDONED, id="gave-up"),
        pytest.param([started(), ended()], Outcome.ABANDONED, id="gave-up-before-any-leg"),
        pytest.param(
            [rings("a"), ends("a", Outcome.ABANDONED), ended()],
            Outcome.ABANDONED,
            id="gave-up-and-leg-cancelled",
        ),
        pytest.param([verdict(Outcome.ABANDONED)], Outcome.ABANDONED, id="gave-up-by-verdict"),
        # 6. Transfers and forwards.
        pytest.param(
            [rings("desk"), ends("desk", Outcome.NO_ANSWER), rings("mobile", 21)],
            None,
            id="forwarded-and-ringing",
        ),
        pytest.param(
            [rings("desk"), ends("desk", Outcome.NO_ANSWER), answers("mobile", 25), ended()],
            Outcome.ANSWERED,
            id="forwarded-and-answered",
        ),
        # 7. Voicemail left.
        pytest.param(
            [verdict(Outcome.NO_ANSWER), voicemail()], Outcome.VOICEMAIL, id="verdict-and-voicemail"
        ),
        pytest.param(
            [started(), rings("a"), machine("box"), voicemail(), ended()],
            Outcome.VOICEMAIL,
            id="voicemail-by-legs",
        ),
        pytest.param([voicemail(), answers("a")], Outcome.ANSWERED, id="voicemail-and-answered"),
        # 11. Two sources: the answer wins.
        pytest.param(
            [verdict(Outcome.NO_ANSWER), answers("pbx", by=AnsweredBy.UNKNOWN)],
            Outcome.ANSWERED,
            id="missed-there-answered-here",
        ),
        pytest.param(
            [verdict(Outcome.NO_ANSWER), verdict(Outcome.ANSWERED, confidence=LIKELY)],
            Outcome.ANSWERED,
            id="certain-miss-likely-answer",
        ),
        # Verdicts among themselves.
        pytest.param(
            [verdict(Outcome.BUSY, confidence=LIKELY), verdict(Outcome.NO_ANSWER)],
            Outcome.NO_ANSWER,
            id="certain-before-likely",
        ),
        pytest.param(
            [verdict(Outcome.FAILED), verdict(Outcome.OUT_OF_HOURS)],
            Outcome.OUT_OF_HOURS,
            id="the-more-telling",
        ),
        pytest.param(
            [rings("a"), verdict(Outcome.DECLINED)], Outcome.DECLINED, id="verdict-before-legs"
        ),
        pytest.param([verdict(None)], None, id="verdict-without-a-word"),
    ],
)
def test_verdict(events, outcome):
    """Each of the situations that telephony sources tell of has its outcome."""
    assert outcome_of(*events) is outcome
    assert outcome_of(*reversed(events)) is outcome
    assert outcome_of(*events, *events) is outcome


@pytest.mark.parametrize(
    ("events", "certain"),
    [
        ([verdict(Outcome.NO_ANSWER)], True),
        ([verdict(Outcome.NO_ANSWER, confidence=LIKELY)], False),
        ([started(), ended()], False),
        ([started(), ended(confidence=CERTAIN)], True),
        ([rings("a"), ends("a", Outcome.NO_ANSWER, confidence=CERTAIN)], False),
        ([answers("a", by=AnsweredBy.UNKNOWN)], True),
        ([started(outgoing=True)], True),
        ([ended(leg="x", outgoing=True), answers("x")], True),
        (
            [ended(leg="x", outgoing=True, confidence=CERTAIN)],
            False,
        ),  # which leg is the call's own?
        ([voicemail(), verdict(Outcome.NO_ANSWER)], True),
    ],
)
def test_certain(events, certain):
    """Only what no later event may change is acted on at once; one leg's end may be changed."""
    assert conclude(events).certain is certain


def test_evidence_is_of_the_events_that_decided():
    """The words are the sources', each once; plain ones stand in where a source gave none."""
    busy = ends("a", Outcome.BUSY, evidence="cause 17")
    also = ends("b", Outcome.BUSY, evidence="cause 17")
    bare = ends("c", Outcome.BUSY, at=25)

    assert conclude([started(), bare, also, busy]) == Conclusion(
        Outcome.BUSY, certain=False, evidence="cause 17, leg ended busy"
    )


LEGS = st.sampled_from(["a", "b", "c", None])
EVENTS = st.builds(
    CallEvent,
    key=st.sampled_from(["k1", "k2", "k3"]),
    call=st.just("CA1"),
    happened=st.sampled_from(Happened),
    at=st.integers(0, 3).map(lambda seconds: START + timedelta(seconds=seconds)),
    leg=LEGS,
    by=st.none() | st.sampled_from(AnsweredBy),
    outcome=st.none() | st.sampled_from(Outcome),
    outgoing=st.booleans(),
    confidence=st.sampled_from(Confidence),
    evidence=st.sampled_from(["", "x", "y"]),
)


@settings(max_examples=400)  # the space is wide, an example costs little
@given(events=st.lists(EVENTS, max_size=8), data=st.data())
def test_order_and_repetition_never_matter(events, data):
    """Any events at all, shuffled and repeated, give the same verdict in the same words."""
    repeated = data.draw(st.lists(st.sampled_from(events), max_size=4)) if events else []
    shuffled = data.draw(st.permutations(events + repeated))

    assert conclude(shuffled) == conclude(events)


@settings(max_examples=400)
@given(known=st.lists(EVENTS, min_size=1, max_size=6), late=st.lists(EVENTS, max_size=4))
def test_an_answer_is_never_taken_back(known, late):
    """Once a call is surely answered (or made by the business) nothing makes it missed."""
    before, after = conclude(known), conclude(known + late)

    if before is not None and before.outcome is Outcome.ANSWERED:
        assert before.certain
    if before is not None and before.certain and not before.outcome.missed:
        assert after.certain
        assert not after.outcome.missed


@st.composite
def calls(draw):
    """A call as it really went: its events, and whether a person took it."""
    events, clock = [started()], 1
    if draw(st.booleans()):
        events.append(machine("menu", clock))
    legs = draw(st.lists(st.sampled_from("abcd"), unique=True, max_size=4))
    winner = draw(st.sampled_from(legs)) if legs and draw(st.booleans()) else None
    events += [rings(leg, clock + number) for number, leg in enumerate(legs)]
    clock += 10
    lost = st.sampled_from([Outcome.NO_ANSWER, Outcome.BUSY, Outcome.DECLINED, Outcome.ABANDONED])
    events += [ends(leg, draw(lost), clock) for leg in legs if leg != winner]
    if winner:
        by = draw(st.sampled_from([AnsweredBy.HUMAN, AnsweredBy.UNKNOWN, None]))
        events.append(answers(winner, clock + 1, by=by))
    elif draw(st.booleans()):
        events.append(machine("box", clock + 1))
        if draw(st.booleans()):
            events.append(voicemail(clock + 20))
    events.append(ended(clock + 30))
    return events, winner is not None


@given(call=calls(), data=st.data())
def test_the_whole_story_gives_the_truth(call, data):
    """However its events are delayed: all of them together tell whether a person answered."""
    events, answered = call

    outcome = conclude(data.draw(st.permutations(events))).outcome

    assert outcome.missed is not answered


@given(call=calls(), data=st.data())
def test_no_certain_miss_before_the_answer_is_told(call, data):
    """While some events of an answered call are still to come, no miss is acted on at once."""
    events, answered = call
    so_far = data.draw(st.lists(st.sampled_from(events), unique_by=lambda event: event.key))

    early = conclude(so_far)

    assert not (answered and early is not None and early.outcome.missed and early.certain)
