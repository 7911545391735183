"""Who has a number, and whether they may be texted."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from textback.agreed import agreed
from textback.catalog import Named
from textback.errors import ProviderError
from textback.model import Caller, Consent, PhoneNumber
from textback.services import Services
from textback_gohighlevel import contacts, dnd
from textback_gohighlevel.api import Api
from textback_gohighlevel.catalog import Catalog
from textback_gohighlevel.contacts import Contact
from textback_gohighlevel.settings import Settings


async def identify(
    api: Api, catalog: Catalog, settings: Settings, services: Services, number: PhoneNumber
) -> Caller | None:
    """What is known of a caller; None if nobody has this number.

    Where several have it nobody is greeted by name, and each may forbid texts.  Nor is one greeted
    whose only name is what a missed call brought: it may be a caller ID.

    Raises:
        ProviderError: It couldn't be looked up.
    """
    found, users, consent = await asyncio.gather(
        contacts.search(api, services, number), _users(catalog), _consent_field(catalog, settings)
    )
    record = await services.state.get(contacts.remembered_as(number)) or {}
    if not found and "id" in record:  # the search lags
        known = await contacts.load(api, record["id"])
        found = [known] if known is not None and contacts.has(known, number, services) else []
    if not found:
        return None
    forbidden = next(filter(None, (dnd.forbids(each, settings) for each in found)), None)
    owners = {each.owner for each in found}
    owner = _owner(owners.pop(), users) if len(owners) == 1 else None
    if len(found) > 1:
        return Caller(number=number, known=True, owner=owner, do_not_text=forbidden)
    (contact,) = found
    named = bool(contact.name) and not contacts.is_number(contact.name, services)
    ours = contact.id == record.get("id") and contact.name == record.get("wrote")
    return Caller(
        number=number,
        name=contact.name if named else None,
        first_name=_first_name(contact) if named and not ours else None,
        email=contact.email or None,
        known=True,
        url=contacts.address(settings, contact.id),
        owner=owner,
        do_not_text=forbidden,
        consent=_consent(contact, consent, settings),
    )


async def _consent_field(catalog: Catalog, settings: Settings) -> str | None:
    """The id of the custom field; None if it isn't set, or can't be read now: a ground less."""
    if settings.consent_field is None:
        return None
    try:
        field = await catalog.field(settings.consent_field, "contact")
    except ProviderError:
        return None
    return field.id if field is not None else None


def _consent(contact: Contact, field: str | None, settings: Settings) -> Consent | None:
    if field is None:
        return None
    where = f"GoHighLevel's custom field {settings.consent_field}"
    return agreed(contact.custom.get(field) or None, where)


async def _users(catalog: Catalog) -> Sequence[Named]:
    """Everybody; nobody if they can't be read, which costs no caller their name."""
    try:
        return await catalog.users()
    except ProviderError:
        return ()


def _owner(owner: str, users: Sequence[Named]) -> str | None:
    """An owner as rules for notices name them: by e-mail address, else by name."""
    found = next((user for user in users if user.id == owner), None)
    return (found.others[0] or found.name) if found is not None else None


def _first_name(contact: Contact) -> str | None:
    """The first name, or the first word of the name; None for a title ("Dr.")."""
    words = (contact.first_name or contact.name).split()
    return words[0] if words and words[0][-1] not in ".," else None
