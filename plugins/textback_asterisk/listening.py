"""Hold the connection: look what happened without it, tell what happens, notice when it is gone."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime

from textback.errors import NotSent, StoreError
from textback.events import CallEvent, Event
from textback.services import Services
from textback_asterisk.ami import Ami, connected
from textback_asterisk.calls import SHORT_GAP_S, Calls
from textback_asterisk.settings import Settings

Emit = Callable[[Sequence[Event]], Awaitable[None]]


class Listener:
    """What is kept between two connections.

    Args:
        settings: The plugin's.
        services: The plugin's.
        calls: Those that go on.
    """

    def __init__(self, settings: Settings, services: Services, calls: Calls) -> None:
        self._settings = settings
        self._services = services
        self._calls = calls
        self._heard_at: datetime | None = None
        self._untold: list[CallEvent] = []

    async def listen(self, emit: Emit) -> None:
        """Tell of calls as long as the connection holds.

        Raises:
            NotSent: Asterisk can't be reached, is gone, or gives no sign of life.
            Refused: It doesn't let us in, or may not list its channels.
        """
        classes = "call,agent,dialplan" if self._settings.voicemail else "call,agent"
        async with connected(self._settings, self._services) as ami:
            await ami.log_in(classes)
            await self._catch_up(ami, emit)
            silent = False
            while True:
                wait_s = self._settings.timeout_s if silent else self._settings.ping_s
                try:
                    async with asyncio.timeout(wait_s):
                        message = await ami.read()
                except TimeoutError:
                    if silent:
                        words = f"{self._settings.account} gives no sign of life"
                        raise NotSent(words) from None
                    await ami.send("Ping")
                    silent = True
                    await self._tell(emit, ())
                else:
                    silent = False
                    self._heard_at = self._services.clock.now()
                    await self._tell(emit, self._calls.read(message, self._heard_at))

    async def _catch_up(self, ami: Ami, emit: Emit) -> None:
        """Asterisk repeats nothing.  What it shows is which channels are there now."""
        channels = await ami.listing("CoreShowChannels")
        now = self._services.clock.now()
        gap_s = (now - self._heard_at).total_seconds() if self._heard_at is not None else 0.0
        before = self._calls.under_way
        events = self._calls.resume(channels, now, gap_s)
        if before and gap_s > SHORT_GAP_S:
            self._services.log.warning("asterisk_calls_may_be_lost", calls=before, gap_s=gap_s)
        self._heard_at = now
        await self._tell(emit, events)

    async def _tell(self, emit: Emit, events: Iterable[CallEvent]) -> None:
        """Have events committed.  If the store can't, they go with the next ones.

        Asterisk won't tell them again.
        """
        untold, self._untold = [*self._untold, *events], []
        if not untold:
            return
        try:
            await emit(tuple(untold))
        except StoreError as error:
            self._untold = untold
            self._services.log.warning("asterisk_not_stored", error=str(error))
