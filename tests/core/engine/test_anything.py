"""Random histories: whatever happens in whatever order, what must always hold does."""

from __future__ import annotations

import asyncio
import tempfile
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.house import House
from textback.errors import DeliveryError, MaybeSent, NotSent
from textback.events import Booked, BookingCancelled, CallEvent, Event
from textback.model import Absent, CannotTell, FailureReason, Outcome, Receipt, Text, TextState

pytestmark = pytest.mark.slow

CALLERS = ["+13035550121", "+13035550122"]
COOL_DOWN = timedelta(hours=24)

callers = st.sampled_from(CALLERS)
acts = st.one_of(
    st.tuples(st.just("call"), callers, st.sampled_from([*Outcome])),
    st.tuples(st.just("call"), callers, st.just(Outcome.NO_ANSWER)),
    st.tuples(st.just("answered late"), st.integers(0, 30)),
    st.tuples(st.just("again"), st.integers(0, 30)),
    st.tuples(st.just("write"), callers, st.sampled_from(["yes?", "STOP", "START", "HELP"])),
    st.tuples(st.just("book"), callers),
    st.tuples(st.just("move"), st.integers(0, 30)),
    st.tuples(st.just("call off"), st.integers(0, 30)),
    st.tuples(st.just("pause")),
    st.tuples(st.just("resume")),
    st.tuples(
        st.just("status"),
        st.integers(0, 30),
        st.sampled_from([TextState.SENT, TextState.DELIVERED, TextState.FAILED]),
        st.sampled_from([FailureReason.TEMPORARY, FailureReason.UNREACHABLE]),
    ),
    st.tuples(
        st.just("sender"),
        st.sampled_from(["takes", "down", "busy", "breaks before", "breaks after", "refuses"]),
    ),
    st.tuples(st.just("wait"), st.sampled_from([1, 30, 600, 3 * 3600, 26 * 3600, 8 * 86400])),
    st.tuples(st.just("restart")),
)


class History:
    """A random history of one business and its callers."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.told: list[tuple[str, Event]] = []
        self.mood = "takes"
        house.outside.sending["carrier"] = self._send
        house.outside.finding = self._find

    async def _send(self, text: Text) -> Receipt:
        match self.mood:
            case "down":
                raise NotSent("no connection")
            case "busy":
                raise DeliveryError("too many requests", permanent=False, retry_after=60)
            case "refuses":
                raise DeliveryError("refused", permanent=True)
            case "breaks before":
                raise MaybeSent("broke")
            case "breaks after":
                self.house.outside.take("carrier", text)
                raise MaybeSent("broke")
        return self.house.outside.take("carrier", text)

    def _find(self, text: Text) -> Receipt | Absent | CannotTell:
        if any(taken.id == text.id for _, taken in self.house.outside.taken):
            return Receipt(f"SM-{text.id}")
        return CannotTell() if self.mood == "takes" else Absent()

    async def tell(self, plugin: str, event: Event) -> None:
        """Something is told, for the first time."""
        self.told.append((plugin, event))
        await self.house.tell(event, plugin=plugin)

    async def act(self, what: str, *how: Any) -> None:
        """Let one thing happen; what it leads to may still be under way afterwards."""
        house = self.house
        match what, how:
            case "call", (caller, outcome):
                await self.tell("phones", house.ended(outcome, caller=caller))
            case "answered late", (int(index),):
                calls = [event for _, event in self.told if isinstance(event, CallEvent)]
                if calls:
                    of = calls[index % len(calls)]
                    await self.tell("phones", house.picked_up(call=of.call, caller=of.caller))
            case "again", (int(index),) if self.told:
                plugin, event = self.told[index % len(self.told)]
                await house.tell(event, plugin=plugin)
            case "write", (caller, body):
                await self.tell("carrier", house.text_from(str(body), number=caller))
            case "book", (caller,):
                await self.tell("booker", house.booked(number=caller))
            case "move" | "call off", (int(index),):
                made = [event for _, event in self.told if isinstance(event, Booked)]
                if made:
                    old = made[index % len(made)].booking
                    moved = house.booked(number=None, replaces=old)
                    gone = BookingCancelled(key=house.key(), at=moved.at, booking=old)
                    await self.tell("booker", moved if what == "move" else gone)
            case "status", (int(index), state, reason):
                texts = house.texts()
                if texts:
                    text = texts[index % len(texts)]["text_id"]
                    why = reason if state is TextState.FAILED else None
                    event = house.status(state, text=text, reason=why)
                    await self.tell("carrier", event)
            case "sender", (str(mood),):
                self.mood = mood
            case "pause", _:
                await house.pause()
            case "resume", _:
                await house.resume()
            case "wait", (int(seconds),):
                await house.let_pass(timedelta(seconds=seconds))
            case "restart", _:
                await house.reopen()

    async def end(self) -> None:
        """Everything works again, and a month passes."""
        self.mood = "takes"
        await self.house.resume()
        await self.house.let_pass(timedelta(days=30))


async def check(house: House) -> None:
    """What must hold when nothing is left to do."""
    assert await house.run() is None
    assert set(house.states().values()) <= {"done", "cancelled"}
    assert await house.ledger_fault() is None

    missed = house.rows("""
        SELECT call_id, end_state FROM calls
        WHERE outcome NOT IN ('answered', 'outgoing') AND same_as IS NULL
    """)
    assert [call for call in missed if call["end_state"] is None] == []
    assert {row["state"] for row in house.texts()}.isdisjoint({"sending", "queued"})

    taken = [(text.case, text.step) for _, text in house.sent]
    assert len(taken) == len(set(taken)), "a step's text was sent twice"
    for caller in CALLERS:
        firsts = sorted(
            text.attempted_at
            for _, text in house.sent
            if text.to == caller and text.step == "text/1" and text.attempted_at
        )
        apart = [later - earlier for earlier, later in pairwise(firsts)]
        assert all(gap >= COOL_DOWN for gap in apart), "texted twice within the cool-down"

    stopped: set[str] = set()
    rows = house.rows("""
        SELECT kind, number_hash, json_extract(content, '$.action') AS action,
            json_extract(content, '$.step') AS step, json_extract(content, '$.reason') AS reason
        FROM ledger ORDER BY rowid
    """)
    for row in rows:
        if row["kind"] == "suppressed" and row["reason"] == "opt_out":
            stopped.add(row["number_hash"])
        elif row["kind"] == "resumed":
            stopped.discard(row["number_hash"])
        elif row["kind"] == "decided" and row["action"] == "send":
            asked_for = row["step"].partition("/")[0] in ("stop", "help")
            assert asked_for or row["number_hash"] not in stopped, "texted after STOP"


@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=st.lists(acts, min_size=3, max_size=14))
def test_what_must_always_hold_does(empty: Path, history: list[tuple[str, ...]]) -> None:
    """No text after STOP, none twice, every missed call its one end, nothing left to do."""

    async def live() -> None:
        with tempfile.TemporaryDirectory() as folder:
            house = House(Path(folder), empty)
            house.write()
            await house.open()
            try:
                told = History(house)
                for what, *how in history:
                    await told.act(what, *how)
                await told.end()
                await check(house)
            finally:
                await house.close()

    asyncio.run(live())
