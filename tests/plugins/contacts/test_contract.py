"""The embedded CRM does what every CRM does."""

import pytest

from textback.testing.contracts import CrmContract
from textback.testing.fixtures import provider, services
from textback_contacts import Contacts, Settings

__all__ = ["provider", "services"]


class TestEmbeddedCrm(CrmContract):
    @pytest.fixture
    def crm(self, services):
        return Contacts(Settings(), services)
