"""Telnyx from both sides: its API as told, and webhooks signed with a key of the account's."""

import json
from contextlib import AsyncExitStack
from datetime import UTC, datetime

import attrs
import httpx
import pytest
import structlog

from support.telnyx_exchange import APPLICATION, LINE, Exchange
from support.telnyx_side import KEY, PUBLIC_KEY, signature
from textback import http
from textback.config.secrets import Secret
from textback.events import WebhookRequest
from textback.gate import Gate
from textback.model import PhoneNumber
from textback.services import Services
from textback.testing.clock import VirtualClock
from textback.testing.memory import MemoryState
from textback_telnyx import Settings, Telnyx

ADDRESS = "https://hooks.agency.example/hooks/bright-smile/telnyx"
NOW = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)
API_KEY = "KEY0123456789ABCDEF_secretofthetests"


@attrs.define
class Provider:
    """Answers requests with what a test gives it: an answer, an error, or a function for all."""

    answer: object = attrs.field(factory=lambda: httpx.Response(200, json={"data": {}}))
    requests: list = attrs.field(factory=list)

    async def __call__(self, request):
        self.requests.append(request)
        answer = self.answer
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer

    @property
    def body(self):
        """The JSON of the one request that came."""
        (request,) = self.requests
        return json.loads(request.content)


@pytest.fixture
def provider():
    return Provider()


@pytest.fixture
def clock():
    return VirtualClock(NOW)


@pytest.fixture
async def make(provider, clock):
    """Make a plugin with settings of one's own, whose API is the `provider`."""
    async with AsyncExitStack() as clients:

        def build(*, roles=None, state=None, **settings):
            client = http.client(httpx.MockTransport(provider), Gate("telnyx", clock))
            clients.push_async_callback(client.aclose)
            given = {
                "api_key": Secret(API_KEY),
                "public_key": PUBLIC_KEY,
                "application_id": APPLICATION,
                "ring": (PhoneNumber("+13035550110"),),
                **settings,
            }
            services = Services(
                client="bright-smile",
                plugin="telnyx",
                address=ADDRESS,
                http=client,
                clock=clock,
                log=structlog.get_logger(),
                state=state or MemoryState(clock),
                contacts=None,
                in_thread=None,
                lines=(PhoneNumber(LINE),),
                roles=roles,
            )
            return Telnyx(Settings(**given), services)

        yield build


@pytest.fixture
def webhook():
    """Make a webhook as Telnyx sends it, signed with the account's key."""

    def build(body, *, topic="voice", query="", sent_at=NOW, received_at=NOW, key=KEY):
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return WebhookRequest(
            method="POST",
            url=f"{ADDRESS}/{topic}{query}",
            topic=topic,
            headers=signature(content, sent_at, key),
            body=content,
            received_at=received_at,
        )

    return build


@pytest.fixture
def exchange(provider):
    """A call at Telnyx, behind the plugin that `make` makes."""
    exchange = Exchange()
    provider.answer = exchange.answer
    return exchange
