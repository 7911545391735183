"""What plugins are handed of the store: their own durable state, and the embedded CRM."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import attrs

from textback.clock import Clock, micros, moment
from textback.errors import StoreBusy
from textback.model import PhoneNumber
from textback.services import Contact
from textback.store import Store, Work, contacts, plugin_state

LOCK_S = 60.0  # a lock whose holder died is free again after this
LOCK_WAITS_S = 30.0
_LOCK_LOOKS_S = 0.05


@attrs.frozen(eq=False)
class PluginState:
    """Durable key-values of one plugin of one client; see `textback.services.State`."""

    store: Store
    clock: Clock
    client: str
    plugin: str

    async def get(self, key: str) -> Any:
        """The value, or None if there is none or its time is over."""
        now = micros(self.clock.now())
        return await self.store.read(lambda: plugin_state.get(self.client, self.plugin, key, now))

    async def set(self, key: str, value: Any, *, ttl_s: float | None = None) -> None:
        """Keep a value, for *ttl_s* seconds if given."""
        until = self._until(ttl_s)
        await self.store.write(
            lambda: plugin_state.put(self.client, self.plugin, key, value, until)
        )

    async def add(self, key: str, value: Any, *, ttl_s: float | None = None) -> bool:
        """Keep a value if there is none; False if there was one."""
        now, until = micros(self.clock.now()), self._until(ttl_s)
        return await self.store.write(
            lambda: plugin_state.add(self.client, self.plugin, key, value, until, now)
        )

    async def take(self, key: str, amount: int, most: int, *, ttl_s: float | None = None) -> bool:
        """Add to a count, if it stays at *most* or below; False, and nothing added, if not."""
        now, until = micros(self.clock.now()), self._until(ttl_s)
        return await self.store.write(
            lambda: plugin_state.take(self.client, self.plugin, key, amount, most, until, now)
        )

    async def delete(self, key: str) -> None:
        """Forget a value."""
        await self.store.write(lambda: plugin_state.delete(self.client, self.plugin, key))

    @asynccontextmanager
    async def lock(self, key: str) -> AsyncIterator[None]:
        """Only one holder at a time, in all processes.

        Raises:
            StoreBusy: Somebody else held it for half a minute.
        """
        name, token = f"lock:{key}", secrets.token_hex(8)
        for _ in range(int(LOCK_WAITS_S / _LOCK_LOOKS_S)):
            if await self.add(name, token, ttl_s=LOCK_S):
                break
            await asyncio.sleep(_LOCK_LOOKS_S)
        else:
            raise StoreBusy(f"{self.plugin}: the lock {key!r} was held all the time")
        try:
            yield
        finally:
            await self.store.write(
                lambda: plugin_state.release(self.client, self.plugin, name, token)
            )

    def _until(self, ttl_s: float | None) -> int | None:
        if ttl_s is None:
            return None
        return micros(self.clock.now()) + int(ttl_s * 1_000_000)


@attrs.frozen(eq=False)
class StoredContacts:
    """The embedded CRM of one client; see `textback.services.Contacts`."""

    store: Store
    clock: Clock
    client: str

    async def get(self, number: PhoneNumber) -> Contact | None:
        """The contact with this number."""
        row = await self.store.read(lambda: contacts.get(self.client, number))
        return _contact(number, contacts.as_dict(row)) if row is not None else None

    async def save(self, contact: Contact) -> Contact:
        """Add a contact or what is new of it: tags are added, other given fields replaced."""
        values = {
            "name": contact.name,
            "email": contact.email,
            "stage": contact.stage,
            "tags": contact.tags,
            "fields": dict(contact.fields),
        }
        now = micros(self.clock.now())

        def unit() -> Work[Mapping[str, Any]]:
            yield from contacts.save(self.client, contact.number, values, now)
            row = yield from contacts.get(self.client, contact.number)
            assert row is not None
            return contacts.as_dict(row)

        return _contact(contact.number, await self.store.write(unit))

    async def log(self, number: PhoneNumber, key: str, entry: Mapping[str, Any]) -> None:
        """Write one activity to a contact's log, once for each *key*."""
        at = micros(self.clock.now())
        await self.store.write(lambda: contacts.log(self.client, number, key, at, entry))

    async def entries(self, number: PhoneNumber) -> list[Mapping[str, Any]]:
        """A contact's log, oldest first."""
        found = await self.store.read(lambda: contacts.entries(self.client, number))
        return list(found)

    async def erase(self, number: PhoneNumber) -> int:
        """Forget a contact with its log; how many records that were."""
        return await self.store.write(lambda: contacts.erase(self.client, number))


def _contact(number: PhoneNumber, values: Mapping[str, Any]) -> Contact:
    return Contact(
        number=number,
        name=values["name"],
        email=values["email"],
        stage=values["stage"],
        tags=tuple(values["tags"]),
        fields=values["fields"],
        created_at=moment(values["created_at"]),
        updated_at=moment(values["updated_at"]),
    )
