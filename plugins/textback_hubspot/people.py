"""Who has a number: contacts compared by E.164, and which one is meant if several have it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import phonenumbers

from textback.errors import Refused
from textback.model import PhoneNumber
from textback.phones import normalise, region_of
from textback_hubspot.api import Account
from textback_hubspot.memory import Known, Memory
from textback_hubspot.records import CONTACTS, Record

PHONES = ("phone", "mobilephone")
NAMES = ("firstname", "lastname")
EMAIL, OWNER = "email", "hubspot_owner_id"
LAST_ACTIVITY = "notes_last_updated"  # what HubSpot shows as "last activity date"

# What HubSpot makes of a number that is written: area code and local number only, so that numbers
# of several countries look the same.
# https://developers.hubspot.com/docs/api-reference/search/guide#search-for-phone-numbers
SEARCHED = ("hs_searchable_calculated_phone_number", "hs_searchable_calculated_mobile_number")


class People:
    """The contacts and owners of an account."""

    def __init__(self, account: Account, memory: Memory) -> None:
        self._account = account
        self._memory = memory
        lines = account.services.lines
        self._region = region_of(lines[0]) if lines else None

    def has(self, contact: Record, number: PhoneNumber) -> bool:
        """Whether it is one of a contact's phone numbers."""
        return any(normalise(contact.get(name), self._region) == number for name in PHONES)

    async def having(self, number: PhoneNumber, names: Iterable[str] = ()) -> list[Record]:
        """All contacts that the search finds and that really have the number.

        If none has it as a phone, the one that has it in the unique property: textback made it for
        this number, and somebody has changed its phone since.
        """
        national = phonenumbers.national_significant_number(phonenumbers.parse(number, None))
        groups = [{name: national} for name in SEARCHED]
        groups += [{name: number} for name in PHONES]
        unique = self._account.settings.number_property
        if unique is not None:
            groups.append({unique: number})
        hits = await self._account.find(CONTACTS, groups, self.properties(names))
        by_phone = [hit for hit in hits if self.has(hit, number)]
        return by_phone or [hit for hit in hits if unique and hit.get(unique) == number]

    async def contact_of(self, number: PhoneNumber, names: Iterable[str] = ()) -> Record | None:
        """The contact that a number's leads and activities belong to; None if there is none.

        The one that it had last, as long as that has the number; else what the search finds.
        """
        known = await self._memory.contact(number)
        if known is not None:
            contact = await self._account.read(CONTACTS, known.id, self.properties(names))
            if contact is not None and self.has(contact, number):
                if contact.id != known.id:  # it was merged into another
                    await self._memory.keep_contact(number, Known(id=contact.id, name=known.name))
                return contact
        found = await self.having(number, names)
        if not found:
            return None
        contact = chosen(found)
        if len(found) > 1:
            self._account.services.log.info(
                "several contacts have a number", number=number, of=len(found), contact=contact.id
            )
        if known is None or known.id != contact.id:
            await self._memory.keep_found(number, contact.id)
        return contact

    def properties(self, names: Iterable[str]) -> set[str]:
        """What is read of every contact, and some more."""
        always = {*PHONES, *NAMES, EMAIL, OWNER, LAST_ACTIVITY}
        unique = self._account.settings.number_property
        return always | set(names) | ({unique} if unique is not None else set())

    async def owner_id(self, wanted: str) -> str:
        """The id of an owner who was named by e-mail address, name or id.

        Raises:
            Refused: There is none.
        """
        for fresh in (False, True):  # somebody new may have joined the account
            for owner in await self._account.owners(fresh=fresh):
                names = (str(owner.id), owner.email or "", name_of_owner(owner))
                if wanted.strip().casefold() in map(str.casefold, names):
                    return str(owner.id)
        raise Refused(f'nobody in HubSpot is "{wanted}"; see owner in [[lead]]', permanent=True)


def chosen(contacts: Sequence[Record]) -> Record:
    """Which of several is meant: one with an owner, then the last active, then the oldest."""
    ordered = sorted(contacts, key=lambda each: int(each.id))
    ordered.sort(key=lambda each: each.get(LAST_ACTIVITY), reverse=True)
    return min(ordered, key=lambda each: not each.get(OWNER))  # the first of those


def name_of(contact: Record) -> str | None:
    """A contact's whole name."""
    return " ".join(filter(None, map(contact.get, NAMES))) or None


def name_of_owner(owner: Any) -> str:
    """An owner's whole name; empty for one who is only an address."""
    return " ".join(filter(None, (owner.first_name, owner.last_name)))
