"""What is across the internet in tests of the engine: senders, a CRM, a team; they do as told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import attrs

from textback.events import Reading, WebhookRequest
from textback.hookspecs import hookimpl
from textback.model import (
    Absent,
    Activity,
    Call,
    Caller,
    CannotTell,
    Case,
    CrmRef,
    Lead,
    Notice,
    Receipt,
    Text,
)
from textback.plugins import Found

Send = Callable[[Text], Awaitable[Receipt]]
Answer = Receipt | Absent | CannotTell


@attrs.define(eq=False)
class Outside:
    """Everything outside, with all that reached it.

    Attributes:
        taken: What each sender took, in order: its name and the text.
        told: What each notifier told the team, in order: its name and the notice.
        asked: Every text that a sender was handed, taken or not.
        sending: What a sender does with the next texts; it takes them if nothing is said.
        finding: What a sender says of a text that it is asked about.
        seeking: Awaited before a sender says what it has found.
        known: What the CRM knows of every caller.
        lookups: The calls whose callers the CRM was asked for.
        looking: Awaited before the CRM says what it knows.
        saving: Awaited before the CRM saves a contact.
        telling: Awaited before the team is told.
        others: More plugins to choose from, by name.
    """

    taken: list[tuple[str, Text]] = attrs.field(factory=list)
    asked: list[tuple[str, Text]] = attrs.field(factory=list)
    sought: list[Text] = attrs.field(factory=list)
    leads: dict[str, Lead] = attrs.field(factory=dict)
    logged: dict[str, Activity] = attrs.field(factory=dict)
    told: list[tuple[str, Notice]] = attrs.field(factory=list)
    sending: dict[str, Send] = attrs.field(factory=dict)
    finding: Callable[[Text], Answer] = attrs.field(default=lambda text: CannotTell())
    seeking: Callable[[Text], Awaitable[None]] | None = None
    known: Caller | None = None
    lookups: list[Call] = attrs.field(factory=list)
    looking: Callable[[Call], Awaitable[None]] | None = None
    saving: Callable[[Lead], Awaitable[None]] | None = None
    telling: Callable[[Notice], Awaitable[None]] | None = None
    others: dict[str, type] = attrs.field(factory=dict)

    def take(self, plugin: str, text: Text) -> Receipt:
        """A provider takes a text: the caller gets it."""
        self.taken.append((plugin, text))
        return Receipt(f"SM-{text.id}")

    @property
    def notices(self) -> list[Notice]:
        """What the team was told, whoever told it."""
        return [notice for _, notice in self.told]

    def bodies(self, number: str) -> list[str]:
        """What a phone has got."""
        return [text.body for _, text in self.taken if text.to == number]

    def plugins(self) -> dict[str, Found]:
        """The plugins to choose from, in a client's file."""
        kinds: dict[str, type] = {
            "phones": Phones,
            "carrier": Carrier,
            "crm": Crm,
            "team": Team,
            "booker": Booker,
        }
        made = {
            name: type(kind.__name__, (kind,), {"outside": self}) for name, kind in kinds.items()
        }
        return {name: Found.of(name, kind) for name, kind in {**made, **self.others}.items()}


@attrs.frozen(kw_only=True)
class Settings:
    """Those that some plugin has."""

    settle_s: float = 0.0
    opt_out_replies: str = "textback"
    timeout_s: float = 10.0


@attrs.frozen(eq=False)
class Plugin:
    """What all have."""

    settings: Settings
    services: Any

    @property
    def world(self) -> Outside:
        """The outside that this class was made for."""
        outside: Outside = type(self).outside  # type: ignore[attr-defined]
        return outside


class Phones(Plugin):
    """A source; tests hand its events to the engine."""

    @hookimpl
    async def read_webhook(self, request: WebhookRequest) -> Reading:
        return Reading()


class Carrier(Plugin):
    """A sender."""

    @hookimpl
    async def send_text(self, text: Text) -> Receipt:
        plugin = self.services.plugin
        self.world.asked.append((plugin, text))
        if plugin in self.world.sending:
            return await self.world.sending[plugin](text)
        return self.world.take(plugin, text)

    @hookimpl
    async def find_text(self, text: Text) -> Answer:
        self.world.sought.append(text)
        if self.world.seeking is not None:
            await self.world.seeking(text)
        return self.world.finding(text)


class Crm(Plugin):
    """A CRM: a contact for each key, however often it is saved."""

    @hookimpl
    async def identify_caller(self, call: Call) -> Caller | None:
        self.world.lookups.append(call)
        if self.world.looking is not None:
            await self.world.looking(call)
        return self.world.known

    @hookimpl
    async def save_contact(self, lead: Lead, key: str) -> CrmRef:
        if self.world.saving is not None:
            await self.world.saving(lead)
        self.world.leads[key] = lead
        return CrmRef(f"contact-{lead.number}")

    @hookimpl
    async def log_activity(self, ref: CrmRef, activity: Activity, key: str) -> None:
        self.world.logged[key] = activity


class Team(Plugin):
    """A notifier."""

    @hookimpl
    async def notify_team(self, notice: Notice) -> None:
        if self.world.telling is not None:
            await self.world.telling(notice)
        self.world.told.append((self.services.plugin, notice))


class Booker(Plugin):
    """A booking tool."""

    @hookimpl
    async def booking_link(self, case: Case) -> str | None:
        return f"https://book.example/{case.id}"
