"""Pipedrive does what every CRM does, and tells trouble as everyone does over HTTP."""

import httpx
import pytest

from support.pipedrive_api import TOKEN
from textback.config.secrets import Secret
from textback.testing.builders import a_lead
from textback.testing.contracts import CrmContract, OverHttp
from textback.testing.fixtures import provider, services
from textback_pipedrive import Pipedrive, Settings

__all__ = ["provider", "services"]


class TestCrm(CrmContract):
    @pytest.fixture
    def crm(self, make):
        return make()


class TestOverHttp(OverHttp):
    accepted = httpx.Response(200, json={"success": True, "data": {"id": 1}})
    secret = TOKEN

    async def ask(self, plugin):
        return await plugin.save_contact(a_lead(), "key1")

    @pytest.fixture
    def plugin(self, services):
        return Pipedrive(Settings(api_token=Secret(TOKEN)), services)
