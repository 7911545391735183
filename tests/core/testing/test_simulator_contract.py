"""The simulator does what every sender, notifier and CRM does."""

import json

import httpx
import pytest

from textback.config.secrets import Secret
from textback.testing.contracts import CrmContract, NotifierContract, SenderContract
from textback.testing.fixtures import provider, services
from textback.testing.simulator import Settings, Simulator

__all__ = ["provider", "services"]

SECRET = "a-secret-of-24-characters"
SETTINGS = Settings(url="http://carrier.example", secret=Secret(SECRET))


class TestSimulatedTexts(SenderContract):
    accepted = httpx.Response(201, json={"provider_id": "SIM1"})
    secret = SECRET

    @pytest.fixture
    def sender(self, services):
        return Simulator(SETTINGS, services)


class TestSimulatedNotices(NotifierContract):
    accepted = httpx.Response(204)
    secret = SECRET

    @pytest.fixture
    def notifier(self, services):
        return Simulator(SETTINGS, services)


class TestSimulatedCrm(CrmContract):
    @pytest.fixture
    def crm(self, services, provider):
        provider.response = httpx.Response(201, content=json.dumps({"id": "contact-1"}))
        return Simulator(SETTINGS, services)


class TestNoCarrier(CrmContract):
    """Without an address it keeps working, and asks nobody."""

    @pytest.fixture
    def crm(self, services):
        return Simulator(Settings(), services)
