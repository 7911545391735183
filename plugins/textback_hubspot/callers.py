"""What HubSpot knows of a caller, before the first text."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeVar
from zoneinfo import ZoneInfo, available_timezones

from textback.agreed import agreed
from textback.errors import ProviderError
from textback.model import Caller, Consent, PhoneNumber
from textback_hubspot.api import Account
from textback_hubspot.memory import Known, Memory
from textback_hubspot.people import EMAIL, OWNER, People, chosen, name_of, name_of_owner
from textback_hubspot.records import CONTACTS, Record

T = TypeVar("T")

ZONE = "hs_timezone"

_YES = frozenset({"true", "yes"})
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8})*", re.IGNORECASE)


async def identify(
    account: Account, people: People, memory: Memory, number: PhoneNumber
) -> Caller | None:
    """What is known of a caller; None if no contact has the number.

    Of several contacts, the chosen one says who is in charge and where the record is.  What could
    be said to the wrong person is left out: name, address, and whatever they don't share.

    Raises:
        ProviderError: The contacts can't be read.
    """
    settings = account.settings
    asked = people.properties(
        filter(
            None,
            (
                ZONE,
                settings.language_property,
                settings.vip_property,
                settings.do_not_text_property,
                settings.consent_property,
            ),
        )
    )
    known = await memory.contact(number)
    hits, last = await asyncio.gather(people.having(number, asked), _last(account, known, asked))
    having = {each.id: each for each in hits if people.has(each, number)}
    if last is not None and people.has(last, number):  # the search may not show it yet
        having.setdefault(last.id, last)
    contacts = list(having.values())
    if not contacts:
        return None
    contact, alone = chosen(contacts), len(contacts) == 1
    name = name_of(contact) if alone else None
    forbids = settings.do_not_text_property
    return Caller(
        number=number,
        known=True,
        name=name,
        first_name=None if name is None or _ours(known, contact) else _first_name(contact),
        email=(contact.get(EMAIL) or None) if alone else None,
        owner=await _owner(account, contact.get(OWNER)),
        url=await account.url(CONTACTS, contact.id, ask=False),
        language=_shared(contacts, settings.language_property, _language),
        zone=_shared(contacts, ZONE, _zone),
        vip=_any_says_yes(contacts, settings.vip_property) or None,
        do_not_text=f"HubSpot says so in {forbids}" if _any_says_yes(contacts, forbids) else None,
        consent=_consent(contacts, settings.consent_property),
    )


def _consent(contacts: Sequence[Record], name: str | None) -> Consent | None:
    """When all that have the number had agreed to texts; None unless each of them has."""
    if name is None:
        return None
    where = f"HubSpot's contact property {name}"
    found = [agreed(each.get(name) or None, where) for each in contacts]
    given = [each for each in found if each is not None]
    return min(given, key=lambda each: each.at) if len(given) == len(found) else None


async def _last(account: Account, known: Known | None, names: set[str]) -> Record | None:
    """The contact that a number had last."""
    return await account.read(CONTACTS, known.id, names) if known is not None else None


def _ours(known: Known | None, contact: Record) -> bool:
    """Whether textback gave the contact its name: then it may be a caller ID."""
    return known is not None and known.id == contact.id and known.name == name_of(contact)


def _first_name(contact: Record) -> str | None:
    """The first word of the first name; None for a title ("Dr.") and for what isn't a name."""
    words = contact.get("firstname").split()
    return words[0] if words and words[0].replace("-", "").replace("'", "").isalpha() else None


async def _owner(account: Account, owner_id: str) -> str | None:
    """E-mail address or name of an owner, for routing; None if HubSpot doesn't say."""
    if not owner_id:
        return None
    try:
        owners = await account.owners()
    except ProviderError as error:  # a caller is worth knowing without
        account.services.log.warning("owners can't be read", error=str(error))
        return None
    owner = next((each for each in owners if str(each.id) == owner_id), None)
    return (owner.email or name_of_owner(owner) or None) if owner is not None else None


def _shared(contacts: Sequence[Record], name: str, read: Callable[[str], T | None]) -> T | None:
    """What a property says, if it says the same for all."""
    said = {read(each.get(name)) for each in contacts}
    return said.pop() if len(said) == 1 else None


def _any_says_yes(contacts: Sequence[Record], name: str | None) -> bool:
    return name is not None and any(each.get(name).lower() in _YES for each in contacts)


def _language(value: str) -> str | None:
    """What HubSpot writes as ``es-mx``; None for what is no language tag."""
    tag = value.replace("_", "-")
    return tag if _LANGUAGE.fullmatch(tag) else None


def _zone(value: str) -> ZoneInfo | None:
    """What HubSpot writes as ``america_slash_new_york``."""
    plain = value.lower().replace("_slash_", "/").replace("_hyphen_", "-").replace("_plus_", "+")
    name = _zones().get(plain)
    return ZoneInfo(name) if name is not None else None


@lru_cache(maxsize=1)
def _zones() -> dict[str, str]:
    return {name.lower(): name for name in available_timezones()}
