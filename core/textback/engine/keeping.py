"""Keep the parts of the work going: what fails is told in the log, and begun again.

Nobody awaits what runs in the background; without this, an error would end it in silence.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, Final

from textback.dispatch import describe
from textback.errors import StoreError
from textback.services import Log

AGAIN_AFTER_S: Final = 1.0

Part = Callable[[], Awaitable[object]]
Lost = tuple[type[Exception], ...]


async def attempt(log: Log, what: str, work: Part, *, lost: Lost = ()) -> bool:
    """Do it once; False if it failed, whatever it was.

    Args:
        log: Where an error is told.
        what: Its name in the log.
        work: What to do.
        lost: Errors that come of the store's absence, like a `StoreError`: nobody has to search
            for their place in the code.
    """
    absent: Lost = (StoreError, *lost)
    try:
        await work()
    except absent as error:
        log.warning("lost, and tried again", what=what, error=str(error) or describe(error))
    except Exception as error:
        log.warning("failed, and tried again", what=what, error=describe(error), exc_info=error)
    else:
        return True
    return False


async def keep(log: Log, what: str, work: Part, *, lost: Lost = ()) -> None:
    """Do it until cancelled: whatever ends it, begin it again."""
    while True:
        await attempt(log, what, work, lost=lost)
        await asyncio.sleep(AGAIN_AFTER_S)


async def finish(log: Log, what: str, work: Part) -> None:
    """Do it until it comes to its own end: after an error, begin it again."""
    while True:
        if await attempt(log, what, work):
            return
        await asyncio.sleep(AGAIN_AFTER_S)


class Background:
    """Tasks that nobody awaits, and that end together."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """Run something until it ends, or until all end; if it fails, say so."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._over)
        return task

    async def end(self) -> None:
        """Cancel them all."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _over(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log.warning("failed, and not tried again", error=describe(error), exc_info=error)
