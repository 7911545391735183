"""The plugin as the engine builds it, over a receiver that keeps what it gets."""

import asyncio
from datetime import UTC, datetime

import attrs
import httpx
import pytest
import structlog

from textback.config.secrets import Secret
from textback.services import Services
from textback_webhook import Settings, Webhook

SECRET = "whsec_dGV4dGJhY2sgdGVzdHMgc2lnbiB3aXRoIHRoaXMga2V5"


@attrs.define
class Receiver:
    """Somebody's server: answers what it is told to, keeps the requests."""

    response: httpx.Response = attrs.field(factory=lambda: httpx.Response(204))
    requests: list[httpx.Request] = attrs.field(factory=list)

    def __call__(self, request):
        self.requests.append(request)
        return self.response


@attrs.frozen
class FixedClock:
    """Always the moment that the test began: the oracle compares with the machine's clock."""

    at: datetime = attrs.field(factory=lambda: datetime.now(UTC))

    def now(self):
        return self.at


@pytest.fixture
def receiver():
    return Receiver()


@pytest.fixture
async def build(receiver):
    """Makes a plugin with the settings that a test is about."""
    async with httpx.AsyncClient(transport=httpx.MockTransport(receiver)) as http:

        def build(url="https://hooks.example.com/textback", *, roles=None, **settings):
            given = {"secret": Secret(SECRET), **settings}
            return Webhook(
                Settings(url=url, **given),
                Services(
                    client="bright-smile",
                    plugin="webhook",
                    address="http://127.0.0.1:8000/hooks/bright-smile/webhook",
                    http=http,
                    clock=FixedClock(),
                    log=structlog.get_logger(),
                    state=None,
                    contacts=None,
                    in_thread=asyncio.to_thread,
                    roles=roles,
                ),
            )

        yield build


@pytest.fixture
def webhook(build):
    return build()


@pytest.fixture
def secret():
    return SECRET
