"""What each kind of text is looked at for, wherever the packs ask for what."""

from datetime import UTC, datetime

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textback.model import Caller, Case, Kind
from textback.picture import Action, Picture, Policy, Suppression
from textback.rules import content, suppressed
from textback.rules.content import CALLED, CHECKS, faults
from textback.rules.packs import everything

NAME = "Bright Smile Dental"
GOOD = f"Hi, this is {NAME}. Sorry we missed your call. Reply STOP to opt out"
DENVER, TORONTO, LONDON, SYDNEY = "+13035550123", "+14165550123", "+447400123456", "+61412345678"
NOW = datetime(2026, 3, 2, 19, 0, tzinfo=UTC)


def judged(body, kind=Kind.FIRST, to=DENVER, packs=("recipient",), **more):
    """The rule's answer to some words."""
    policy = Policy(
        client="bright",
        name=NAME,
        mode="live",
        lines=frozenset({"+13035550100"}),
        test_phones=frozenset(),
        staff_phones=frozenset(),
        cool_down_s=86_400,
        max_age_s=900,
        packs=packs,
    )
    case = Case(id="c1", client="bright", number=to, line="+13035550100", opened_at=NOW)
    return content.judge(
        Picture(now=NOW, kind=kind, step="s", policy=policy, case=case, to=to, body=body, **more)
    )


def found(body, kind=Kind.FIRST, asks=(), **more):
    return {each.check for each in faults(kind, body, NAME, frozenset(asks), **more)}


@pytest.mark.parametrize(
    ("kind", "to", "body", "action"),
    [
        (Kind.FIRST, DENVER, f"{GOOD}. 20% off!", Action.SUPPRESS),
        (Kind.FIRST, SYDNEY, f"{GOOD}. 20% off!", Action.SEND),
        (Kind.FOLLOW_UP, DENVER, "Still there? 20% off today!", Action.SUPPRESS),
        (Kind.FOLLOW_UP, LONDON, f"{NAME}: book now and save £20", Action.SUPPRESS),
        (Kind.FOLLOW_UP, SYDNEY, "Still there? 20% off today!", Action.SEND),
        (Kind.FOLLOW_UP, TORONTO, "Do you still need us?", Action.SEND),
        (
            Kind.CONFIRMATION,
            DENVER,
            f"{NAME}: stopped. 20% off!",
            Action.SUPPRESS,
        ),
        (Kind.REPLY, DENVER, "Sure, here is your 20% discount", Action.SEND),
        (Kind.HELP, DENVER, "Call us. 20% off!", Action.SEND),
    ],
)
def test_offers_keep_texts_where_a_pack_asks_for_none(kind, to, body, action):
    """By kind of text and place of the caller; what people write is theirs."""
    assert judged(body, kind, to).action is action


def test_what_is_told_without_keeping_the_text():
    """By name, in the answer and in what the rule saw."""
    verdict = judged("Do you still need us?", Kind.FOLLOW_UP, TORONTO)

    assert verdict.because == "this follow-up doesn't name the business"
    assert verdict.saw["faults"] == ["doesn't name the business", "doesn't say how to opt out"]
    verdict = judged("Do you still need us?", Kind.FOLLOW_UP, DENVER)
    assert verdict.because == "nothing is amiss with its words"


def test_links_that_carriers_filter():
    """In every kind of text, the team's own included, but for what only starts like one."""
    for kind in CHECKS:
        verdict = judged(f"{GOOD}: bit.ly/abc", kind)
        assert verdict.because == f"{CALLED[kind]} has a link of bit.ly, which carriers filter"
        assert verdict.action is Action.SEND
    assert found("see mybit.ly.example/x and https://bit.lyx.example/", Kind.REPLY) == set()


@pytest.mark.parametrize(
    "hole",
    [
        "{{ first_name }}",
        "{first_name}",
        "${NAME}",
        "%FIRST_NAME%",
        "[your name]",
        "[insert booking link]",
        "Hi None,",
        "Hi ,",
        "Dear !",
    ],
)
def test_what_nobody_filled_in(hole):
    """A template's, or a model's, that wrote the text in a plugin."""
    assert "filled" in found(f"{hole} {GOOD}")
    assert "filled" in found(f"{hole} do you need us?", Kind.FOLLOW_UP)


@pytest.mark.parametrize(
    "body",
    [
        "Hi Anna, sorry we missed you [STOP to opt out]",
        "Hi! None of us could take your call",
        "Dear Anna, 100% sorry",
        "Hi {",
    ],
)
def test_what_only_looks_like_it(body):
    """Brackets, percent and the word none are used by people, too."""
    assert "filled" not in found(body)


def test_long_texts_are_told():
    """Three parts are enough."""
    assert judged(GOOD, segments=3).because == "nothing is amiss with its words"
    assert judged(GOOD, segments=4).because == "this first text is billed as 4 texts"


def test_health_care_is_strict_with_later_texts_too():
    """Its pack names the follow-ups."""
    packs, anna = ("recipient", "healthcare"), Caller(first_name="Anna")
    words = f"{NAME}: Anna, do you still need us? Reply STOP to opt out"

    assert judged(words, Kind.FOLLOW_UP, packs=packs, caller=anna).action is Action.SUPPRESS
    assert judged(words, Kind.FOLLOW_UP, caller=anna).action is Action.SEND


def test_email_and_notices_are_not_looked_at():
    """Nor what has no words yet."""
    assert judged("20% off", channel="email").action is Action.SEND
    assert judged("20% off", Kind.NOTICE).action is Action.SEND
    assert judged(None).because == "its words are not written yet"


def test_packs_ask_for_what_there_is():
    """Kinds and checks are those of the rule."""
    for pack in everything().values():
        for entry in pack.entries:
            for kind, asked in entry.asks.items():
                checks = CHECKS[Kind(kind)]
                assert asked <= content.ASKED.keys()
                assert asked <= checks.always | checks.asked, entry.name


@given(st.sampled_from(sorted(CHECKS)), st.text(max_size=200), st.text(max_size=10))
def test_no_words_break_it(kind, body, name):
    """They come from plugins and from people."""
    faults(kind, body, NAME, frozenset(content.ASKED), name, 9)


@pytest.mark.parametrize("day", [30, 31])
@pytest.mark.parametrize("kind", [Kind.FIRST, Kind.FOLLOW_UP, Kind.REPLY])
def test_an_opt_out_ends_all_kinds_on_any_day(kind, day):
    """What the FCC asks from 31 January 2027 on is so before it, too."""
    out = Suppression(scope="bright", reason="opt_out", since=NOW)
    policy = Policy(
        client="bright",
        name=NAME,
        mode="live",
        lines=frozenset(),
        test_phones=frozenset(),
        staff_phones=frozenset(),
        cool_down_s=0,
        max_age_s=0,
    )
    case = Case(id="c1", client="bright", number=DENVER, line=None, opened_at=NOW)
    picture = Picture(
        now=datetime(2027, 1, day, tzinfo=UTC),
        kind=kind,
        step="s",
        policy=policy,
        case=case,
        to=DENVER,
    )

    assert suppressed.judge(picture).action is Action.SEND
    forbidden = attrs.evolve(picture, suppressions=(out,))
    assert suppressed.judge(forbidden).action is Action.SUPPRESS
