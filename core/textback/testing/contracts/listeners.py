"""What every plugin does that holds a connection and hears what happens over it."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, ClassVar, Final, Protocol

import pytest

from textback.errors import ProviderError, StoreBusy
from textback.events import Event
from textback.testing.contracts.fields import wrong_in

_LOOK_S: Final = 0.01


class FarSide(Protocol):
    """The other end of the connection, a server on this machine."""

    @property
    def open(self) -> int:
        """Connections of the plugin's that are open and ready: logged in, and listened on."""

    async def tell(self) -> None:
        """Say what becomes the events `ListenContract.told`, on the open connection."""

    async def hang_up(self) -> None:
        """Break every connection."""


class ListenContract(ABC):
    """What every ``listen`` does; give `told`, and fixtures ``plugin`` and ``far_side``.

    Attributes:
        told: The events of what `FarSide.tell` says, in order; at least one.
        within_s: Seconds after which what hasn't happened counts as never.
    """

    told: ClassVar[Sequence[Event]]
    within_s: ClassVar[float] = 10.0

    @pytest.fixture
    @abstractmethod
    def plugin(self) -> Any:
        """The plugin, made so that it connects to the far side."""

    @pytest.fixture
    @abstractmethod
    def far_side(self) -> FarSide:
        """The server that it connects to."""

    async def test_hears_what_is_told(self, plugin: Any, far_side: FarSide) -> None:
        """Whole, in order, and well made."""
        heard: list[Event] = []

        async def emit(events: Sequence[Event]) -> None:
            heard.extend(events)

        async with self._listening(plugin, far_side, emit):
            await far_side.tell()
            await self._until(lambda: len(heard) >= len(self.told))
        assert heard == list(self.told)
        assert [wrong for event in heard for wrong in wrong_in(event)] == []

    async def test_is_over_when_the_connection_breaks(self, plugin: Any, far_side: FarSide) -> None:
        """It returns or raises, and the engine connects again; it doesn't wait for ever."""
        async with self._listening(plugin, far_side, _forget) as task:
            await far_side.hang_up()
            await self._until(task.done)
            error = task.exception()
            assert error is None or isinstance(error, ProviderError), repr(error)

    async def test_cancelling_hangs_up(self, plugin: Any, far_side: FarSide) -> None:
        """The end of textback, or of the client, leaves no connection behind."""
        async with self._listening(plugin, far_side, _forget) as task:
            task.cancel()
            await self._until(task.done)
        await self._until(lambda: far_side.open == 0)

    async def test_what_is_not_kept_is_not_passed_over(
        self, plugin: Any, far_side: FarSide
    ) -> None:
        """If the store can't commit now, the error comes through, or the events come again."""
        kept: list[Event] = []
        refused: list[Event] = []

        async def emit(events: Sequence[Event]) -> None:
            if not refused:
                refused.extend(events)
                raise StoreBusy("not now")
            kept.extend(events)

        async with self._listening(plugin, far_side, emit) as task:
            await far_side.tell()
            await self._until(lambda: task.done() or (bool(refused) and kept[:1] == refused[:1]))
            if task.done():
                assert isinstance(task.exception(), StoreBusy)

    @asynccontextmanager
    async def _listening(
        self, plugin: Any, far_side: FarSide, emit: Any
    ) -> AsyncIterator[asyncio.Task[Any]]:
        """While the plugin listens; begins when its connection is ready."""
        task = asyncio.ensure_future(plugin.listen(emit))
        try:
            await self._until(lambda: far_side.open > 0 or task.done())
            if task.done():
                task.result()
                pytest.fail("listen ended before it was connected")
            yield task
        finally:
            task.cancel()
            await asyncio.wait((task,), timeout=self.within_s)

    async def _until(self, seen: Callable[[], bool]) -> None:
        async with asyncio.timeout(self.within_s):
            while not seen():  # noqa: ASYNC110 (what is waited for has no event to wait on)
                await asyncio.sleep(_LOOK_S)


async def _forget(events: Sequence[Event]) -> None:
    """Take events, for tests that aren't about them."""
