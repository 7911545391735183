"""The contact of a lead: found or made, and filled in where it is empty."""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from textback.errors import Refused
from textback.model import CrmRef, Lead
from textback_hubspot.api import Account
from textback_hubspot.memory import Known, Memory
from textback_hubspot.people import EMAIL, NAMES, OWNER, PHONES, People, name_of
from textback_hubspot.records import CONTACTS, Record
from textback_hubspot.tags import Tags
from textback_hubspot.trouble import Conflict

OF_DEAL = "deal."
"""Fields of ``[[lead]]`` whose names begin with this are the deal's."""


@attrs.frozen(eq=False)
class Contacts:
    """The contacts of one account, as leads change them."""

    account: Account
    memory: Memory
    people: People
    tags: Tags

    async def save(self, lead: Lead) -> CrmRef:
        """Find or make the contact of a lead; what it has already is left as it is.

        Raises:
            Refused: HubSpot answered no, or what the lead names isn't there.
            NotSent, MaybeSent: HubSpot gave no answer.
        """
        wanted = {
            name: value
            for name, value in lead.fields.items()
            if value and not name.startswith(OF_DEAL)
        }
        if lead.email:
            wanted.setdefault(EMAIL, lead.email)
        if lead.owner:
            wanted[OWNER] = await self.people.owner_id(lead.owner)
        tagged = self.account.settings.tag_property
        names = {*wanted, *([tagged] if tagged is not None else [])}
        async with self.memory.lock(lead.number):
            contact = await self.people.contact_of(lead.number, names)
            if contact is None:
                contact = await self._make(lead, wanted, names)
            await self._fill(lead, contact, wanted)
            await self.tags.put_on_list(contact.id, lead.tag)
        return CrmRef(contact.id, await self.account.url(CONTACTS, contact.id))

    async def _make(self, lead: Lead, wanted: Mapping[str, str], names: set[str]) -> Record:
        """Make the contact; or the one that HubSpot says is there already."""
        settings = self.account.settings
        values = {
            **_named(lead),
            **wanted,
            **await self.tags.values(Record(""), lead.tag),
            settings.phone_property: lead.number,
        }
        if settings.number_property is not None:
            values[settings.number_property] = lead.number
        made: Record | None = None

        async def make() -> str:
            nonlocal made
            try:
                made = Record(await self._create(values), values)
            except Conflict as conflict:
                return await self._existing(values, conflict)
            return made.id

        unique = settings.number_property is not None
        contact = await self.memory.make_contact(lead.number, _whole(lead), make, unique=unique)
        known = Known(id=contact, made=made is not None, name=_whole(lead))
        await self.memory.keep_contact(lead.number, known)
        if made is not None:
            return made
        found = await self.account.read(CONTACTS, contact, self.people.properties(names))
        if found is None:
            await self.memory.forget(lead.number)
            raise Refused("the contact was deleted in HubSpot just now", permanent=False)
        return found

    async def _create(self, values: Mapping[str, str]) -> str:
        try:
            return (await self.account.create(CONTACTS, values)).id
        except Refused as error:
            if error.code != "INVALID_EMAIL" or EMAIL not in values:
                raise
        return (await self.account.create(CONTACTS, _without_email(values))).id

    async def _existing(self, values: Mapping[str, str], conflict: Conflict) -> str:
        """The contact because of which HubSpot makes no other.

        Raises:
            Conflict: It isn't to be found.
        """
        if conflict.existing is not None:
            return conflict.existing
        for unique in (self.account.settings.number_property, EMAIL):
            if unique is not None and unique in values:
                found = await self.account.read(CONTACTS, values[unique], (), by=unique)
                if found is not None:
                    return found.id
        raise conflict

    async def _fill(self, lead: Lead, contact: Record, wanted: Mapping[str, str]) -> None:
        """Write what is empty, or may be replaced."""
        changes = changed(contact, wanted, self.account.settings.overwrite)
        if not self.people.has(contact, lead.number):  # it was found by something else
            order = sorted(PHONES, key=lambda each: each != self.account.settings.phone_property)
            empty = next((each for each in order if not contact.get(each)), None)
            if empty is not None:
                changes[empty] = lead.number
        if name_of(contact) is None:
            changes = {**_named(lead), **changes}
        changes.update(await self.tags.values(contact, lead.tag))
        if not changes:
            return
        try:
            await self.account.update(CONTACTS, contact.id, changes)
        except Refused as error:
            foreign = isinstance(error, Conflict) or error.code == "INVALID_EMAIL"
            changes = _without_email(changes) if foreign and EMAIL in changes else {}
            if not changes:
                raise
            await self.account.update(CONTACTS, contact.id, changes)
        if any(each in changes for each in NAMES):
            known = await self.memory.contact(lead.number) or Known(id=contact.id)
            await self.memory.keep_contact(lead.number, attrs.evolve(known, name=_whole(lead)))


def changed(
    record: Record, wanted: Mapping[str, str], overwrite: tuple[str, ...]
) -> dict[str, str]:
    """What of the wanted values is to be written: what is empty, or may be replaced."""
    return {
        name: value
        for name, value in wanted.items()
        if value != record.get(name) and (not record.get(name) or name in overwrite)
    }


def _whole(lead: Lead) -> str | None:
    """The caller's name as it is written to HubSpot; it may be a caller ID."""
    return " ".join((lead.name or "").split()) or None


def _named(lead: Lead) -> dict[str, str]:
    first, _, last = (_whole(lead) or "").partition(" ")
    return {name: value for name, value in zip(NAMES, (first, last), strict=True) if value}


def _without_email(values: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in values.items() if name != EMAIL}
