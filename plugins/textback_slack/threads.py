"""Which thread belongs to which case, both ways; kept in the plugin's state.

What is kept names no caller.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import attrs

from textback.services import Services
from textback_slack.api import Thread
from textback_slack.settings import Settings

DAY_S: Final = 24 * 3600


@attrs.frozen(eq=False)
class Threads:
    """The threads of one client's channel."""

    _settings: Settings
    _services: Services

    @asynccontextmanager
    async def alone(self, case: str) -> AsyncIterator[None]:
        """Nobody else posts about this case meanwhile: else two notices begin two threads."""
        async with self._services.state.lock(self._thread_of(case)):
            yield

    async def of_case(self, case: str) -> str | None:
        """The ``ts`` of the thread of a case; None if it has none in this channel."""
        kept = await self._services.state.get(self._thread_of(case))
        return kept if isinstance(kept, str) else None

    async def case_of(self, thread: Thread) -> str | None:
        """The case that a thread is about; None if it is about none, or too old."""
        kept = await self._services.state.get(f"case/{thread.channel}/{thread.ts}")
        return kept if isinstance(kept, str) else None

    async def keep(self, case: str, thread: Thread) -> None:
        """Remember, or go on remembering, the thread of a case."""
        state, ttl_s = self._services.state, self._settings.thread_days * DAY_S
        # This first: an answer in a thread that isn't known goes nowhere.
        await state.set(f"case/{thread.channel}/{thread.ts}", case, ttl_s=ttl_s)
        await state.set(self._thread_of(case), thread.ts, ttl_s=ttl_s)

    def _thread_of(self, case: str) -> str:
        return f"thread/{self._settings.channel}/{case}"
