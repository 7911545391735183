"""The plugin: which hook is answered where."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

import attrs

from textback.events import Event, Reading, WebhookRequest
from textback.hookspecs import hookimpl
from textback.model import (
    Activity,
    Call,
    Caller,
    CannotTell,
    Case,
    CrmRef,
    Erased,
    Finding,
    Lead,
    PhoneNumber,
    Receipt,
    Text,
)
from textback.services import Services
from textback_gohighlevel import (
    checking,
    contacts,
    erasing,
    listing,
    notes,
    opportunities,
    sending,
    webhook,
)
from textback_gohighlevel.api import Api
from textback_gohighlevel.catalog import Catalog
from textback_gohighlevel.identify import identify
from textback_gohighlevel.settings import Settings
from textback_gohighlevel.tokens import MAINTAINED


@attrs.frozen(eq=False)
class GoHighLevel:
    """One sub-account: its contacts and opportunities, and the calls and texts of its numbers."""

    api = 1

    settings: Settings
    services: Services
    _api: Api = attrs.field(init=False, repr=False)
    _catalog: Catalog = attrs.field(init=False, repr=False)

    @_api.default
    def _make_api(self) -> Api:
        return Api(self.settings, self.services)

    @_catalog.default
    def _make_catalog(self) -> Catalog:
        return Catalog(self._api, self.services)

    @hookimpl
    async def read_webhook(self, request: WebhookRequest) -> Reading:
        """Verify and read a webhook of the app's; see `textback_gohighlevel.webhook`."""
        return await webhook.read(self._api, self.settings, self.services, request)

    @hookimpl
    async def list_calls(self, since: datetime) -> AsyncIterator[Event]:
        """Find what no webhook told; see `textback_gohighlevel.listing.calls`."""
        async for event in listing.calls(self._api, self.settings, self.services, since):
            yield event

    @hookimpl
    async def identify_caller(self, call: Call) -> Caller | None:
        """Who has the caller's number; see `textback_gohighlevel.identify`."""
        if call.caller is None:
            return None
        return await identify(self._api, self._catalog, self.settings, self.services, call.caller)

    @hookimpl
    async def booking_link(self, case: Case) -> str | None:
        """The calendar, as the settings name it."""
        return self.settings.booking_url

    @hookimpl
    async def send_text(self, text: Text) -> Receipt:
        """Hand one text to GoHighLevel; see `textback_gohighlevel.sending.send`."""
        return await sending.send(self._api, self.settings, self.services, text)

    @hookimpl
    async def find_text(self, text: Text) -> Receipt | CannotTell:
        """Look for a text among those listed; see `textback_gohighlevel.sending.find`."""
        return await sending.find(self._api, self.settings, self.services, text)

    @hookimpl
    async def list_texts(self, since: datetime) -> AsyncIterator[Event]:
        """Find texts in and out; see `textback_gohighlevel.listing.texts`."""
        async for event in listing.texts(self._api, self.settings, self.services, since):
            yield event

    @hookimpl
    async def save_contact(self, lead: Lead, key: str) -> CrmRef:
        """Find or make the contact; see `textback_gohighlevel.contacts.save`."""
        return await contacts.save(self._api, self._catalog, self.settings, self.services, lead)

    @hookimpl
    async def save_deal(self, ref: CrmRef, lead: Lead, key: str) -> CrmRef | None:
        """Find or make the open opportunity; see `textback_gohighlevel.opportunities.save`."""
        return await opportunities.save(
            self._api, self._catalog, self.settings, self.services, ref, lead
        )

    @hookimpl
    async def log_activity(self, ref: CrmRef, activity: Activity, key: str) -> None:
        """Write a note; see `textback_gohighlevel.notes.log`."""
        await notes.log(self._api, self.settings, self.services, ref, activity, key)

    @hookimpl
    async def maintain(self) -> None:
        """Renew the app's token long before it ends; nothing for a private integration."""
        await self._api.tokens.current(left=MAINTAINED)

    @hookimpl
    async def erase(self, number: PhoneNumber) -> Erased:
        """Forget the number, and say where people find the rest."""
        return await erasing.erase(self._api, self.settings, self.services, number)

    @hookimpl
    async def check(self) -> list[Finding]:
        """Whether all is set up; see `textback_gohighlevel.checking`."""
        return await checking.check(self._api, self._catalog, self.settings, self.services)
