"""Records of HubSpot, and how they are read from what the SDK makes of an answer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, TypeVar

import attrs

from textback.errors import MaybeSent

T = TypeVar("T")

CONTACTS, DEALS = "contacts", "deals"
RECORD_TYPES = {CONTACTS: "0-1", DEALS: "0-3"}  # as addresses of records and lists name them


@attrs.frozen
class Record:
    """A record of any type; a property without a value is missing or None.

    Attributes:
        associated: Ids of associated records by their type, as far as they were asked for.
    """

    id: str
    properties: Mapping[str, str | None] = attrs.field(factory=dict)
    associated: Mapping[str, tuple[str, ...]] = attrs.field(factory=dict)

    def get(self, name: str) -> str:
        """The value of a property; empty if it has none."""
        return (self.properties.get(name) or "").strip()


@attrs.frozen
class Link:
    """To which record a new one belongs, and HubSpot's number for this kind of belonging."""

    to: str
    type_id: int


def record_of(found: Any) -> Record:
    """One record in an answer.

    Raises:
        MaybeSent: It can't be read; so do all of these.
    """
    associated = getattr(found, "associations", None) or {}
    return Record(
        id_of(found.id),
        there(found.properties),
        {kind: tuple(id_of(each.id) for each in listed(page)) for kind, page in associated.items()},
    )


def records_of(page: Any) -> list[Record]:
    """All records in an answer."""
    return [record_of(each) for each in listed(page)]


def id_of(value: Any) -> str:
    """The id of a record: a whole number, smaller the earlier it was made."""
    if not str(value).isdecimal():
        raise unreadable()
    return str(value)


def listed(page: Any) -> list[Any]:
    """Whatever an answer lists."""
    return list(there(getattr(page, "results", None)))


def there(value: T | None) -> T:
    """What every answer has; the SDK makes objects full of None of a page for browsers."""
    if value is None:
        raise unreadable()
    return value


def unreadable() -> MaybeSent:
    """An answer that is none of HubSpot's: nobody knows what was done."""
    return MaybeSent("HubSpot answered something that can't be read")
