"""The plugin in front of a small Pipedrive."""

import asyncio

import httpx
import pytest
import structlog

from support.pipedrive_api import TOKEN, PipedriveApi
from textback import http
from textback.config.secrets import Secret
from textback.config.settings import LeadRule
from textback.gate import Gate
from textback.services import Services
from textback.testing.builders import ADDRESS, LINE, NOW, a_lead
from textback.testing.clock import VirtualClock
from textback.testing.memory import MemoryContacts, MemoryState
from textback_pipedrive import Pipedrive, Settings


@pytest.fixture
def clock():
    return VirtualClock(NOW)


@pytest.fixture
def api(clock):
    return PipedriveApi(clock)


@pytest.fixture
def over():
    """Make a plugin that has never seen anything, over a Pipedrive of one's own."""

    def build(api, *, roles=None, leads=(), token=TOKEN, state=None, **settings):
        transport = httpx.MockTransport(api)
        services = Services(
            client="bright-smile",
            plugin="pipedrive",
            address=f"{ADDRESS}/pipedrive",
            # Its transport holds nothing that would have to be closed.
            http=http.client(transport, Gate("pipedrive", api.clock)),
            clock=api.clock,
            log=structlog.get_logger("textback"),
            state=state or MemoryState(api.clock),
            contacts=MemoryContacts(api.clock),
            in_thread=asyncio.to_thread,
            lines=(LINE,),
            roles=roles,
            leads=tuple(LeadRule(**each) for each in leads),
        )
        return Pipedrive(Settings(api_token=Secret(token), **settings), services)

    return build


@pytest.fixture
def make(over, api, clock):
    """Make a plugin with settings of one's own; all of them share one state."""
    state = MemoryState(clock)
    return lambda **more: over(api, state=state, **more)


@pytest.fixture
def crm(make):
    return make()


@pytest.fixture
def lead():
    """A lead as the client's file has it."""
    return lambda **more: a_lead(**{"stage": "new-lead", "fields": {}, **more})
