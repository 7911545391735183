"""The embedded CRM does what every CRM does."""

import pytest

from textback.model import Caller
from textback.services import Contact
from textback.testing.builders import CALLER, a_lead
from textback.testing.contracts import CrmContract, EraseContract, LookupContract
from textback.testing.fixtures import provider, services
from textback_contacts import Contacts, Settings

__all__ = ["provider", "services"]


class TestEmbeddedCrm(CrmContract):
    over_http = False

    @pytest.fixture
    def crm(self, services):
        return Contacts(Settings(), services)

    @pytest.fixture
    def book(self, services):
        return services.contacts


class TestWhoCalls(LookupContract):
    over_http = False
    caller = Caller(number=CALLER, name="Anna Example", first_name="Anna", known=True)

    @pytest.fixture
    async def lookup(self, services):
        await services.contacts.save(Contact(number=CALLER, name="Anna Example"))
        return Contacts(Settings(), services)


class TestErasing(EraseContract):
    @pytest.fixture
    def plugin(self, services):
        return Contacts(Settings(), services)

    async def hold(self, plugin, number):
        await plugin.save_contact(a_lead(number=number), "key1")
