"""A lookup of either provider, and the number of a caller."""

import asyncio

import attrs
import httpx
import pytest

from textback import http
from textback.config.secrets import Secret
from textback.gate import Gate
from textback.testing.fixtures import provider, services
from textback_lookup import Lookup, Settings

__all__ = ["provider", "services"]

TOKEN, KEY = "fedcba9876543210fedcba9876543210", "KEY0123456789ABCDEF_abcdef0123456789"


@pytest.fixture
def make(services):
    """Make a plugin with settings of one's own."""

    def build(which="twilio", *, state=None, client=None, **settings):
        keys = {
            "twilio": {"account_sid": "AC1", "auth_token": Secret(TOKEN)},
            "telnyx": {"api_key": Secret(KEY)},
        }
        given = {"provider": which, **keys[which], **settings}
        theirs = {"state": state or services.state, "http": client or services.http}
        return Lookup(Settings(**given), attrs.evolve(services, **theirs))

    return build


@attrs.define
class Slow:
    """A provider that answers when it is let go."""

    client: httpx.AsyncClient
    go: asyncio.Event


@pytest.fixture
async def slow(provider, services):
    go = asyncio.Event()

    async def answer(request):
        await go.wait()
        return await provider.answer(request)

    gate = Gate("the provider", services.clock)
    async with http.client(httpx.MockTransport(answer), gate) as client:
        yield Slow(client, go)
