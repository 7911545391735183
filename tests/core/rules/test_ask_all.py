"""All rules together: every one answers, the strictest wins."""

from datetime import UTC, datetime, timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textback.model import Caller, Case, Kind, Outcome
from textback.picture import Action, History, Picture, Policy, Suppression
from textback.rules import RULES, ask_all
from textback.rules.answers import hold, send, shadow, spell, suppress

NOW = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
NUMBERS = [f"+1303555010{digit}" for digit in range(6)]

moments = st.integers(-200_000, 200).map(lambda seconds: NOW + timedelta(seconds=seconds))
numbers = st.sampled_from(NUMBERS)
some_numbers = st.frozensets(numbers, max_size=3)
suppressions = st.builds(
    Suppression,
    scope=st.sampled_from(["bright-smile", "*"]),
    reason=st.sampled_from(["opt_out", "staff", "landline", "block", "other"]),
    since=moments,
)
policies = st.builds(
    Policy,
    client=st.just("bright-smile"),
    name=st.just("Bright Smile Dental"),
    mode=st.sampled_from(["live", "test", "shadow"]),
    lines=some_numbers,
    test_phones=some_numbers,
    staff_phones=some_numbers,
    cool_down_s=st.floats(0, 200_000),
    max_age_s=st.floats(0, 200_000),
)
pictures = st.builds(
    Picture,
    now=st.just(NOW),
    kind=st.sampled_from(Kind),
    step=st.just("text/1"),
    policy=policies,
    case=st.just(
        Case(id="c1", client="bright-smile", number=None, line="+13035550100", opened_at=NOW)
    ),
    to=st.none() | numbers,
    raw=st.text(max_size=60),
    caller=st.builds(Caller, do_not_text=st.none() | st.text(max_size=20)),
    call_ended_at=st.none() | moments,
    suppressions=st.lists(suppressions, max_size=3).map(tuple),
    history=st.builds(History, first_text_at=st.none() | moments),
    paused=st.none() | st.text(max_size=20),
)


@given(picture=pictures)
def test_every_rule_gives_one_verdict(picture):
    """Signed with its name, in a sentence, the same when it is asked again."""
    decision = ask_all(picture)

    assert [verdict.rule for verdict in decision.verdicts] == [rule.NAME for rule in RULES]
    assert all(verdict.because for verdict in decision.verdicts)
    assert decision.action == max(verdict.action for verdict in decision.verdicts)
    assert ask_all(picture) == decision


@given(picture=pictures, more=suppressions)
def test_a_suppression_never_permits_more(picture, more):
    """Nor does a pause, a refusal of a CRM, or an earlier text."""
    before = ask_all(picture).action

    for known in (
        {"suppressions": (*picture.suppressions, more)},
        {"suppressions": (more, *picture.suppressions)},
        {"paused": "moving"},
        {"caller": Caller(do_not_text="no")},
        {"history": History(first_text_at=NOW)},
        {"to": None},
    ):
        assert ask_all(attrs.evolve(picture, **known)).action >= before


@given(picture=pictures)
def test_who_opted_out_gets_only_what_they_asked_for(picture):
    """Whatever else is known."""
    out = Suppression(scope="bright-smile", reason="opt_out", since=NOW)

    decision = ask_all(attrs.evolve(picture, suppressions=(out,)))

    if picture.kind not in (Kind.CONFIRMATION, Kind.HELP):
        assert decision.action is Action.SUPPRESS


SOON, LATER = NOW + timedelta(hours=1), NOW + timedelta(hours=9)


@pytest.mark.parametrize(
    ("said", "action", "rule", "until"),
    [
        ([], Action.SEND, "", None),
        ([send("a", "fine")], Action.SEND, "", None),
        ([shadow("a", "only watching")], Action.SHADOW, "a", None),
        ([hold("a", SOON, "night"), shadow("b", "only watching")], Action.HOLD, "a", SOON),
        ([hold("a", SOON, "night"), hold("b", LATER, "Sunday")], Action.HOLD, "b", LATER),
        ([hold("a", None, "paused"), hold("b", LATER, "Sunday")], Action.HOLD, "a", None),
        ([hold("a", None, "paused"), suppress("b", "no")], Action.SUPPRESS, "b", None),
        ([suppress("a", "no"), suppress("b", "never")], Action.SUPPRESS, "a", None),
    ],
)
def test_the_strictest_wins(said, action, rule, until):
    """Of plugins' answers too; of several holds the longest, of equals the first."""
    fine = Picture(
        now=NOW,
        kind=Kind.FIRST,
        step="text/1",
        policy=Policy(
            client="bright-smile",
            name="Bright Smile Dental",
            mode="live",
            lines=frozenset(),
            test_phones=frozenset(),
            staff_phones=frozenset(),
            cool_down_s=86_400,
            max_age_s=900,
        ),
        case=Case(
            id="c1",
            client="bright-smile",
            number=None,
            line=None,
            opened_at=NOW,
            outcome=Outcome.NO_ANSWER,
        ),
        to=NUMBERS[0],
    )

    decision = ask_all(fine, said)

    assert (decision.action, decision.rule, decision.until) == (action, rule, until)
    assert decision.verdicts[len(RULES) :] == tuple(said)


@pytest.mark.parametrize(
    ("seconds", "words"),
    [
        (0, "0 seconds"),
        (-5, "0 seconds"),
        (1.9, "1 second"),
        (60, "1 minute"),
        (3_600, "1 hour"),
        (5_400, "1 hour 30 minutes"),
        (3_605, "1 hour"),
        (86_400, "24 hours"),
        (172_800, "2 days"),
        (180_000, "2 days 2 hours"),
        (172_860, "2 days"),
    ],
)
def test_durations_in_words(seconds, words):
    """As people say them, in no more than two neighbouring units."""
    assert spell(seconds) == words
