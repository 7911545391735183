"""A small HubSpot behind a real socket, and the plugin that talks to it."""

from datetime import timedelta

import pytest

from support.house import House
from support.hubspot_api import HubSpotApi
from support.hubspot_plugin import Maker
from textback.store.migrate import migrate
from textback.testing.builders import NOW
from textback.testing.clock import VirtualClock
from textback_hubspot import HubSpot


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


@pytest.fixture(scope="session")
def empty(tmp_path_factory):
    """A database with the schema and nothing in it."""
    path = tmp_path_factory.mktemp("empty") / "textback.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
async def house(tmp_path, empty):
    """A deployment whose files a test writes before it opens it."""
    house = House(tmp_path, empty)
    house.outside.others["hubspot"] = HubSpot
    yield house
    await house.close()
