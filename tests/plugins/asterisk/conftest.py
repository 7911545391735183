"""A PBX on loopback, a plugin that listens to it, and certificates of a CA."""

import asyncio
import ssl

import pytest
import structlog
import trustme

from support.pbx import LINE, SECRET, USER, Pbx
from textback.config.secrets import Secret
from textback.errors import NotSent
from textback.flow.detect import conclude
from textback.model import PhoneNumber
from textback.services import Services
from textback.testing.builders import NOW
from textback.testing.clock import VirtualClock
from textback.testing.memory import MemoryContacts, MemoryState
from textback_asterisk import Asterisk, Settings


@pytest.fixture(scope="session")
def authority():
    return trustme.CA()


@pytest.fixture(scope="session")
def ca_file(authority, tmp_path_factory):
    path = tmp_path_factory.mktemp("ca") / "ca.pem"
    authority.cert_pem.write_to_path(path)
    return path


@pytest.fixture(scope="session")
def server_tls(authority):
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
async def pbx():
    pbx = await Pbx().start()
    yield pbx
    await pbx.stop()


@pytest.fixture
def clock():
    return VirtualClock(NOW)


@pytest.fixture
def make(pbx, clock):
    """Makes a plugin that listens to the PBX."""

    def build(*, lines=(LINE,), **settings):
        given = {
            "host": "127.0.0.1",
            "port": pbx.port,
            "username": USER,
            "secret": Secret(SECRET),
            "timeout_s": 5.0,
            **settings,
        }
        services = Services(
            client="bright-smile",
            plugin="asterisk",
            address="http://127.0.0.1:8000/hooks/bright-smile/asterisk",
            http=None,
            clock=clock,
            log=structlog.get_logger(),
            state=MemoryState(clock),
            contacts=MemoryContacts(clock),
            in_thread=asyncio.to_thread,
            lines=tuple(PhoneNumber(line) for line in lines),
        )
        return Asterisk(Settings(**given), services)

    return build


@pytest.fixture
def heard(pbx, make):
    """What a plugin tells of calls, until the PBX closes the connection."""

    async def heard(*calls, plugin=None, **settings):
        pbx.says = "".join(str(call) for call in calls)
        events = []

        async def emit(told):
            events.extend(told)

        with pytest.raises(NotSent):
            await (plugin or make(**settings)).listen(emit)
        return events

    return heard


@pytest.fixture
def fold(heard):
    """The verdict on a call; events that are told again count once, as in the engine."""

    async def fold(*calls, **settings):
        events = {}
        for event in await heard(*calls, **settings):
            events.setdefault(event.key, event)
        assert len({event.call for event in events.values()}) <= 1
        return conclude(events.values())

    return fold
