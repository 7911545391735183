"""Each rule: when it speaks, for which kinds of text, and in which words."""

from datetime import UTC, datetime, timedelta

import attrs
import pytest

from textback.model import Caller, Case, Kind
from textback.picture import Action, History, Picture, Policy, Suppression
from textback.rules import cool_down, mode, paused, reached, suppressed, textable, too_old

NOW = datetime(2026, 3, 2, 16, 0, tzinfo=UTC)
CALLER, LINE, TESTER = "+13035550123", "+13035550100", "+13035550150"
HOUR = timedelta(hours=1)

POLICY = Policy(
    client="bright-smile",
    name="Bright Smile Dental",
    mode="live",
    lines=frozenset({LINE}),
    test_phones=frozenset({TESTER}),
    staff_phones=frozenset({"+13035550160"}),
    cool_down_s=86_400,
    max_age_s=900,
)


def picture(*, kind=Kind.FIRST, to=CALLER, policy=None, **known):
    """A text that nothing speaks against, but for what a test says."""
    return Picture(
        now=NOW,
        kind=kind,
        step="text/1",
        policy=attrs.evolve(POLICY, **(policy or {})),
        case=Case(id="c1", client="bright-smile", number=to, line=LINE, opened_at=NOW),
        to=to,
        **known,
    )


def opted_out(**known):
    return Suppression(
        **({"scope": "bright-smile", "reason": "opt_out", "since": NOW - 72 * HOUR} | known)
    )


@pytest.mark.parametrize(
    ("raw", "because"),
    [
        ("", "the number was withheld"),
        ("anonymous", "the number was withheld"),
        ("+266696687", "the number was withheld"),
        ("1045", '"1045" is not a phone number that can be texted'),
        ("9" * 99, f'"{"9" * 40}" is not a phone number that can be texted'),
    ],
)
def test_no_number_no_text(raw, because):
    """The team reads what the provider said."""
    verdict = textable.judge(picture(to=None, raw=raw))

    assert (verdict.action, verdict.because) == (Action.SUPPRESS, because)


def test_landlines_are_not_texted():
    """A lookup says so; anything else, or nothing, keeps no text back."""
    verdict = textable.judge(picture(caller=Caller(line_type="landline")))
    assert (verdict.action, verdict.because) == (
        Action.SUPPRESS,
        "the number is a landline, which can't get texts",
    )
    for kind in (None, "mobile", "voip", "toll free"):
        assert textable.judge(picture(caller=Caller(line_type=kind))).action is Action.SEND


@pytest.mark.parametrize(
    "more",
    [
        {"kind": Kind.CONFIRMATION},
        {"kind": Kind.HELP},
        {"kind": Kind.REPLY, "replies": 1},
        {"kind": Kind.FOLLOW_UP, "replies": 1},
        {"channel": "email"},
    ],
)
def test_a_landline_that_texts_is_none(more):
    """Some are enabled for it: whoever writes, or asks for a text, proves that."""
    replies = more.pop("replies", 0)
    seen = picture(caller=Caller(line_type="landline"), **more)
    seen = attrs.evolve(seen, case=attrs.evolve(seen.case, replies=replies))
    assert textable.judge(seen).action is Action.SEND


def test_own_lines_are_not_texted():
    """Calls from one line to another would be answered by text for ever."""
    assert textable.judge(picture(to=LINE)).action is Action.SUPPRESS
    assert textable.judge(picture()).action is Action.SEND


@pytest.mark.parametrize(
    ("known", "because"),
    [
        ({"suppressions": (opted_out(),)}, "the caller opted out (noted 3 days ago)"),
        (
            {"suppressions": (opted_out(reason="block", scope="*"),)},
            "the number is on the block list (noted 3 days ago, for all clients)",
        ),
        (
            {"suppressions": (opted_out(reason="landline"),)},
            "the number can't get texts (noted 3 days ago)",
        ),
        (
            {"suppressions": (opted_out(reason="court"), opted_out(reason="staff"))},
            "the number belongs to the team (noted 3 days ago)",
        ),
        (
            {"suppressions": (opted_out(reason="court"),)},
            "the number is suppressed (court) (noted 3 days ago)",
        ),
        ({"to": "+13035550160"}, "the number is one of the client's staff_phones"),
        (
            {"caller": Caller(do_not_text="marked Do Not Contact in the CRM")},
            "the number must not be texted: marked Do Not Contact in the CRM",
        ),
    ],
)
@pytest.mark.parametrize("kind", [Kind.FIRST, Kind.FOLLOW_UP, Kind.REPLY])
def test_suppressed_numbers(known, because, kind):
    """They get nothing, not even from a person of the team."""
    verdict = suppressed.judge(picture(kind=kind, **known))

    assert (verdict.action, verdict.because) == (Action.SUPPRESS, because)


@pytest.mark.parametrize("kind", [Kind.CONFIRMATION, Kind.HELP])
def test_answers_to_stop_and_help_may_go(kind):
    """A confirmation must not be stopped by what it confirms."""
    assert suppressed.judge(picture(kind=kind, suppressions=(opted_out(),))).action is Action.SEND


