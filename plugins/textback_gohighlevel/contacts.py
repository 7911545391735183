"""Contacts: find them by phone, make them, and fill what is empty.

Whether two contacts may have one phone number is a setting of the sub-account, so both searches are
asked, and each hit is compared as E.164.
https://marketplace.gohighlevel.com/docs/ghl/contacts/upsert-contact
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

import attrs

from textback.catalog import Unknown
from textback.errors import MaybeSent
from textback.model import CrmRef, Lead, PhoneNumber
from textback.once import Record, Trace, find_or_make
from textback.phones import mask, normalise, region_of
from textback.services import Services
from textback.telling import one_line
from textback_gohighlevel.api import Api
from textback_gohighlevel.catalog import Catalog, Model
from textback_gohighlevel.settings import Settings

LONGEST_NAME = 255
_HITS = 20  # that share one number


@attrs.frozen(kw_only=True)
class Contact:
    """A contact, as far as it matters here.

    Attributes:
        dnd: Do Not Disturb is on, for all that is said.
        sms_dnd: What is said of SMS: ``active``, ``inactive``, ``permanent`` or nothing.
    """

    id: str
    name: str = ""
    first_name: str = ""
    phones: tuple[str, ...] = ()
    email: str = ""
    owner: str = ""
    tags: tuple[str, ...] = ()
    custom: Mapping[str, Any] = attrs.field(factory=dict)
    dnd: bool = False
    sms_dnd: str = ""
    updated_at: str = ""  # in ISO 8601, UTC: later is greater


def remembered_as(number: PhoneNumber) -> str:
    """Under which key the plugin's state remembers the contact with a number."""
    return f"contact/{number}"


def address(settings: Settings, contact: str) -> str:
    """Where a person opens a contact."""
    return f"{settings.app_url}/v2/location/{settings.location_id}/contacts/detail/{contact}"


async def search(api: Api, services: Services, number: PhoneNumber) -> list[Contact]:
    """Who has this number.

    Raises:
        ProviderError: It couldn't be searched, which is not the same as nobody.
    """
    twin, listed = await asyncio.gather(
        api.get("contacts/search/duplicate", {"locationId": api.location, "number": number}),
        api.tell(
            "contacts/search",
            {
                "locationId": api.location,
                "page": 1,
                "pageLimit": _HITS,
                "filters": [{"field": "phone", "operator": "eq", "value": number}],
            },
        ),
    )
    told = [twin.get("contact"), *(listed.get("contacts") or ())]
    found = {each["id"]: read(each) for each in told if isinstance(each, dict) and each.get("id")}
    return [each for each in found.values() if has(each, number, services)]


async def load(api: Api, contact: str) -> Contact | None:
    """A contact by its id; None if it is gone."""
    found = await api.find(f"contacts/{quote(contact, safe='')}", "contact")
    return read(found) if found is not None else None


async def ensure(api: Api, settings: Settings, services: Services, number: PhoneNumber) -> Contact:
    """Find or make the contact with a number, with as much as the search tells of it.

    Raises:
        ProviderError: It wasn't found or made, or nobody knows.
    """
    seen: Contact | None = None

    async def find(trace: Trace) -> Record | None:
        nonlocal seen
        seen = await _existing(api, services, number, trace)
        if seen is None:
            return None
        before = trace.record if trace.record and trace.record["id"] == seen.id else {}
        return {"id": seen.id, "wrote": before.get("wrote")}

    async def make() -> Record:
        nonlocal seen
        # Nothing but the number: if a contact has it after all, this changes nothing of it.
        made = await api.create("contacts/upsert", {"locationId": api.location, "phone": number})
        contact = made.get("contact")
        if not isinstance(contact, dict) or not contact.get("id"):
            raise MaybeSent("GoHighLevel made a contact, but its answer can't be read")
        seen = read(contact)
        return {"id": seen.id, "wrote": None}

    await find_or_make(
        services, remembered_as(number), find=find, make=make, lag_s=settings.search_lag_s
    )
    assert seen is not None  # one of the two has set it
    return seen


async def save(
    api: Api, catalog: Catalog, settings: Settings, services: Services, lead: Lead
) -> CrmRef:
    """Find or make the contact of a lead; tag it, and fill what is empty.

    Raises:
        ProviderError: Something of it wasn't done, or nobody knows.
    """
    owner = None
    if lead.owner is not None:
        with left_out(services):
            owner = await catalog.user(lead.owner)
    custom = await values(catalog, services, lead, "contact")
    contact = await ensure(api, settings, services, lead.number)
    # What only looks empty in the search must not be written over.
    contact = await load(api, contact.id) or contact
    changes = _changes(contact, settings, services, lead, owner)
    fresh = new_values(contact.custom, custom, settings.overwrite)
    if fresh:
        changes["customFields"] = fresh
    path = f"contacts/{quote(contact.id, safe='')}"
    if changes:
        if "name" in changes:  # before it is written, so that it is never taken for a person's
            record = {"id": contact.id, "wrote": changes["name"]}
            await services.state.set(remembered_as(lead.number), record)
        await api.tell(path, changes, method="PUT")
    # A PUT with tags would replace all that are there.
    if lead.tag is not None and lead.tag.casefold() not in map(str.casefold, contact.tags):
        await api.tell(f"{path}/tags", {"tags": [lead.tag]})
    return CrmRef(contact.id, address(settings, contact.id))


