"""What a plugin is handed: everything that it uses and nothing that it shares with others."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from datetime import datetime
from typing import Any, Protocol, TypeVar

import attrs
import httpx

from textback.clock import Clock
from textback.model import PhoneNumber

T = TypeVar("T")


class LeadRule(Protocol):
    """One ``[[lead]]`` of the client's file: what CRMs will be told."""

    @property
    def tag(self) -> str | None:
        """Tag that the contact gets."""

    @property
    def pipeline(self) -> str | None:
        """Pipeline of the deal."""

    @property
    def stage(self) -> str | None:
        """Stage of the contact or deal."""

    @property
    def owner(self) -> str | None:
        """Who owns the contact in the CRM."""

    @property
    def fields(self) -> Mapping[str, str]:
        """Custom fields and their values."""


class Log(Protocol):
    """A structured log; the event is a constant phrase, what varies goes into keywords."""

    def info(self, event: str, /, **values: object) -> Any:
        """Something happened as expected."""

    def warning(self, event: str, /, **values: object) -> Any:
        """Something happened that a person should know."""


class State(Protocol):
    """Durable key-values of one plugin of one client: tokens, cursors, replay marks.

    Values are what JSON can hold.
    """

    async def get(self, key: str) -> Any:
        """The value, or None if there is none or its time is over."""

    async def set(self, key: str, value: Any, *, ttl_s: float | None = None) -> None:
        """Keep a value, for *ttl_s* seconds if given."""

    async def add(self, key: str, value: Any, *, ttl_s: float | None = None) -> bool:
        """Keep a value if there is none; False if there was one.  A replay mark in one call."""

    async def take(self, key: str, amount: int, most: int, *, ttl_s: float | None = None) -> bool:
        """Add to a count, if it stays at *most* or below; False, and nothing added, if not.

        One step, however many ask at the same time: for caps on what is spent.  A count begins at
        0; *ttl_s* counts from its beginning.
        """

    async def delete(self, key: str) -> None:
        """Forget a value."""

    def lock(self, key: str) -> AbstractAsyncContextManager[None]:
        """Only one holder at a time, in all processes; given back after a minute at the latest."""


@attrs.frozen(kw_only=True)
class Contact:
    """A person in the embedded CRM.

    Attributes:
        number: By which a person is known.
        name: For the team.
        email: Where follow-ups by e-mail go.
        stage: How far they are.
        tags: In the order in which they were added.
        fields: Custom fields and their values.
        created_at: When they were first saved; set by the store.
        updated_at: When anything was saved last; set by the store.
    """

    number: PhoneNumber
    name: str | None = None
    email: str | None = None
    stage: str | None = None
    tags: tuple[str, ...] = ()
    fields: Mapping[str, str] = attrs.field(factory=dict)
    created_at: datetime | None = None
    updated_at: datetime | None = None


class Contacts(Protocol):
    """The embedded CRM of one client: kept in the same store as everything else."""

    async def get(self, number: PhoneNumber) -> Contact | None:
        """The contact with this number."""

    async def save(self, contact: Contact) -> Contact:
        """Add a contact or what is new of it: tags are added, other given fields replaced."""

    async def log(self, number: PhoneNumber, key: str, entry: Mapping[str, Any]) -> None:
        """Write one activity to a contact's log, once for each *key*."""

    async def entries(self, number: PhoneNumber) -> list[Mapping[str, Any]]:
        """A contact's log, oldest first."""

    async def erase(self, number: PhoneNumber) -> int:
        """Forget a contact with its log; how many records that were."""


@attrs.frozen(kw_only=True, eq=False)
class Services:
    """What each plugin instance gets.

    Attributes:
        client: The client's name (its file's stem); ``*`` for plugins of the deployment.
        plugin: The name of the plugin's table in the client's file.
        address: This plugin's own webhook address, without a topic.
        http: A client of its own over the shared transport: no cookies, no limits shared.  Its
            requests raise `NotSent` or `MaybeSent`, never httpx's errors.
        clock: ``now()`` is the present moment; nothing else asks for the time.
        log: ``info(event, **values)`` and ``warning``; numbers are masked, and what is called
            ``body``, ``token`` and the like is left out.
        state: Durable key-values, below.
        contacts: The embedded CRM, below.
        gate: ``async with gate:`` is one request to the plugin's account: it keeps the account's
            limits and raises `NotSent` while it keeps failing.  For SDKs; `http` passes it itself.
        in_thread: Runs a blocking call (an SDK) in a thread and awaits its result.  Give it a
            time-out of its own: a thread can't be stopped.
        lines: The client's phone numbers; none for plugins of the deployment.
        roles: Those in the plugin's table; None if it plays all that it can.
        leads: The client's ``[[lead]]`` rules, for `check`; a hook is handed the one that fits.
    """

    client: str
    plugin: str
    address: str
    http: httpx.AsyncClient
    clock: Clock
    log: Log
    state: State
    contacts: Contacts
    in_thread: InThread
    lines: tuple[PhoneNumber, ...] = ()
    roles: tuple[str, ...] | None = None
    leads: tuple[LeadRule, ...] = ()
    gate: AbstractAsyncContextManager[None] = attrs.field(factory=nullcontext)

    def plays(self, role: str) -> bool:
        """Whether the client's file lets the plugin play this role."""
        return self.roles is None or role in self.roles


class InThread(Protocol):
    """Runs a function in a thread."""

    async def __call__(self, function: Callable[..., T], /, *args: Any, **kwargs: Any) -> T:
        """What *function* returns, or what it raises."""
