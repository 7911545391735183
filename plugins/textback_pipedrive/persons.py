"""Persons: find them by phone, make them, and fill what is empty.

Pipedrive has no key for a phone number, and keeps numbers as they were typed: it is searched in
several ways, and each hit is compared as E.164.
https://developers.pipedrive.com/docs/api/v1/Persons#searchPersons
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import attrs
import phonenumbers

from textback.catalog import Unknown
from textback.errors import Refused
from textback.model import CrmRef, Lead, PhoneNumber
from textback.once import Record, Trace, find_or_make
from textback.phones import display, mask, normalise, region_of
from textback.services import Services
from textback.telling import one_line
from textback_pipedrive.api import PAGE_SIZE, Api
from textback_pipedrive.catalog import Catalog
from textback_pipedrive.fields import new_values, value_of
from textback_pipedrive.settings import Settings

LONGEST_NAME = 255
_NEWEST = 100  # persons that may have been added since a try without an answer
_AT_ONCE = 100  # ids in one request


@attrs.frozen(kw_only=True)
class Person:
    """A person, as far as it matters here."""

    id: int
    name: str
    phones: tuple[str, ...] = ()
    emails: tuple[str, ...] = ()
    owner: int | None = None
    labels: tuple[int, ...] = ()
    custom: Mapping[str, Any] = attrs.field(factory=dict)
    updated_at: str = ""  # in ISO 8601, UTC: later is greater


@attrs.frozen(kw_only=True)
class Wanted:
    """What a lead says of a person, in Pipedrive's ids.

    Attributes:
        custom: Values by the keys of their fields.
        replaces: Those of the keys whose fields need not be empty.
    """

    name: str | None
    email: str | None
    label: int | None
    owner: int | None
    custom: Mapping[str, Any]
    replaces: frozenset[str]


def remembered_as(number: PhoneNumber) -> str:
    """Under which key the plugin's state remembers the person with a number."""
    return f"contact/{number}"


async def search(api: Api, services: Services, number: PhoneNumber) -> list[Person]:
    """Who has this number, by the search alone: without labels and custom fields.

    Raises:
        ProviderError: It couldn't be searched, which is not the same as nobody.
    """
    found = await asyncio.gather(*(_hits(api, term) for term in _terms(number)))
    persons = {person.id: person for hits in found for person in hits}
    return _with(number, persons.values(), services)


async def load(api: Api, ids: Iterable[int]) -> list[Person]:
    """Persons by id; those that are gone are left out."""
    wanted = sorted(set(ids))[:_AT_ONCE]
    if not wanted:
        return []
    query = {"ids": ",".join(map(str, wanted)), "limit": _AT_ONCE}
    entries = await api.entries("v2/persons", query)
    return [_person(entry) for entry in entries if not entry.get("is_deleted")]


async def save(
    api: Api, catalog: Catalog, settings: Settings, services: Services, lead: Lead
) -> CrmRef:
    """Find or make the person of a lead; tag it, and fill what is empty.

    Raises:
        ProviderError: Something of it wasn't done, or nobody knows.
    """
    wanted = await _wanted(catalog, settings, services, lead)

    async def find(trace: Trace) -> Record | None:
        person = await _existing(api, services, lead.number, trace)
        if person is None:
            return None
        changes = _changes(person, wanted, settings, lead.number, services)
        if changes:
            await api.update(f"v2/persons/{person.id}", changes)
        return {"id": person.id, "wrote": changes.get("name") or _wrote(person, trace, wanted)}

    async def make() -> Record:
        body = _new(wanted, lead.number, services)
        made = await api.create("v2/persons", body)
        return {"id": made["id"], "wrote": body["name"]}

    record = await find_or_make(
        services, remembered_as(lead.number), find=find, make=make, lag_s=settings.search_lag_s
    )
    return CrmRef(str(record["id"]), await catalog.link("person", str(record["id"])))


def region(services: Services) -> str | None:
    """Where numbers without a country code are: where the client's first line is."""
    return region_of(services.lines[0]) if services.lines else None


def has(person: Person, number: PhoneNumber, services: Services) -> bool:
    """Whether one of a person's numbers is this one, however it is written."""
    home = region(services)
    return any(normalise(phone, home) == number for phone in person.phones)


def is_number(name: str, services: Services) -> bool:
    """Whether a person has no name but a phone number."""
    return normalise(name, region(services)) is not None


async def _existing(
    api: Api, services: Services, number: PhoneNumber, trace: Trace
) -> Person | None:
    """The one whom textback knew before; else the one changed last; of these the oldest."""
    before = int(trace.record["id"]) if trace.record is not None else None
    ids = {person.id for person in await search(api, services, number)}
    if before is not None:
        ids.add(before)
    persons = _with(number, await load(api, ids), services)
    if not persons and trace.tried_at is not None:
        persons = _with(number, await _newest(api), services)
    if not persons:
        return None
    if len(persons) > 1:
        services.log.warning(
            "several persons have one number", number=mask(number), persons=len(persons)
        )
    return max(persons, key=lambda each: (each.id == before, each.updated_at, -each.id))


