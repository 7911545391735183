"""Random histories: whatever happens in whatever order, what must always hold does.

A short run with every change; as many as you like with ``TEXTBACK_HISTORIES=10000``.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.everyone import CALLERS, STAFF, TESTER, History, Rules
from support.house import CLIENT, START, House
from textback.model import FailureReason, Outcome, TextState
from textback.rules.answers import send
from textback.store import Work

pytestmark = pytest.mark.slow

HISTORIES = int(os.environ.get("TEXTBACK_HISTORIES", "60"))

WORDS = ("yes?", "STOP", "START", "HELP", "YES", "please stop texting me", "wrong number")
MOODS = (
    *("takes", "down", "busy", "refuses", "no mobile", "has an opt-out"),
    *("breaks before", "breaks after"),
)
STARTS = (
    START,  # nine on a Monday
    datetime(2026, 3, 2, 4, 30, tzinfo=UTC),  # half past nine in the evening
    datetime(2026, 3, 8, 2, 30, tzinfo=UTC),  # the evening before the hour that is left out
    datetime(2026, 11, 1, 1, 30, tzinfo=UTC),  # the evening before the hour that comes twice
)
WAITS_S = (1, 30, 61, 600, 3600, 3 * 3600, 11 * 3600, 26 * 3600, 8 * 86400)

callers = st.sampled_from(CALLERS)
anybody = st.sampled_from([*CALLERS, *CALLERS, STAFF, TESTER, None])
numbers = st.sampled_from([*CALLERS, *CALLERS, STAFF, TESTER])
outcomes = st.sampled_from([*Outcome, *[Outcome.NO_ANSWER] * 5])
scopes = st.sampled_from([CLIENT, "*"])
indexes = st.integers(0, 30)


def act(what: str, *how: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, ...]]:
    """Something that may happen."""
    return st.tuples(st.just(what), *how)


missed = act("call", callers, st.just(Outcome.NO_ANSWER))
passing = act("wait", st.sampled_from(WAITS_S))
acts = st.one_of(
    missed,
    missed,
    passing,
    passing,
    act("call", anybody, outcomes),
    act("late call", callers, outcomes, st.sampled_from([1, 14, 16])),
    act("told twice", callers, outcomes, outcomes),
    act("answered late", indexes),
    act("again", indexes),
    act("write", numbers, st.sampled_from(WORDS), st.sampled_from([1, 1, 5])),
    act("mail", st.sampled_from(["yes please", "STOP", "please stop texting me"])),
    act("team", callers, st.sampled_from([1, 32])),
    act("close", callers),
    act("close", callers),
    act("suppress", numbers, scopes, st.sampled_from(["block", "staff", "opt_out"])),
    act("lift", numbers, scopes),
    act("opted out", callers),
    act("opted in", callers),
    act("book", callers),
    act("move", indexes),
    act("call off", indexes),
    act("pause"),
    act("resume"),
    act(
        "status",
        indexes,
        st.sampled_from([TextState.SENT, TextState.DELIVERED, TextState.FAILED, TextState.UNKNOWN]),
        st.sampled_from(list(FailureReason)),
    ),
    act("sender", st.sampled_from(MOODS)),
    act("restart", st.sampled_from(["", "", "test", "shadow", "live"])),
)
rules = st.builds(
    Rules,
    start=st.sampled_from(STARTS),
    mode=st.sampled_from(["live"] * 6 + ["test", "shadow"]),
    per_caller_day=st.sampled_from([0, 1, 2, 3]),
    per_hour=st.sampled_from([0, 0, 1, 3]),
    parts=st.sampled_from([0, 0, 2, 5]),
    cool_down=st.sampled_from([timedelta(days=1), timedelta(hours=1), timedelta(0)]),
    wait=st.sampled_from([timedelta(0), timedelta(0), timedelta(seconds=30), timedelta(minutes=5)]),
    scope=st.sampled_from(["client", "deployment"]),
)


def play(empty: Path, of: Rules, history: list[tuple[Any, ...]]) -> list[str]:
    """Let a history happen, and all that follows from it; what does not hold then."""

    async def live() -> list[str]:
        with tempfile.TemporaryDirectory() as folder:
            house = House(Path(folder), empty, start=of.start)
            told = History(house, of)
            await told.begin()
            try:
                for what, *how in history:
                    await told.act(what, *how)
                await told.end()
                return await told.faults()
            finally:
                await house.close()

    return asyncio.run(live())


@settings(
    max_examples=HISTORIES,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(of=rules, history=st.lists(acts, min_size=3, max_size=14))
def test_what_must_always_hold_does(empty: Path, of: Rules, history: list[tuple[Any, ...]]) -> None:
    """No text against the rules, none twice, each missed call one end, nothing left to do."""
    assert play(empty, of, history) == []


ANNA = CALLERS[0]
SOON = ("wait", 1)  # all that a call leads to at once is done
MISSED, CLOSED = ("call", ANNA, Outcome.NO_ANSWER), ("close", ANNA)
OTHER = ("call", CALLERS[1], Outcome.NO_ANSWER)
EVENING = STARTS[1]
AGAIN = [MISSED, SOON, CLOSED, MISSED]  # within the cool-down, unless there is none


@pytest.mark.parametrize(
    ("rule", "of", "history", "words"),
    [
        ("suppressed", {}, [("suppress", ANNA, "*", "block"), MISSED], "is suppressed"),
        ("suppressed", {}, [("write", ANNA, "STOP", 1), MISSED], "while there stood {'opt_out'}"),
        ("suppressed", {}, [("call", STAFF, Outcome.BUSY)], "texted as a caller"),
        ("mode", {"mode": "test"}, [MISSED], "sent in test mode"),
        ("mode", {"mode": "shadow"}, [MISSED], "sent in shadow mode"),
        ("cool_down", {}, AGAIN, "first texts to"),
        ("caps", {"per_caller_day": 1, "cool_down": timedelta(0)}, AGAIN, "2 texts to"),
        ("caps", {"per_caller_day": 1}, [MISSED], "2 texts to"),
        ("loop_guard", {}, [MISSED, ("write", ANNA, "HELP", 4)], "4 texts to"),
        ("loop_guard", {}, [MISSED, SOON, ("team", ANNA, 31)], "31 texts to"),
        ("wait", {"wait": timedelta(minutes=5)}, [MISSED], "within wait_before_text"),
        ("quiet_hours", {"start": EVENING}, [MISSED], "a follow-up at 23 o'clock"),
        (
            "quiet_hours",
            {"start": EVENING},
            [("late call", ANNA, Outcome.BUSY, 14)],
            "a first text",
        ),
    ],
)
def test_what_is_looked_for_is_found(
    empty: Path,
    monkeypatch: pytest.MonkeyPatch,
    rule: str,
    of: dict[str, Any],
    history: list[tuple[Any, ...]],
    words: str,
) -> None:
    """Without a rule what it keeps from happening happens, and is told."""
    assert play(empty, Rules(**{"start": START, **of}), history) == []

    monkeypatch.setattr(f"textback.rules.{rule}.judge", lambda picture: send(rule, "no rule"))
    faults = play(empty, Rules(**{"start": START, **of}), history)

    assert words in "; ".join(faults)


@pytest.mark.parametrize(
    ("of", "words"), [({"per_hour": 1}, "2 texts in the hour"), ({"parts": 1}, "2 parts on")]
)
def test_what_counters_keep_from_happening_is_found(
    empty: Path, monkeypatch: pytest.MonkeyPatch, of: dict[str, Any], words: str
) -> None:
    """These caps hold by the counters as well as by the rule."""
    rules_of = Rules(start=START, **of)
    assert play(empty, rules_of, [MISSED, OTHER]) == []

    def no_counter(*values: Any) -> Work[None]:
        yield from ()

    monkeypatch.setattr("textback.store.counters.add", no_counter)

    assert words in "; ".join(play(empty, rules_of, [MISSED, OTHER]))
