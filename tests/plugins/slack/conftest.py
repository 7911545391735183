"""The plugin in front of a workspace that does what Slack's does."""

import asyncio

import httpx
import pytest
import structlog

from support.slack_api import BOT_TOKEN, CHANNEL, HOOK, SIGNING_SECRET, Workspace
from textback import http
from textback.config.secrets import Secret
from textback.gate import Gate
from textback.services import Services
from textback.testing.builders import ADDRESS, NOW
from textback.testing.clock import VirtualClock
from textback.testing.memory import MemoryContacts, MemoryState
from textback_slack import Settings, Slack


@pytest.fixture
def workspace():
    return Workspace()


@pytest.fixture
def clock():
    return VirtualClock(NOW)


@pytest.fixture
async def build(workspace, clock):
    """Makes the plugin with the settings that a test is about; all share one state."""
    state = MemoryState(clock)
    gate = Gate("slack", clock)
    async with http.client(httpx.MockTransport(workspace.answer), gate) as client:

        def build(**settings):
            given = {
                "bot_token": Secret(BOT_TOKEN),
                "channel": CHANNEL,
                "signing_secret": Secret(SIGNING_SECRET),
            }
            return Slack(
                Settings(**{**given, **settings}),
                Services(
                    client="bright-smile",
                    plugin="slack",
                    address=f"{ADDRESS}/slack",
                    http=client,
                    clock=clock,
                    log=structlog.get_logger("textback"),
                    state=state,
                    contacts=MemoryContacts(clock),
                    in_thread=asyncio.to_thread,
                    gate=gate,
                ),
            )

        yield build


@pytest.fixture
def slack(build):
    return build()


@pytest.fixture
def hook(build):
    """The plugin with an incoming webhook."""
    return build(webhook_url=Secret(HOOK), bot_token=None, channel=None, signing_secret=None)
