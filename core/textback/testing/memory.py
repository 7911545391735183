"""Services that keep everything in memory, for the tests of one plugin."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import attrs

from textback.clock import Clock
from textback.model import PhoneNumber
from textback.services import Contact


class MemoryState:
    """`textback.services.State` without a store.

    Attributes:
        touched: The keys that were read, written or locked, in order.
    """

    def __init__(self, clock: Clock) -> None:
        self.touched: list[str] = []
        self._clock = clock
        self._values: dict[str, tuple[Any, Any]] = {}
        self._locks: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def get(self, key: str) -> Any:
        """The value, or None if there is none or its time is over."""
        self.touched.append(key)
        value, until = self._values.get(key, (None, None))
        return value if until is None or until > self._clock.now() else None

    async def set(self, key: str, value: Any, *, ttl_s: float | None = None) -> None:
        """Keep a value, for *ttl_s* seconds if given."""
        self.touched.append(key)
        until = self._clock.now() + timedelta(seconds=ttl_s) if ttl_s is not None else None
        self._values[key] = (value, until)

    async def add(self, key: str, value: Any, *, ttl_s: float | None = None) -> bool:
        """Keep a value if there is none; False if there was one."""
        if await self.get(key) is not None:
            return False
        await self.set(key, value, ttl_s=ttl_s)
        return True

    async def take(self, key: str, amount: int, most: int, *, ttl_s: float | None = None) -> bool:
        """Add to a count, if it stays at *most* or below; False, and nothing added, if not."""
        self.touched.append(key)
        value, until = self._values.get(key, (0, None))
        if until is not None and until <= self._clock.now():
            value, until = 0, None
        if value + amount > most:
            return False
        if until is None and ttl_s is not None:
            until = self._clock.now() + timedelta(seconds=ttl_s)
        self._values[key] = (value + amount, until)
        return True

    async def delete(self, key: str) -> None:
        """Forget a value."""
        self.touched.append(key)
        self._values.pop(key, None)

    @asynccontextmanager
    async def lock(self, key: str) -> AsyncIterator[None]:
        """Only one holder at a time."""
        self.touched.append(key)
        async with self._locks[key]:
            yield


class MemoryContacts:
    """`textback.services.Contacts` without a store, and the book of a CRM that is kept in it.

    Attributes:
        deals: None: they aren't kept here.
    """

    deals = 0

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._contacts: dict[PhoneNumber, Contact] = {}
        self._logs: defaultdict[PhoneNumber, dict[str, Mapping[str, Any]]] = defaultdict(dict)

    @property
    def contacts(self) -> int:
        """How many there are."""
        return len(self._contacts)

    @property
    def activities(self) -> int:
        """How many are logged, of all contacts."""
        return sum(map(len, self._logs.values()))

    async def get(self, number: PhoneNumber) -> Contact | None:
        """The contact with this number."""
        return self._contacts.get(number)

    async def save(self, contact: Contact) -> Contact:
        """Add a contact or what is new of it: tags are added, other given fields replaced."""
        now = self._clock.now()
        known = self._contacts.get(contact.number) or Contact(number=contact.number, created_at=now)
        saved = attrs.evolve(
            known,
            name=contact.name or known.name,
            email=contact.email or known.email,
            stage=contact.stage or known.stage,
            tags=tuple(dict.fromkeys((*known.tags, *contact.tags))),
            fields={**known.fields, **contact.fields},
            updated_at=now,
        )
        self._contacts[contact.number] = saved
        return saved

    async def log(self, number: PhoneNumber, key: str, entry: Mapping[str, Any]) -> None:
        """Write one activity to a contact's log, once for each *key*."""
        self._logs[number].setdefault(key, entry)

    async def entries(self, number: PhoneNumber) -> list[Mapping[str, Any]]:
        """A contact's log, oldest first."""
        return list(self._logs[number].values())

    async def erase(self, number: PhoneNumber) -> int:
        """Forget a contact with its log; how many records that were."""
        log = self._logs.pop(number, {})
        return len(log) + (self._contacts.pop(number, None) is not None)