@pytest.mark.parametrize(
    ("kind", "also", "action"),
    [
        (Kind.REPLY, (), Action.SEND),
        (Kind.REPLY, ("block",), Action.SUPPRESS),
        (Kind.REPLY, ("opt_out",), Action.SUPPRESS),
        (Kind.FIRST, (), Action.SUPPRESS),
        (Kind.FOLLOW_UP, (), Action.SUPPRESS),
    ],
)
def test_people_may_ask_who_may_have_opted_out(kind, also, action):
    """Nothing goes by itself, and what else forbids texts forbids people's, too."""
    forbidding = tuple(opted_out(reason=reason) for reason in ("maybe_opt_out", *also))
    verdict = suppressed.judge(picture(kind=kind, suppressions=forbidding))

    assert verdict.action is action


def test_a_tester_may_be_of_the_team():
    """In test mode only: but an opt-out holds there too."""
    staff = {"staff_phones": frozenset({TESTER})}
    testing = picture(to=TESTER, policy=staff | {"mode": "test"})

    assert suppressed.judge(testing).action is Action.SEND
    assert suppressed.judge(picture(to=TESTER, policy=staff)).action is Action.SUPPRESS
    out = attrs.evolve(testing, suppressions=(opted_out(),))
    assert suppressed.judge(out).action is Action.SUPPRESS


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize(
    ("name", "to", "action"),
    [
        ("live", CALLER, Action.SEND),
        ("shadow", CALLER, Action.SHADOW),
        ("shadow", TESTER, Action.SHADOW),
        ("test", CALLER, Action.SUPPRESS),
        ("test", TESTER, Action.SEND),
        ("tset", CALLER, Action.SUPPRESS),
    ],
)
def test_mode(name, to, action, kind):
    """It holds for every kind of text; what isn't known is taken for a test."""
    assert mode.judge(picture(kind=kind, to=to, policy={"mode": name})).action is action


@pytest.mark.parametrize(
    ("ago", "action", "because"),
    [
        (timedelta(0), Action.SEND, "the call ended 0 seconds ago"),
        (timedelta(seconds=900), Action.SEND, "the call ended 15 minutes ago"),
        (
            timedelta(minutes=42, seconds=3),
            Action.SUPPRESS,
            "the call ended 42 minutes 3 seconds ago; calls are answered by text for 15 minutes",
        ),
    ],
)
def test_too_old(ago, action, because):
    """The age counts from the end of the call."""
    verdict = too_old.judge(picture(call_ended_at=NOW - ago))

    assert (verdict.action, verdict.because) == (action, because)


@pytest.mark.parametrize(
    ("ago", "action", "because"),
    [
        (
            3 * HOUR + timedelta(minutes=5),
            Action.SUPPRESS,
            "texted 3 hours 5 minutes ago; at most one first text in 24 hours",
        ),
        (24 * HOUR, Action.SEND, "the last first text was 24 hours ago"),
        # Another machine's clock may be a little ahead.
        (
            timedelta(seconds=-2),
            Action.SUPPRESS,
            "texted 0 seconds ago; at most one first text in 24 hours",
        ),
    ],
)
def test_cool_down(ago, action, because):
    """It counts from the last first text."""
    verdict = cool_down.judge(picture(history=History(first_text_at=NOW - ago)))

    assert (verdict.action, verdict.because) == (action, because)


def test_testers_have_no_cool_down():
    """They are texted as often as they call, in test mode."""
    just_texted = History(first_text_at=NOW - timedelta(seconds=5))

    testing = picture(to=TESTER, policy={"mode": "test"}, history=just_texted)
    assert cool_down.judge(testing).action is Action.SEND
    assert cool_down.judge(picture(to=TESTER, history=just_texted)).action is Action.SUPPRESS


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind is not Kind.FIRST])
def test_age_and_cool_down_are_for_first_texts(kind):
    """A person's reply or a follow-up is bound by neither."""
    later = picture(
        kind=kind, call_ended_at=NOW - 99 * HOUR, history=History(first_text_at=NOW - HOUR)
    )

    assert too_old.judge(later).action is Action.SEND
    assert cool_down.judge(later).action is Action.SEND


@pytest.mark.parametrize("kind", Kind)
def test_a_pause_holds_everything(kind):
    """Until somebody resumes, so without a time."""
    verdict = paused.judge(picture(kind=kind, paused="the office moves"))

    assert (verdict.action, verdict.until) == (Action.HOLD, None)
    assert verdict.because == "texting is paused: the office moves"
    assert paused.judge(picture(kind=kind)).action is Action.SEND


@pytest.mark.parametrize(
    ("kind", "reached_at", "action"),
    [
        (Kind.FIRST, None, Action.SEND),
        (Kind.FIRST, NOW - timedelta(seconds=30), Action.SUPPRESS),
        (Kind.REPLY, NOW - timedelta(seconds=30), Action.SEND),
    ],
)
def test_reached(kind, reached_at, action):
    """Nobody is told sorry for a missed call after they got through."""
    verdict = reached.judge(picture(kind=kind, history=History(reached_at=reached_at)))

    assert verdict.action is action
    if action is Action.SUPPRESS:
        assert verdict.because == "somebody spoke with the caller since, 30 seconds ago"
