"""The plugin: which hook is answered where."""

from __future__ import annotations

import attrs

from textback.hookspecs import hookimpl
from textback.model import (
    Activity,
    Addresses,
    Call,
    Caller,
    Change,
    CrmRef,
    Erased,
    Finding,
    Lead,
    PhoneNumber,
)
from textback.services import Services
from textback_hubspot import callers, connecting, erasing
from textback_hubspot.activities import Activities
from textback_hubspot.api import Account
from textback_hubspot.checking import Check
from textback_hubspot.contacts import Contacts
from textback_hubspot.deals import Deals
from textback_hubspot.memory import Memory
from textback_hubspot.people import People
from textback_hubspot.settings import Settings
from textback_hubspot.tags import Tags


@attrs.frozen(eq=False)
class HubSpot:
    """One HubSpot account as a CRM: contacts, deals and timelines."""

    api = 1

    settings: Settings
    services: Services
    _account: Account = attrs.field(init=False, repr=False)
    _memory: Memory = attrs.field(init=False, repr=False)
    _people: People = attrs.field(init=False, repr=False)

    @_account.default
    def _make_account(self) -> Account:
        return Account(self.settings, self.services)

    @_memory.default
    def _make_memory(self) -> Memory:
        return Memory(self.services, self.settings.search_lag_s)

    @_people.default
    def _make_people(self) -> People:
        return People(self._account, self._memory)

    @hookimpl
    async def identify_caller(self, call: Call) -> Caller | None:
        """Who has the caller's number; see `textback_hubspot.callers.identify`."""
        if call.caller is None:
            return None
        return await callers.identify(self._account, self._people, self._memory, call.caller)

    @hookimpl
    async def save_contact(self, lead: Lead, key: str) -> CrmRef:
        """Find or make the contact; see `textback_hubspot.contacts`.

        A contact is made under its number rather than under *key*: two cases of one caller must
        not make two contacts.
        """
        contacts = Contacts(self._account, self._memory, self._people, Tags(self._account))
        return await contacts.save(lead)

    @hookimpl
    async def save_deal(self, ref: CrmRef, lead: Lead, key: str) -> CrmRef | None:
        """Find or make the open deal; see `textback_hubspot.deals`."""
        return await self._deals().save(ref, lead, key)

    @hookimpl
    async def log_activity(self, ref: CrmRef, activity: Activity, key: str) -> None:
        """Write to the contact's timeline; see `textback_hubspot.activities`."""
        await Activities(self._account, self._memory, self._people).log(ref, activity, key)

    @hookimpl
    async def erase(self, number: PhoneNumber) -> Erased:
        """Delete for good what textback made; see `textback_hubspot.erasing`."""
        return await erasing.erase(self._account, self._people, self._memory, number)

    @hookimpl
    async def connect(self, addresses: Addresses, dry_run: bool) -> list[Change]:
        """Make the unique property for the number; see `textback_hubspot.connecting`."""
        return await connecting.connect(self._account, dry_run=dry_run)

    @hookimpl
    async def check(self) -> list[Finding]:
        """Whether the account is as it must be; see `textback_hubspot.checking`."""
        return await Check(self._account, self._people, self._deals()).findings()

    def _deals(self) -> Deals:
        return Deals(self._account, self._memory, self._people)
