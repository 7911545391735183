"""The plugin: which hook is answered where."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

import attrs

from textback.events import Event
from textback.hookspecs import hookimpl
from textback.model import Finding
from textback.phones import mask
from textback.services import Services
from textback_asterisk import checking
from textback_asterisk.calls import Calls
from textback_asterisk.listening import Listener
from textback_asterisk.settings import Settings


@attrs.frozen(eq=False)
class Asterisk:
    """Calls of one PBX, for one client."""

    api = 1

    settings: Settings
    services: Services
    _listener: Listener = attrs.field(init=False, repr=False)

    @_listener.default
    def _make_listener(self) -> Listener:
        calls = Calls(self.settings, self.services.lines, self._unknown)
        return Listener(self.settings, self.services, calls)

    @hookimpl
    async def listen(self, emit: Callable[[Sequence[Event]], Awaitable[None]]) -> None:
        """Tell of calls; see `textback_asterisk.listening`."""
        await self._listener.listen(emit)

    @hookimpl
    async def check(self) -> list[Finding]:
        """Whether the PBX lets us in; see `textback_asterisk.checking`."""
        return await checking.check(self.settings, self.services)

    def _unknown(self, exten: str) -> None:
        """A call from outside to another line; one that is ours after all is missing in `dids`."""
        self.services.log.info("asterisk_call_elsewhere", exten=mask(exten))
