"""GoHighLevel does what every CRM and every sender does."""

import httpx
import pytest

from support.gohighlevel_api import LOCATION, TOKEN
from textback.config.secrets import Secret
from textback.testing.builders import CALLER, a_lead
from textback.testing.contracts import CrmContract, OverHttp, SenderContract
from textback.testing.fixtures import provider, services
from textback_gohighlevel import GoHighLevel, Settings

__all__ = ["provider", "services"]

SETTINGS = Settings(location_id=LOCATION, access_token=Secret(TOKEN))


class TestCrm(CrmContract):
    @pytest.fixture
    def crm(self, make):
        return make()


class TestCrmOverHttp(OverHttp):
    accepted = httpx.Response(200, json={"contact": {"id": "contact1", "phone": CALLER}})
    secret = TOKEN

    async def ask(self, plugin):
        return await plugin.save_contact(a_lead(), "key1")

    @pytest.fixture
    def plugin(self, services):
        return GoHighLevel(SETTINGS, services)


class TestTexts(SenderContract):
    accepted = httpx.Response(201, json={"conversationId": "c1", "messageId": "m1"})
    secret = TOKEN

    @pytest.fixture
    async def sender(self, services):
        plugin = GoHighLevel(SETTINGS, services)
        # The contact is known, so that there is one request: the text's.
        await services.state.set(f"contact/{CALLER}", {"id": "contact1", "wrote": None})
        return plugin
