"""Random histories that the real engine has lived: a replay decides as was decided then."""

from __future__ import annotations

import asyncio
import json
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from support.compared import HOUR, compare
from support.house import CLIENT, START, House
from textback.clock import micros
from textback.engine.names import FIRST_TEXT, case_id
from textback.engine.replaying.fates import Life
from textback.engine.replaying.judged import Asked, Judged, Key
from textback.engine.replaying.orders import orders
from textback.engine.replaying.past import events
from textback.engine.replaying.replay import Replay
from textback.engine.replaying.tools import tools_of
from textback.model import Outcome
from textback.store.migrate import migrate

pytestmark = pytest.mark.slow

CALLERS = ["+13035550121", "+15125550122", "+442079460123"]
SETTINGS = [
    'mode = "live"',
    'mode = "live"\nfirst_text_at_night = false\ncool_down = "2h"',
    'mode = "live"\ncaps.per_caller_day = 1\ncaps.per_hour = 1',
    'mode = "live"\nwait_before_text = "2m"\nmax_age = "5m"\nregions = ["US"]',
    'mode = "shadow"',
    f'mode = "test"\ntest_phones = ["{CALLERS[0]}"]',
    'mode = "live"\ncaps.spend_per_day = 0.04\nsegment_price = 0.01',
    f'mode = "live"\nstaff_phones = ["{CALLERS[1]}"]',
]

callers = st.sampled_from([*CALLERS, None])
known = st.sampled_from(CALLERS)
outcomes = st.sampled_from([Outcome.NO_ANSWER, Outcome.NO_ANSWER, Outcome.BUSY, Outcome.ANSWERED])
acts = st.one_of(
    st.tuples(st.just("call"), callers, outcomes, st.sampled_from([0, 0, 1, 400])),
    st.tuples(st.just("write"), known, st.sampled_from(["yes?", "STOP", "START", "HELP"])),
    st.tuples(st.just("book"), known),
    st.tuples(st.just("pause")),
    st.tuples(st.just("resume")),
    st.tuples(st.just("wait"), st.sampled_from([30, 600, 3 * 3600, 13 * 3600, 26 * 3600])),
    st.tuples(st.just("wait"), st.sampled_from([2 * 86400, 8 * 86400])),
)


async def act(house: House, what: str, *how: Any) -> None:
    """Let one thing happen, and all that is due at once."""
    match what, how:
        case "call", (caller, outcome, int(ago)):
            at = house.clock.now() - timedelta(seconds=ago)
            await house.missed(caller=caller, outcome=outcome, at=at)
        case "write", (caller, body):
            await house.write_in(body, number=caller)
        case "book", (caller,):
            await house.tell(house.booked(number=caller))
        case "pause", _:
            await house.pause()
        case "resume", _:
            await house.resume()
        case "wait", (int(seconds),):
            await house.let_pass(timedelta(seconds=seconds))
    await house.let_pass(timedelta(seconds=1))


class Recorded(Judged):
    """Keeps all that was asked."""

    def __init__(self) -> None:
        super().__init__(shares=False, same_words=False)
        self.asked: list[tuple[Key, Asked]] = []

    def keep(self, key: Key, asked: Asked) -> None:
        """Keep one."""
        self.asked.append((key, asked))


async def replayed(house: House) -> list[dict[str, Any]]:
    """What a replay decides, as the ledger would have it."""
    client = house.runtime.config.clients[CLIENT]
    read, recorded = house.runtime.store.read, Recorded()
    lives: list[Life] = []
    replay = Replay(
        client,
        tools_of(client, house.outside.plugins(), house.clock),
        await orders(read, CLIENT),
        house.runtime.ctx.hash_of,
        recorded,
        lives.append,
    )
    since, until = micros(START - HOUR), micros(house.clock.now())
    async for event in events(read, CLIENT, since, until + 1, since):
        replay.happen(event)
    replay.end(until)
    # Whether a call that joined could have begun anew was asked, too; that is no decision on it.
    joined = {
        case_id(CLIENT, life.call.call)
        for life in lives
        if FIRST_TEXT in life.fates and life.fates[FIRST_TEXT].what == "joined"
    }
    found = []
    for (case, step, at), asked in recorded.asked:
        assert asked.decided is not None
        if case in joined:
            continue
        decision = asked.decided.decision
        verdicts = [(each.rule, each.action.name.lower()) for each in decision.verdicts]
        found.append(told(case, step, at, decision.action.name.lower(), decision.rule, verdicts))
    return found


def recorded(house: House) -> list[dict[str, Any]]:
    """What was decided on first texts and follow-ups."""
    found = []
    for row in house.rows("SELECT at, subject, content FROM ledger WHERE kind = 'decided'"):
        content = json.loads(row["content"])
        if content["step"] == "text/1" or content["step"].startswith("follow_up/"):
            verdicts = [(each["rule"], each["action"]) for each in content["verdicts"]]
            case = row["subject"].partition("/")[2]
            action, rule = content["action"], content["rule"]
            found.append(told(case, content["step"], row["at"], action, rule, verdicts))
    return found


def told(
    case: str, step: str, at: int, action: str, rule: str, verdicts: list[tuple[str, str]]
) -> dict[str, Any]:
    """One decision; steps of the same moment run a few milliseconds apart."""
    return {
        "case": case,
        "step": step,
        "at": round(at / 1e6),
        "action": action,
        "rule": rule,
        "verdicts": verdicts,
    }


def in_order(decisions: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """By what they are about, then by time."""
    return sorted(decisions, key=lambda each: (each["case"], each["step"], each["at"]))


async def live(empty: Path, files: str, history: list[tuple[Any, ...]]) -> None:
    """Live it, play it again, and compare."""
    with tempfile.TemporaryDirectory() as folder:
        house = House(Path(folder), empty)
        house.write(settings=files)
        await house.open()
        try:
            for each in history:
                await act(house, *each)
            assert in_order(await replayed(house)) == in_order(recorded(house))
            unchanged = await compare(house)
            assert unchanged.changes == []
            assert unchanged.comparison.summary.disagreeing == {}
        finally:
            await house.close()


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the schema and nothing in it."""
    path = tmp_path_factory.mktemp("empty") / "textback.db"
    migrate(f"sqlite:///{path}")
    return path


@settings(max_examples=60, deadline=None, suppress_health_check=[*HealthCheck])
@example(
    files=f'mode = "test"\ntest_phones = ["{CALLERS[0]}"]',
    history=[
        ("call", CALLERS[0], Outcome.NO_ANSWER, 0),
        ("call", CALLERS[0], Outcome.NO_ANSWER, 0),
        ("wait", 2 * 86400),
    ],
)
@example(
    files='mode = "live"',
    history=[
        ("call", CALLERS[0], Outcome.NO_ANSWER, 0),
        ("book", CALLERS[0]),
        ("call", CALLERS[0], Outcome.NO_ANSWER, 0),
        ("call", CALLERS[0], Outcome.NO_ANSWER, 0),
    ],
)
@given(files=st.sampled_from(SETTINGS), history=st.lists(acts, min_size=2, max_size=14))
def test_a_replay_decides_as_was_decided(empty, files, history):
    """Every rule says of every text what it said then, and unchanged files show no difference."""
    asyncio.run(live(empty, files, history))
