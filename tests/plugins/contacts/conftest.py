"""The plugin over a real embedded store, as the engine hands it out."""

import httpx
import pytest
import structlog

from textback.clock import SystemClock
from textback.engine.starting.services import StoredContacts
from textback.services import Services
from textback.store import open_embedded
from textback_contacts import Contacts, Settings

CLIENT = "bright-smile"


@pytest.fixture
async def crm(tmp_path):
    """A plugin whose contacts are kept in a file."""
    store = open_embedded(tmp_path / "textback.db")
    async with httpx.AsyncClient() as http:
        yield Contacts(
            Settings(),
            Services(
                client=CLIENT,
                plugin="contacts",
                address="http://127.0.0.1:8000/hooks/bright-smile/contacts",
                http=http,
                clock=SystemClock(),
                log=structlog.get_logger(),
                state=None,
                contacts=StoredContacts(store, SystemClock(), CLIENT),
                in_thread=None,
            ),
        )
    await store.close()
