"""A small HubSpot behind a real socket, and the plugin that talks to it."""

from datetime import timedelta

import pytest

from support.hubspot_api import HubSpotApi
from support.hubspot_plugin import Maker
from textback.testing.builders import NOW
from textback.testing.clock import VirtualClock


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
    """Makes the plugin."""
    maker = Maker(hubspot, clock)
    yield maker
    maker.threads.close()


@pytest.fixture
def crm(make):
    """The plugin as it comes."""
    return make()
