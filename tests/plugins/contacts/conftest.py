"""The plugin over a real embedded store, as the engine hands it out."""

import attrs
import httpx
import pytest
import structlog

from textback.clock import SystemClock, micros, moment
from textback.model import PhoneNumber
from textback.services import Contact, Services
from textback.store import contacts as units
from textback.store import open_embedded
from textback_contacts import Contacts, Settings

CLIENT = "bright-smile"


@attrs.frozen
class StoredContacts:
    """`textback.services.Contacts` on the store's units."""

    store: object

    async def get(self, number):
        row = await self.store.read(lambda: units.get(CLIENT, number))
        return _contact(units.as_dict(row)) if row else None

    async def save(self, contact):
        values = attrs.asdict(contact)
        now = micros(SystemClock().now())
        await self.store.write(lambda: units.save(CLIENT, contact.number, values, now))
        return await self.get(contact.number)

    async def log(self, number, key, entry):
        now = micros(SystemClock().now())
        await self.store.write(lambda: units.log(CLIENT, number, key, now, entry))

    async def entries(self, number):
        return await self.store.read(lambda: units.entries(CLIENT, number))


def _contact(values):
    return Contact(
        **{
            **values,
            "number": PhoneNumber(values["number"]),
            "tags": tuple(values["tags"]),
            "created_at": moment(values["created_at"]),
            "updated_at": moment(values["updated_at"]),
        }
    )


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
                contacts=StoredContacts(store),
                in_thread=None,
            ),
        )
    await store.close()
