"""A record is made once, whatever becomes of the answers, and however late it can be found."""

import asyncio
from datetime import timedelta

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from textback.errors import MaybeSent, NotSent, Refused
from textback.once import find_or_make
from textback.testing.builders import NOW
from textback.testing.clock import VirtualClock
from textback.testing.fixtures import provider, services
from textback.testing.memory import MemoryState

__all__ = ["provider", "services"]

LAG_S = 60
DONE, LOST, BROKEN, REFUSED = "done", "done, no answer", "not done, no answer", "refused"


@attrs.define
class Shelf:
    """Where records are made; they can be found only some time later."""

    clock: VirtualClock
    lag_s: float = 0
    made: list = attrs.field(factory=list)
    ways: list = attrs.field(factory=list)

    async def find(self, trace):
        if trace.record is not None:
            return trace.record
        lag = timedelta(seconds=self.lag_s)
        seen = [name for name, at in self.made if at + lag <= self.clock.now()]
        return {"id": seen[0]} if seen else None

    async def make(self):
        way = self.ways.pop(0) if self.ways else DONE
        if way == REFUSED:
            raise Refused("no", permanent=False)
        if way in (DONE, LOST):
            self.made.append((f"record{len(self.made) + 1}", self.clock.now()))
        if way != DONE:
            raise MaybeSent("gave no whole answer")
        return {"id": self.made[-1][0]}


@attrs.frozen
class Plugin:
    """As much of the services as is needed."""

    clock: VirtualClock
    state: MemoryState


def plugin():
    clock = VirtualClock(NOW)
    return Plugin(clock, MemoryState(clock))


async def ask(services, shelf):
    return await find_or_make(services, "it", find=shelf.find, make=shelf.make, lag_s=LAG_S)


async def test_makes_what_is_not_there_and_remembers_it(services):
    """The second time it is known without having been found."""
    shelf = Shelf(services.clock, lag_s=3600)

    assert await ask(services, shelf) == await ask(services, shelf) == {"id": "record1"}
    assert len(shelf.made) == 1


async def test_a_lost_answer_is_looked_for_before_anything_is_made(services):
    """As long as it may still show up, the step waits, and says for how long."""
    shelf = Shelf(services.clock, lag_s=45, ways=[LOST])
    with pytest.raises(MaybeSent):
        await ask(services, shelf)

    services.clock.advance(timedelta(seconds=20))
    with pytest.raises(Refused) as caught:
        await ask(services, shelf)
    assert not caught.value.permanent
    assert caught.value.retry_after == 40

    services.clock.advance(timedelta(seconds=40))
    assert await ask(services, shelf) == {"id": "record1"}
    assert len(shelf.made) == 1


async def test_what_never_shows_up_is_made_again(services):
    """The request got lost, and not only its answer."""
    shelf = Shelf(services.clock, ways=[BROKEN])
    with pytest.raises(MaybeSent):
        await ask(services, shelf)

    services.clock.advance(timedelta(seconds=LAG_S))
    assert await ask(services, shelf) == {"id": "record1"}


@pytest.mark.parametrize("error", [NotSent("refused"), Refused("no", permanent=True)])
async def test_what_surely_was_not_made_is_tried_again_at_once(services, error):
    """A refusal is an answer: nothing has to be waited for."""
    shelf = Shelf(services.clock)

    async def refuse():
        raise error

    with pytest.raises(type(error)):
        await find_or_make(services, "it", find=shelf.find, make=refuse, lag_s=LAG_S)

    assert await ask(services, shelf) == {"id": "record1"}


async def test_a_cancelled_try_may_have_made_it(services):
    """As does a process that is killed: what was announced stays announced."""
    shelf = Shelf(services.clock, lag_s=5)

    async def hang():
        await shelf.make()
        await asyncio.Event().wait()

    task = asyncio.create_task(
        find_or_make(services, "it", find=shelf.find, make=hang, lag_s=LAG_S)
    )
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task

    with pytest.raises(Refused):
        await ask(services, shelf)
    services.clock.advance(timedelta(seconds=5))
    assert await ask(services, shelf) == {"id": "record1"}


async def test_two_at_once_make_one(services):
    """The second waits for the first, and gets what that made."""
    shelf = Shelf(services.clock, lag_s=3600)

    both = await asyncio.gather(ask(services, shelf), ask(services, shelf))

    assert both == [{"id": "record1"}] * 2


@given(
    ways=st.lists(st.sampled_from([DONE, LOST, BROKEN, REFUSED]), max_size=6),
    lag_s=st.integers(0, LAG_S),
    waits=st.lists(st.integers(0, 2 * LAG_S), min_size=60, max_size=60),
)
async def test_one_record_in_the_end(ways, lag_s, waits):
    """Whatever happens to each try, and whenever it is made."""
    services = plugin()
    shelf = Shelf(services.clock, lag_s=lag_s, ways=ways)
    for wait_s in waits:
        try:
            await ask(services, shelf)
        except (MaybeSent, Refused):
            services.clock.advance(timedelta(seconds=wait_s))

    assert len(shelf.made) <= 1
    services.clock.advance(timedelta(seconds=LAG_S))
    while not shelf.made:
        try:
            await ask(services, shelf)
        except (MaybeSent, Refused):
            services.clock.advance(timedelta(seconds=LAG_S))
    assert len(shelf.made) == 1