async def _newest(api: Api) -> list[Person]:
    """Those who were added last: a listing shows them before the search does."""
    query = {"sort_by": "add_time", "sort_direction": "desc", "limit": _NEWEST}
    return [_person(entry) for entry in await api.entries("v2/persons", query)]


async def _wanted(catalog: Catalog, settings: Settings, services: Services, lead: Lead) -> Wanted:
    """What can't be set is told and left out: the caller must not be lost for it."""
    label = owner = None
    custom: dict[str, Any] = {}
    replaces = set()
    if lead.tag is not None:
        with _left_out(services):
            label = await catalog.label(lead.tag)
    if lead.owner is not None:
        with _left_out(services):
            owner = await catalog.user(lead.owner)
    for name, text in lead.fields.items():
        with _left_out(services):
            field = await catalog.person_field(name)
            if field is not None:
                custom[field.id] = value_of(field, text)
                if name in settings.overwrite:
                    replaces.add(field.id)
    return Wanted(
        name=_clean(lead.name),
        email=lead.email,
        label=label,
        owner=owner,
        custom=custom,
        replaces=frozenset(replaces),
    )


@contextmanager
def _left_out(services: Services) -> Iterator[None]:
    try:
        yield
    except Unknown as error:
        services.log.warning("a part of a lead was left out", reason=str(error))


def _new(wanted: Wanted, number: PhoneNumber, services: Services) -> dict[str, Any]:
    body: dict[str, Any] = {
        "name": wanted.name or display(number, region(services)),
        "phones": [{"value": number, "primary": True, "label": "mobile"}],
    }
    if wanted.email is not None:
        body["emails"] = [{"value": wanted.email, "primary": True, "label": "work"}]
    if wanted.owner is not None:
        body["owner_id"] = wanted.owner
    if wanted.label is not None:
        body["label_ids"] = [wanted.label]
    if wanted.custom:
        body["custom_fields"] = dict(wanted.custom)
    return body


def _changes(
    person: Person, wanted: Wanted, settings: Settings, number: PhoneNumber, services: Services
) -> dict[str, Any]:
    """What is new of a person; the phones, which would be replaced as a whole, stay as they are."""
    allowed = settings.overwrite
    changes: dict[str, Any] = {}
    nameless = not person.name or is_number(person.name, services)
    if wanted.name and wanted.name != person.name and (nameless or "name" in allowed):
        changes["name"] = wanted.name
    may_mail = not person.emails or "email" in allowed
    if wanted.email and may_mail and wanted.email not in person.emails:
        changes["emails"] = [{"value": wanted.email, "primary": True, "label": "work"}]
    may_own = person.owner is None or "owner" in allowed
    if wanted.owner is not None and may_own and wanted.owner != person.owner:
        changes["owner_id"] = wanted.owner
    if wanted.label is not None and wanted.label not in person.labels:
        changes["label_ids"] = [*person.labels, wanted.label]
    custom = new_values(person.custom, wanted.custom, wanted.replaces)
    if custom:
        changes["custom_fields"] = custom
    return changes


def _wrote(person: Person, trace: Trace, wanted: Wanted) -> str | None:
    """The name that came from textback and not from people, if the person still has it."""
    if trace.record is not None and trace.record["id"] == person.id:
        return str(trace.record.get("wrote") or "") or None
    return wanted.name if trace.tried_at is not None else None


def _with(number: PhoneNumber, persons: Iterable[Person], services: Services) -> list[Person]:
    return [person for person in persons if has(person, number, services)]


def _terms(number: PhoneNumber) -> Sequence[str]:
    """What is searched for: as textback writes it, in one piece, and the last part of any form."""
    national = str(phonenumbers.parse(number, None).national_number)
    return tuple(dict.fromkeys((number, national, national[-4:])))


async def _hits(api: Api, term: str) -> list[Person]:
    query = {"term": term, "fields": "phone", "limit": PAGE_SIZE}
    found = await api.get("v2/persons/search", query)
    items = found.get("items") if isinstance(found, dict) else None
    if not isinstance(items, list):
        raise Refused("Pipedrive's answer to a search can't be read", permanent=False)
    return [_hit(entry["item"]) for entry in items if entry.get("item")]


def _hit(item: Mapping[str, Any]) -> Person:
    return Person(
        id=int(item["id"]),
        name=str(item.get("name") or ""),
        phones=tuple(map(str, item.get("phones") or ())),
        emails=tuple(map(str, item.get("emails") or ())),
        owner=(item.get("owner") or {}).get("id"),
    )


def _person(entry: Mapping[str, Any]) -> Person:
    return Person(
        id=int(entry["id"]),
        name=str(entry.get("name") or ""),
        phones=_values(entry.get("phones")),
        emails=_values(entry.get("emails")),
        owner=entry.get("owner_id"),
        labels=tuple(entry.get("label_ids") or ()),
        custom=entry.get("custom_fields") or {},
        updated_at=str(entry.get("update_time") or ""),
    )


def _values(entries: Any) -> tuple[str, ...]:
    return tuple(str(each.get("value")) for each in entries or () if each.get("value"))


def _clean(name: str | None) -> str | None:
    """A name in one line, as long as Pipedrive takes it."""
    return one_line(name or "")[:LONGEST_NAME] or None