async def values(
    catalog: Catalog, services: Services, lead: Lead, model: Model
) -> dict[str, tuple[str, str]]:
    """What a lead says of the custom fields of one kind of record: name and value, by field."""
    found = {}
    for name, text in lead.fields.items():
        with left_out(services):
            field = await catalog.field(name, model)
            if field is not None:
                found[field.id] = (name, text)
    return found


def new_values(
    now: Mapping[str, Any], wanted: Mapping[str, tuple[str, str]], overwrite: Iterable[str]
) -> list[dict[str, str]]:
    """What is to be written: what is empty now, or may be replaced and differs."""
    return [
        {"id": field, "field_value": text}
        for field, (name, text) in wanted.items()
        if now.get(field) in (None, "", []) or (name in overwrite and now[field] != text)
    ]


@contextmanager
def left_out(services: Services) -> Iterator[None]:
    """What can't be set is told and left out: the caller must not be lost for it."""
    try:
        yield
    except Unknown as error:
        services.log.warning("a part of a lead was left out", reason=str(error))


def region(services: Services) -> str | None:
    """Where numbers without a country code are: where the client's first line is."""
    return region_of(services.lines[0]) if services.lines else None


def normalised(number: str, services: Services) -> PhoneNumber | None:
    """A number as GoHighLevel writes it, in E.164."""
    return normalise(number, region(services))


def has(contact: Contact, number: PhoneNumber, services: Services) -> bool:
    """Whether one of a contact's numbers is this one, however it is written."""
    return any(normalised(phone, services) == number for phone in contact.phones)


def is_number(name: str, services: Services) -> bool:
    """Whether a contact has no name but a phone number."""
    return normalised(name, services) is not None


def read(entry: Mapping[str, Any]) -> Contact:
    """A contact as the API or a webhook tells it."""
    first, last = str(entry.get("firstName") or ""), str(entry.get("lastName") or "")
    told = entry.get("dndSettings")
    sms = told.get("SMS") if isinstance(told, dict) else None
    phones = [entry.get("phone"), *map(_phone, _list(entry.get("additionalPhones")))]
    return Contact(
        id=str(entry.get("id") or ""),
        name=str(entry.get("name") or entry.get("contactName") or f"{first} {last}").strip(),
        first_name=first.strip(),
        phones=tuple(str(each) for each in phones if each),
        email=str(entry.get("email") or ""),
        owner=str(entry.get("assignedTo") or ""),
        tags=tuple(map(str, _list(entry.get("tags")))),
        custom={
            str(each.get("id")): each.get("value", each.get("fieldValue"))
            for each in _list(entry.get("customFields"))
            if isinstance(each, dict)
        },
        dnd=entry.get("dnd") is True,
        sms_dnd=str(sms.get("status") or "") if isinstance(sms, dict) else "",
        updated_at=str(entry.get("dateUpdated") or ""),
    )


def _list(told: Any) -> list[Any]:
    return told if isinstance(told, list) else []


async def _existing(
    api: Api, services: Services, number: PhoneNumber, trace: Trace
) -> Contact | None:
    """The one whom textback knew before; else one with an owner; else the one changed last."""
    before = str(trace.record["id"]) if trace.record is not None else ""
    found = await search(api, services, number)
    known = next((each for each in found if each.id == before), None)
    if known is None and before:
        known = await load(api, before)  # the search lags
        if known is not None and has(known, number, services):
            found.append(known)
    if not found:
        return None
    if len(found) > 1:
        services.log.warning(
            "several contacts have one number", number=mask(number), contacts=len(found)
        )
    oldest_last = sorted(found, key=lambda each: each.id, reverse=True)
    return max(oldest_last, key=lambda each: (each.id == before, bool(each.owner), each.updated_at))


def _changes(
    contact: Contact, settings: Settings, services: Services, lead: Lead, owner: str | None
) -> dict[str, Any]:
    allowed = settings.overwrite
    changes: dict[str, Any] = {}
    name = one_line(lead.name or "")[:LONGEST_NAME]
    nameless = not contact.name or is_number(contact.name, services)
    if name and name != contact.name and (nameless or "name" in allowed):
        changes["name"] = name
    if lead.email and lead.email != contact.email and (not contact.email or "email" in allowed):
        changes["email"] = lead.email
    if owner and owner != contact.owner and (not contact.owner or "owner" in allowed):
        changes["assignedTo"] = owner
    return changes


def _phone(entry: Any) -> Any:
    return entry.get("phone") if isinstance(entry, dict) else entry
