"""Pytest fixtures for the tests of a plugin; import those that you use into your test module.

from textback.testing.fixtures import provider, services
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable

import attrs
import httpx
import pytest
import structlog

from textback import http
from textback.errors import MaybeSent
from textback.gate import Gate
from textback.services import Services
from textback.testing.builders import ADDRESS, LINE, NOW
from textback.testing.clock import VirtualClock
from textback.testing.memory import MemoryContacts, MemoryState

Answer = httpx.Response | Exception | Callable[[httpx.Request], httpx.Response]


@attrs.define
class Provider:
    """Whatever a plugin talks to: keeps the requests, answers as it is told.

    Attributes:
        response: What every request gets; an exception is raised instead, as the transport would.
            A function of the request may keep records, as the provider itself does.
        hangs: Requests get no answer at all.
        open: Requests that wait for their answer now.
        asked: Set once a request has come.
    """

    response: Answer = attrs.field(factory=lambda: httpx.Response(204))
    requests: list[httpx.Request] = attrs.field(factory=list)
    hangs: bool = False
    open: int = 0
    asked: asyncio.Event = attrs.field(factory=asyncio.Event)
    _until_lost: int | None = attrs.field(default=None, init=False)

    async def answer(self, request: httpx.Request) -> httpx.Response:
        """Take one request."""
        self.requests.append(request)
        self.open += 1
        self.asked.set()
        try:
            if self.hangs:
                await asyncio.Event().wait()
        finally:
            self.open -= 1
        if isinstance(self.response, Exception):
            raise self.response
        given = self.response(request) if callable(self.response) else self.response
        if self._is_lost():
            raise MaybeSent("the answer was lost")
        return httpx.Response(given.status_code, headers=given.headers, content=given.content)

    def lose(self, nth: int | None) -> bool:
        """Let what the *nth* request from now asks for be done, and its answer be lost.

        Args:
            nth: From 1 on; None loses no answer any more.

        Returns:
            Whether an answer was still to be lost, which now isn't.
        """
        waiting = self._until_lost is not None
        self._until_lost = nth
        return waiting

    def _is_lost(self) -> bool:
        if self._until_lost is None:
            return False
        self._until_lost -= 1
        if self._until_lost:
            return False
        self._until_lost = None
        return True


@pytest.fixture
def provider() -> Provider:
    """The provider behind `services`; it answers 204 until a test says otherwise."""
    return Provider()


@pytest.fixture
async def services(provider: Provider) -> AsyncIterator[Services]:
    """What a plugin is handed: a clock that stands at `NOW`, HTTP that ends at `provider`."""
    clock = VirtualClock(NOW)
    gate = Gate("the provider", clock)
    async with http.client(httpx.MockTransport(provider.answer), gate) as client:
        yield Services(
            client="bright-smile",
            plugin="plugin",
            address=f"{ADDRESS}/plugin",
            http=client,
            clock=clock,
            log=structlog.get_logger("textback"),
            state=MemoryState(clock),
            contacts=MemoryContacts(clock),
            in_thread=asyncio.to_thread,
            lines=(LINE,),
            gate=gate,
        )
