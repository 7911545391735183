"""Pipedrive does what every CRM does, and every lookup of callers."""

import httpx
import pytest

from support.pipedrive_api import TOKEN, PipedriveApi
from textback.config.secrets import Secret
from textback.model import Caller, CrmRef
from textback.testing.builders import CALLER, a_lead, an_activity
from textback.testing.contracts import (
    CheckContract,
    CrmContract,
    EraseContract,
    LookupContract,
    OverHttp,
)
from textback.testing.fixtures import provider, services
from textback_pipedrive import Pipedrive, Settings

__all__ = ["provider", "services"]

SETTINGS = Settings(api_token=Secret(TOKEN))


@pytest.fixture
def pipedrive(services):
    return Pipedrive(SETTINGS, services)


@pytest.fixture
def company(services, provider):
    """A small Pipedrive behind the plugin."""
    provider.response = PipedriveApi(services.clock)
    return provider.response


class TestCrm(CrmContract):
    secret = TOKEN

    @pytest.fixture
    def crm(self, pipedrive, company):
        return pipedrive

    @pytest.fixture
    def book(self, company):
        return company


class TestDeals(OverHttp):
    """Trouble with a deal is told as trouble with a contact is."""

    secret = TOKEN

    async def ask(self, plugin):
        return await plugin.save_deal(CrmRef("101"), a_lead(), "key1")

    @pytest.fixture
    def plugin(self, pipedrive):
        return pipedrive


class TestActivities(OverHttp):
    """And so is trouble with what is logged."""

    secret = TOKEN

    async def ask(self, plugin):
        return await plugin.log_activity(CrmRef("101"), an_activity(), "key1")

    @pytest.fixture
    def plugin(self, pipedrive):
        return pipedrive


def hits(*persons):
    """What the search says; it is the answer to all other requests, too, which it tells nothing."""
    items = [{"result_score": 0.5, "item": person} for person in persons]
    return httpx.Response(200, json={"success": True, "data": {"items": items}})


ANNA = {
    "id": 7,
    "type": "person",
    "name": "Anna Example",
    "phones": ["(303) 555-0123"],
    "emails": ["anna@example.com"],
    "owner": {"id": 1},
    "custom_fields": [],
    "notes": [],
}


class TestLookup(LookupContract):
    secret = TOKEN
    accepted = hits(ANNA)
    nobody = hits()
    caller = Caller(
        number=CALLER,
        name="Anna Example",
        first_name="Anna",
        email="anna@example.com",
        known=True,
    )

    def named(self, name):
        return hits({**ANNA, "name": name})

    @pytest.fixture
    def lookup(self, pipedrive):
        return pipedrive


class TestCheck(CheckContract):
    secret = TOKEN

    @pytest.fixture
    def plugin(self, pipedrive, company):
        self.company = company
        return pipedrive

    def all_is_well(self, request):
        return self.company(request)


class TestErase(EraseContract):
    @pytest.fixture
    def plugin(self, pipedrive, company):
        return pipedrive

    async def hold(self, plugin, number):
        await plugin.save_contact(a_lead(number=number), f"key/{number}")
