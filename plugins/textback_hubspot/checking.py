"""Look whether the account has what the settings and leads name.  Writes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import attrs

from textback.errors import ProviderError
from textback.model import Finding, PhoneNumber, Severity
from textback.services import LeadRule
from textback_hubspot.api import Account
from textback_hubspot.connecting import not_unique
from textback_hubspot.contacts import OF_DEAL
from textback_hubspot.deals import Deals
from textback_hubspot.forms import COMMUNICATION_TO_CONTACT
from textback_hubspot.people import People
from textback_hubspot.records import CONTACTS, DEALS
from textback_hubspot.tags import list_fault, value_of

OWNERS = "crm.objects.owners.read"
SOMEBODY = PhoneNumber("+13035550199")  # is searched for, to see whether that is allowed


@attrs.frozen(eq=False)
class Check:
    """The account of one client, as it should be."""

    account: Account
    people: People
    deals: Deals

    async def findings(self) -> list[Finding]:
        """What is wrong at HubSpot, or in the settings, and what to do; one OK if nothing is."""
        try:
            await self.people.having(SOMEBODY)
        except ProviderError as error:
            return [_error(f"the contacts can't be searched: {error}")]
        found = [finding async for finding in self._scopes()]
        found += [finding async for finding in self._settings()]
        for number, rule in enumerate(self.account.services.leads, 1):
            found += [finding async for finding in self._lead(f"lead[{number}]", rule)]
        try:
            about = await self.account.about(fresh=True)
        except ProviderError as error:
            about = {}
            found.append(_warning(f"notices have no link to the record: {error}"))
        if all(each.severity is not Severity.ERROR for each in found):
            found.append(Finding(Severity.OK, f"leads go to account {about.get('portalId', '?')}"))
        return found

    async def _scopes(self) -> AsyncIterator[Finding]:
        try:
            granted = await self.account.scopes()
        except ProviderError as error:
            yield _warning(f"it can't be known which scopes the token has: {error}")
            return
        if missing := sorted(self._needed() - granted):
            yield _error(f"the token lacks the scopes: {', '.join(missing)}; add them in HubSpot")
        if OWNERS not in granted | self._needed():
            words = f"the token lacks the scope {OWNERS}: whose contact calls isn't known"
            yield _warning(words)

    def _needed(self) -> set[str]:
        """https://developers.hubspot.com/docs/apps/developer-platform/build-apps/authentication/scopes."""
        services, settings = self.account.services, self.account.settings
        needed = {"crm.objects.contacts.read", "crm.objects.contacts.write"}
        if settings.stage or any(rule.stage for rule in services.leads):
            needed |= {"crm.objects.deals.read", "crm.objects.deals.write"}
        if any(rule.owner for rule in services.leads):
            needed.add(OWNERS)
        if settings.tag_lists:
            needed |= {"crm.lists.read", "crm.lists.write"}
        return needed

    async def _settings(self) -> AsyncIterator[Finding]:
        settings, services = self.account.settings, self.account.services
        try:
            if settings.stage is not None:
                await self.deals.place(None, None)
        except ProviderError as error:
            yield _error(f"plugins.{services.plugin}.stage: {error}")
        for setting in ("tag", "number", "language", "vip", "do_not_text", "consent"):
            name = getattr(settings, f"{setting}_property")
            if name is None:
                continue
            async for finding in self._property(f"{setting}_property", CONTACTS, name):
                yield finding
        name = settings.number_property
        if name is not None:
            definition = await self._definition(CONTACTS, name)
            if definition is not None and not definition.has_unique_value:
                yield _error(not_unique(name))
        try:
            types = await self.account.link_types("communications", CONTACTS)
        except ProviderError as error:
            yield _warning(f"it can't be known whether texts can be logged: {error}")
        else:
            if COMMUNICATION_TO_CONTACT not in types:
                words = "texts can't be logged: the account's association types aren't HubSpot's"
                yield _error(words)

    async def _lead(self, path: str, rule: LeadRule) -> AsyncIterator[Finding]:
        try:
            if rule.stage is not None or rule.pipeline is not None:
                await self.deals.place(rule.pipeline, rule.stage)
        except ProviderError as error:
            yield _error(f"{path}.stage: {error}")
        try:
            if rule.owner is not None:
                await self.people.owner_id(rule.owner)
        except ProviderError as error:
            yield _error(f"{path}.owner: {error}")
        for field, value in rule.fields.items():
            kind = DEALS if field.startswith(OF_DEAL) else CONTACTS
            name = field.removeprefix(OF_DEAL)
            async for finding in self._property(f"{path}.fields.{field}", kind, name, value):
                yield finding
        if rule.tag is not None:
            async for finding in self._tag(path, rule.tag):
                yield finding

    async def _tag(self, path: str, tag: str) -> AsyncIterator[Finding]:
        settings = self.account.settings
        if settings.tag_property is None and not settings.tag_lists:
            yield _warning(f"{path}.tag goes nowhere: set tag_property, or tag_lists")
        if settings.tag_property is not None:
            definition = await self._definition(CONTACTS, settings.tag_property)
            if definition is not None and value_of(definition, tag) is None:
                yield _error(f'{path}.tag: {settings.tag_property} doesn\'t offer "{tag}"')
        if settings.tag_lists:
            try:
                fault = list_fault(await self.account.list_named(tag), tag)
            except ProviderError as error:
                fault = str(error)
            if fault is not None:
                yield _error(f"{path}.tag: {fault}")

    async def _property(
        self, path: str, kind: str, name: str, value: str | None = None
    ) -> AsyncIterator[Finding]:
        try:
            definition = await self.account.definition(kind, name)
        except ProviderError as error:
            yield _warning(f"{path}: it can't be known whether {name} exists: {error}")
            return
        if definition is None:
            hint = "; run `textback connect`" if path == "number_property" else ""
            yield _error(f'{path}: HubSpot has no property "{name}" of {kind}{hint}')
        elif value is not None and (fault := _unfit(definition, value)) is not None:
            yield _error(f"{path}: {fault}")

    async def _definition(self, kind: str, name: str) -> Any:
        """A property; None if it can't be read, which is told elsewhere."""
        try:
            return await self.account.definition(kind, name)
        except ProviderError:
            return None


def _unfit(definition: Any, value: str) -> str | None:
    """Why a value can't be written to a property, as far as that is seen from here."""
    if getattr(definition.modification_metadata, "read_only_value", False):
        return "HubSpot sets it itself"
    if definition.type != "enumeration" or definition.external_options:
        return None
    values = [str(option.value) for option in definition.options or ()]
    unknown = [each for each in value.split(";") if each not in values]
    if not unknown:
        return None
    return f'it has no choice "{unknown[0]}"; its internal values are: {", ".join(values[:20])}'


def _error(message: str) -> Finding:
    return Finding(Severity.ERROR, message)


def _warning(message: str) -> Finding:
    return Finding(Severity.WARNING, message)
