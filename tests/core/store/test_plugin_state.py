"""What plugins keep: marks that are set once, and counts that no one can get past their cap."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from textback.engine.starting.services import PluginState
from textback.store import Store
from textback.testing.builders import NOW
from textback.testing.clock import VirtualClock
from textback.testing.memory import MemoryState

DAY_S = 86_400.0


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOW)


@pytest.fixture(params=["stored", "in memory"])
def state(
    request: pytest.FixtureRequest, store: Store, clock: VirtualClock
) -> PluginState | MemoryState:
    """The state of one plugin; what plugin authors test with does the same."""
    if request.param == "in memory":
        return MemoryState(clock)
    return PluginState(store, clock, "acme", "lookup")


async def test_a_count_stops_at_its_cap(state: PluginState | MemoryState) -> None:
    """What would go past it is not added, so that a smaller amount still fits."""
    assert [await state.take("spent", 4, 10) for _ in range(3)] == [True, True, False]
    assert await state.take("spent", 2, 10)
    assert await state.get("spent") == 10
    assert not await state.take("spent", 1, 10)


async def test_more_than_the_cap_at_once(state: PluginState | MemoryState) -> None:
    """Also as the first that is asked for."""
    assert not await state.take("spent", 11, 10)
    assert await state.take("spent", 10, 10)


async def test_many_at_the_same_time(state: PluginState | MemoryState) -> None:
    """However they meet, no more get through than the cap allows."""
    taken = await asyncio.gather(*(state.take("spent", 3, 20) for _ in range(25)))
    assert sum(taken) == 6
    assert await state.get("spent") == 18


async def test_a_count_begins_anew(state: PluginState | MemoryState, clock: VirtualClock) -> None:
    """Its time runs from its beginning, not from the last that was added."""
    assert await state.take("spent", 10, 10, ttl_s=DAY_S)
    clock.advance(timedelta(hours=23))
    assert not await state.take("spent", 1, 10, ttl_s=DAY_S)
    clock.advance(timedelta(hours=1))
    assert await state.take("spent", 7, 10, ttl_s=DAY_S)
    clock.advance(timedelta(hours=23))
    assert await state.get("spent") == 7


async def test_counts_are_apart(state: PluginState | MemoryState) -> None:
    """Each has its own key."""
    assert await state.take("one", 10, 10)
    assert await state.take("other", 10, 10)
