"""Vonage from both sides: its APIs as told, and webhooks signed as it signs them."""

import attrs
import httpx
import pytest

from support.vonage_side import posted, settings, with_token
from textback import http
from textback.gate import Gate
from textback.testing.builders import LINE, NOW
from textback.testing.clock import VirtualClock
from textback.testing.fixtures import provider, services
from textback_vonage import Vonage

__all__ = ["provider", "services"]


@attrs.define
class Vonages:
    """Answers requests with what a test gives it, the last answer for all that follow."""

    answers: list = attrs.field(factory=lambda: [httpx.Response(500)])
    requests: list = attrs.field(factory=list)

    async def answer(self, request):
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        given = answer(request) if callable(answer) else answer
        return httpx.Response(given.status_code, headers=given.headers, content=given.content)


@pytest.fixture
def vonage():
    return Vonages()


@pytest.fixture
def clock():
    return VirtualClock(NOW)


@pytest.fixture
async def make(services, vonage, clock):
    """Make a plugin with settings of one's own, whose APIs are `vonage`."""
    async with http.client(httpx.MockTransport(vonage.answer), Gate("vonage", clock)) as client:

        def build(*, roles=None, lines=(LINE,), **more):
            given = attrs.evolve(
                services, http=client, clock=clock, roles=roles, lines=lines, plugin="vonage"
            )
            return Vonage(settings(**more), given)

        yield build


@pytest.fixture
def tell():
    """Let a plugin read a webhook that is signed by a token."""

    async def read(plugin, topic, fields, *, query="", at=NOW, **more):
        return await plugin.read_webhook(
            with_token(posted(topic, fields, query=query, at=at), **more)
        )

    return read
