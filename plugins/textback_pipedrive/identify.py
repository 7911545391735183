"""Who has a number: one search, since there is little time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from textback.agreed import agreed
from textback.errors import ProviderError
from textback.model import Caller, Consent, PhoneNumber
from textback.services import Services
from textback_pipedrive import persons
from textback_pipedrive.api import Api
from textback_pipedrive.catalog import Catalog, User
from textback_pipedrive.persons import Person
from textback_pipedrive.settings import Settings


async def identify(
    api: Api, catalog: Catalog, settings: Settings, services: Services, number: PhoneNumber
) -> Caller | None:
    """What is known of a caller; None if nobody has this number.

    Where several have it nobody is greeted by name.  Nor is one whose only name is what a missed
    call brought: it may be a caller ID.

    Raises:
        ProviderError: It couldn't be looked up.
    """
    found, users, _ = await asyncio.gather(
        persons.search(api, services, number), _users(catalog), catalog.company()
    )
    record = await services.state.get(persons.remembered_as(number)) or {}
    if not found and "id" in record:  # the search lags
        found = await persons.load(api, [record["id"]])
        found = [each for each in found if persons.has(each, number, services)]
    if not found:
        return None
    if len(found) > 1:
        owners = {each.owner for each in found}
        return Caller(
            number=number,
            known=True,
            owner=_owner(owners.pop(), users) if len(owners) == 1 else None,
        )
    (person,) = found
    named = bool(person.name) and not persons.is_number(person.name, services)
    confirmed = person.id != record.get("id") or person.name != record.get("wrote")
    return Caller(
        number=number,
        name=person.name if named else None,
        first_name=_first_name(person.name) if named and confirmed else None,
        email=person.emails[0] if person.emails else None,
        known=True,
        url=await catalog.link("person", str(person.id)),
        owner=_owner(person.owner, users),
        consent=await _consent(api, catalog, settings, person),
    )


async def _consent(
    api: Api, catalog: Catalog, settings: Settings, person: Person
) -> Consent | None:
    """What the custom field says, which a search doesn't tell; None if it can't be read now."""
    name = settings.consent_field
    if name is None:
        return None
    try:
        field, loaded = await asyncio.gather(
            catalog.person_field(name), persons.load(api, [person.id])
        )
    except ProviderError:  # a ground less, and nothing else
        return None
    if field is None or not loaded:
        return None
    value = loaded[0].custom.get(field.id)
    return agreed(value or None, f"Pipedrive's custom field {name}")


async def _users(catalog: Catalog) -> Sequence[User]:
    """Everybody in the company; nobody if they can't be read, which costs no caller their name."""
    try:
        return await catalog.users()
    except ProviderError:
        return ()


def _owner(owner: int | None, users: Sequence[User]) -> str | None:
    """An owner as rules for notices name them: by e-mail address, else by name."""
    found = next((user for user in users if user.id == str(owner)), None)
    return (found.email or found.name) if found is not None else None


def _first_name(name: str) -> str | None:
    """The first word of a name; None for a title ("Dr.") or a turned name ("Example, Anna")."""
    words = name.split()
    return words[0] if words and words[0][-1] not in ".," else None
