"""Pytest fixtures for the tests of a plugin; import those that you use into your test module.

from textback.testing.fixtures import provider, services
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import attrs
import httpx
import pytest
import structlog

from textback import http
from textback.gate import Gate
from textback.services import Services
from textback.testing.builders import ADDRESS, NOW
from textback.testing.clock import VirtualClock
from textback.testing.memory import MemoryContacts, MemoryState


@attrs.define
class Provider:
    """Whatever a plugin talks to: keeps the requests, answers as it is told.

    Attributes:
        response: What every request gets; an exception is raised instead, as the transport would.
        hangs: Requests get no answer at all.
        open: Requests that wait for their answer now.
    """

    response: httpx.Response | Exception = attrs.field(factory=lambda: httpx.Response(204))
    requests: list[httpx.Request] = attrs.field(factory=list)
    hangs: bool = False
    open: int = 0
    asked: asyncio.Event = attrs.field(factory=asyncio.Event)

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
        return httpx.Response(
            self.response.status_code, headers=self.response.headers, content=self.response.content
        )


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
            gate=gate,
        )
