"""One account at RingCentral, and a plugin of it."""

import httpx
import pytest
import structlog

from support.ringcentral_api import BASE, LINE, Platform, request
from textback import http
from textback.config.secrets import Secret
from textback.flow.detect import conclude
from textback.gate import Gate
from textback.model import Addresses, PhoneNumber
from textback.services import Services
from textback.testing.builders import NOW
from textback.testing.builders import a_text as make_text
from textback.testing.clock import VirtualClock
from textback.testing.memory import MemoryContacts, MemoryState
from textback_ringcentral import RingCentral, Settings


@pytest.fixture
def clock():
    return VirtualClock(NOW)


@pytest.fixture
def platform(clock):
    return Platform(clock)


@pytest.fixture
async def make(platform, clock):
    """Makes a plugin with settings of one's own; all of them share their state."""
    state = MemoryState(clock)
    gate = Gate("ringcentral", clock)
    async with http.client(httpx.MockTransport(platform.answer), gate) as client:

        def build(*, roles=None, lines=(LINE,), **settings):
            given = {
                "client_id": "app-1",
                "client_secret": Secret("secret-of-the-app-42"),
                "jwt": Secret("eyJhbGciOiJ1.jwt0of1the2tests3.c2lnbmF0dXJl"),
                **settings,
            }
            services = Services(
                client="bright-smile",
                plugin="ringcentral",
                address=BASE,
                http=client,
                clock=clock,
                log=structlog.get_logger(),
                state=state,
                contacts=MemoryContacts(clock),
                in_thread=None,
                lines=tuple(PhoneNumber(line) for line in lines),
                roles=roles,
            )
            return RingCentral(Settings(**given), services)

        yield build


@pytest.fixture
def plugin(make):
    return make()


@pytest.fixture
async def word(plugin, platform):
    """What RingCentral was told to send with each notification."""
    await plugin.connect(Addresses(BASE), dry_run=False)
    (subscription,) = platform.subscriptions.values()
    return subscription["_word"]


@pytest.fixture
def notify(plugin, word):
    """Hands the plugin a notification; what it read."""

    async def notify(payload, to=None):
        return await (to or plugin).read_webhook(request(payload, {"Verification-Token": word}))

    return notify


@pytest.fixture
def fold(notify):
    """The verdict on a call, after all its notifications."""

    async def fold(notifications, to=None):
        events = {}
        for each in notifications:
            for event in (await notify(each, to)).events:
                events.setdefault(event.key, event)
        calls = {event.call for event in events.values()}
        assert len(calls) <= 1
        return conclude(events.values())

    return fold


@pytest.fixture
def a_text():
    """A text that is sent now."""
    return make_text(attempted_at=NOW, body="Sorry we missed you & your call. ✓")
