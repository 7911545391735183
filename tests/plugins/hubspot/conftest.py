"""A small HubSpot behind a real socket, and the plugin that talks to it."""

import asyncio
from datetime import timedelta

import attrs
import pytest
import structlog

from support.hubspot_api import TOKEN, HubSpotApi
from textback.config.secrets import Secret
from textback.engine.threads import Threads
from textback.gate import Gate
from textback.services import Services
from textback.testing.builders import ADDRESS, CALLER, LINE, NOW
from textback.testing.clock import VirtualClock
from textback.testing.memory import MemoryContacts, MemoryState
from textback_hubspot import HubSpot, Settings


@attrs.frozen(kw_only=True)
class Rule:
    """A ``[[lead]]`` as plugins see it."""

    tag: str | None = None
    pipeline: str | None = None
    stage: str | None = None
    owner: str | None = None
    fields: dict[str, str] = attrs.field(factory=dict)


@pytest.fixture
def clock():
    """Stands at NOW until a test says otherwise."""
    return VirtualClock(NOW)


@pytest.fixture
def hubspot(clock):
    """The account: its search lags ten seconds behind."""
    api = HubSpotApi(clock.now, lag=timedelta(seconds=10))
    yield api
    api.down()


@pytest.fixture
def make(hubspot, clock):
    """Makes the plugin, with more settings; they share what is remembered, as after a restart."""
    state = MemoryState(clock)
    threads = Threads()

    def made(*, leads=(), gate=None, **more):
        settings = {"base_url": hubspot.url, "timeout_s": 5.0, "max_per_s": 100.0}
        services = Services(
            client="bright-smile",
            plugin="hubspot",
            address=f"{ADDRESS}/hubspot",
            http=None,
            clock=clock,
            log=structlog.get_logger("textback"),
            state=state,
            contacts=MemoryContacts(clock),
            in_thread=threads,
            lines=(LINE,),
            leads=tuple(leads),
            gate=gate or Gate("hubspot", clock),
        )
        return HubSpot(Settings(access_token=Secret(TOKEN), **{**settings, **more}), services)

    made.state = state
    yield made
    threads.close()


@pytest.fixture
def crm(make):
    """The plugin as it comes."""
    return make()


async def again(clock, ask, *, tries=20):
    """Ask until it works, each time after as long as the error says, as the engine does."""
    for _ in range(tries):
        try:
            return await ask()
        except Exception as error:
            wait = getattr(error, "retry_after", None) or 1.0
            clock.advance(timedelta(seconds=wait + 0.5))
            await asyncio.sleep(0)
    raise AssertionError(f"it failed {tries} times")


__all__ = ["CALLER", "LINE", "NOW", "Rule", "again"]
