"""The plugin for HubSpot as tests make it, against the small HubSpot of `support.hubspot_api`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from datetime import timedelta
from typing import Any, TypeVar

import attrs
import structlog

from support.hubspot_api import TOKEN, HubSpotApi
from textback.config.secrets import Secret
from textback.engine.starting.threads import Threads
from textback.errors import ProviderError
from textback.gate import Gate
from textback.services import Services
from textback.testing.builders import ADDRESS, LINE
from textback.testing.clock import VirtualClock
from textback.testing.memory import MemoryContacts, MemoryState
from textback_hubspot import HubSpot, Settings

T = TypeVar("T")

STAGE = "New lead"
UNIQUE = "textback_number"


@attrs.frozen(kw_only=True)
class Rule:
    """A ``[[lead]]`` as plugins see it."""

    tag: str | None = None
    pipeline: str | None = None
    stage: str | None = None
    owner: str | None = None
    fields: dict[str, str] = attrs.field(factory=dict)


class Maker:
    """Makes the plugin; all that it makes share what is remembered, as after a restart."""

    def __init__(self, hubspot: HubSpotApi, clock: VirtualClock) -> None:
        self.hubspot = hubspot
        self.clock = clock
        self.state = MemoryState(clock)
        self.threads = Threads()

    def __call__(self, *, leads: Iterable[Rule] = (), **more: Any) -> HubSpot:
        """A plugin with some settings."""
        settings = {"base_url": self.hubspot.url, "timeout_s": 5.0, "max_per_s": 100.0, **more}
        services = Services(
            client="bright-smile",
            plugin="hubspot",
            address=f"{ADDRESS}/hubspot",
            http=None,  # type: ignore[arg-type]
            clock=self.clock,
            log=structlog.get_logger("textback"),
            state=self.state,
            contacts=MemoryContacts(self.clock),
            in_thread=self.threads,
            lines=(LINE,),
            leads=tuple(leads),
            gate=Gate("hubspot", self.clock),
        )
        return HubSpot(Settings(access_token=Secret(TOKEN), **settings), services)

    async def until_done(self, ask: Callable[[], Awaitable[T]], *, tries: int = 30) -> T:
        """Ask until it works, each time after as long as the error says, as the engine does."""
        for _ in range(tries):
            try:
                return await ask()
            except ProviderError as error:
                if error.permanent:
                    raise
                self.clock.advance(timedelta(seconds=(error.retry_after or 0.5) + 0.1))
        raise AssertionError(f"it failed {tries} times")
