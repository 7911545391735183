"""What one account is asked: its limits, and its rest after failures."""

import asyncio
from datetime import UTC, datetime, timedelta

import attrs
import pytest

from textback.errors import DeliveryError, MaybeSent, NotSent, Refused
from textback.gate import FAILURES, FIRST_REST, Gate, Gates
from textback.testing.clock import VirtualClock


@pytest.fixture
def clock():
    return VirtualClock(datetime(2026, 3, 2, 17, 30, tzinfo=UTC))


@pytest.fixture
def told():
    return []


@pytest.fixture
def gate(clock, told):
    return Gate("acme", clock, on_change=told.append)


async def ask(gate, error=None):
    async with gate:
        if error is not None:
            raise error


async def fail(gate, times=FAILURES, error=None):
    for _ in range(times):
        with pytest.raises((NotSent, MaybeSent, Refused)):
            await ask(gate, error or MaybeSent("gave no whole answer"))


async def test_rests_after_failures_in_a_row(gate, told):
    """Nobody is let through any more, and the error says why and for how long."""
    await fail(gate)
    with pytest.raises(NotSent, match="acme was not asked: its last 5 requests failed") as refused:
        await ask(gate)
    assert refused.value.retry_after == FIRST_REST.total_seconds()
    assert told == [True]


async def test_a_success_starts_the_count_anew(gate, told):
    """Failures count only in a row."""
    await fail(gate, FAILURES - 1)
    await ask(gate)
    await fail(gate, FAILURES - 1)
    await ask(gate)
    assert told == []


@pytest.mark.parametrize(
    "error",
    [
        Refused("no such stage", permanent=True),
        DeliveryError("busy", permanent=False, retry_after=2),
        ValueError("a plugin's own trouble"),
    ],
)
async def test_an_answer_is_no_failure(gate, error):
    """A provider that refuses one request, or asks to wait, works."""
    for _ in range(2 * FAILURES):
        with pytest.raises(type(error)):
            await ask(gate, error)
    await ask(gate)


async def test_one_request_tries_when_the_rest_is_over(gate, clock, told):
    """The others wait for how it goes; a success lets all through again."""
    await fail(gate)
    clock.advance(FIRST_REST)
    async with gate:
        with pytest.raises(NotSent, match="it rests"):
            await ask(gate)
    await asyncio.gather(*(ask(gate) for _ in range(10)))
    assert told == [True, False]


async def test_the_rest_doubles(gate, clock):
    """A trial that fails makes the next rest twice as long."""
    await fail(gate)
    clock.advance(FIRST_REST)
    await fail(gate, 1)
    clock.advance(FIRST_REST)
    with pytest.raises(NotSent, match="it rests"):
        await ask(gate)
    clock.advance(FIRST_REST)
    await ask(gate)


async def test_a_cancelled_trial_leaves_the_way_free(gate, clock):
    """Who was cancelled tells nothing of the account: the next one tries."""
    await fail(gate)
    clock.advance(FIRST_REST)
    with pytest.raises(asyncio.CancelledError):
        await ask(gate, asyncio.CancelledError())
    await ask(gate)


async def test_so_many_at_once(clock):
    """More wait for their turn, and get it when one is through."""
    gate = Gate("acme", clock, max_at_once=1)
    async with gate:
        waiting = asyncio.create_task(ask(gate))
        await asyncio.sleep(0)
        with pytest.raises(NotSent, match="too many requests of this account"):
            await gate.enter(0.001)
        assert not waiting.done()
    await waiting


async def test_so_many_a_second(clock):
    """What is more than the pace is not sent if it can't be in time; its place is free again."""
    gate = Gate("acme", clock, max_at_once=2, max_per_s=0.01)
    await ask(gate)
    for _ in range(3):
        with pytest.raises(NotSent, match="too many requests"):
            await gate.enter(0.001)


@attrs.frozen
class Settings:
    account: str
    max_at_once: int = 1


async def test_an_account_has_one_gate(clock):
    """Clients who share an account share its limits and its rests; others don't."""
    told = []
    gates = Gates(clock, lambda *change: told.append(change))
    mine, other = (
        gates.of("a", "acme", "acme", Settings("1")),
        gates.of("b", "x", "acme", Settings("2")),
    )
    assert gates.of("b", "second", "acme", Settings("1")) is mine
    assert gates.of("a", "plain", "plain", object()) is not gates.of(
        "b", "plain", "plain", object()
    )
    await fail(mine)
    await ask(other)
    assert told == [("acme", "1", True)]


async def test_a_rest_ends_at_the_latest(gate, clock):
    """However long it failed, it is tried again every five minutes."""
    await fail(gate)
    for _ in range(10):
        clock.advance(timedelta(minutes=5))
        await fail(gate, 1)
    clock.advance(timedelta(minutes=5))
    await ask(gate)
