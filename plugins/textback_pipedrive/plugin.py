"""The plugin: which hook is answered where."""

from __future__ import annotations

import attrs

from textback.hookspecs import hookimpl
from textback.model import Activity, Call, Caller, CrmRef, Erased, Finding, Lead, PhoneNumber
from textback.services import Services
from textback_pipedrive import activities, checking, deals, erasing, persons
from textback_pipedrive.api import Api
from textback_pipedrive.catalog import Catalog
from textback_pipedrive.identify import identify
from textback_pipedrive.settings import Settings


@attrs.frozen(eq=False)
class Pipedrive:
    """Persons, deals and activities of one company's Pipedrive."""

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
    async def identify_caller(self, call: Call) -> Caller | None:
        """Who has the caller's number; see `textback_pipedrive.identify`."""
        if call.caller is None:
            return None
        return await identify(self._api, self._catalog, self.settings, self.services, call.caller)

    @hookimpl
    async def save_contact(self, lead: Lead, key: str) -> CrmRef:
        """Find or make the person; see `textback_pipedrive.persons.save`."""
        return await persons.save(self._api, self._catalog, self.settings, self.services, lead)

    @hookimpl
    async def save_deal(self, ref: CrmRef, lead: Lead, key: str) -> CrmRef | None:
        """Find or make the open deal; see `textback_pipedrive.deals.save`."""
        return await deals.save(self._api, self._catalog, self.settings, self.services, ref, lead)

    @hookimpl
    async def log_activity(self, ref: CrmRef, activity: Activity, key: str) -> None:
        """Write an activity or a note; see `textback_pipedrive.activities.log`."""
        await activities.log(self._api, self.settings, self.services, ref, activity, key)

    @hookimpl
    async def erase(self, number: PhoneNumber) -> Erased:
        """Forget the number, and say where people find the rest."""
        return await erasing.erase(self._api, self._catalog, self.services, number)

    @hookimpl
    async def check(self) -> list[Finding]:
        """Whether all is set up; see `textback_pipedrive.checking`."""
        return await checking.check(self._api, self._catalog, self.settings, self.services)
