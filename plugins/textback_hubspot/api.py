"""What is asked of one HubSpot account.

The SDK blocks, so each request takes a thread; and it passes the account's gate.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, TypeVar
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from textback.errors import ProviderError, Refused
from textback.services import Services
from textback_hubspot.records import (
    CONTACTS,
    DEALS,
    RECORD_TYPES,
    Link,
    Record,
    id_of,
    listed,
    record_of,
    records_of,
    there,
    unreadable,
)
from textback_hubspot.sdk import Sdk
from textback_hubspot.settings import Settings
from textback_hubspot.trouble import Missing, trouble

T = TypeVar("T")

PAGE = 100  # of records at once; the most that a batch may have
PAGE_LISTED = 500  # of owners and associations
MOST_PAGES = 20  # a bound for what can't be foreseen
KEPT = timedelta(minutes=10)  # what rarely changes in an account: pipelines, owners, properties
ACCOUNT_KEPT_S = 30 * 86_400.0


class Account:
    """The account of one client."""

    def __init__(self, settings: Settings, services: Services) -> None:
        self.settings = settings
        self.services = services
        self._sdk = Sdk(settings)
        self._host = urlsplit(settings.base_url).netloc
        self._cache: dict[str, tuple[datetime, Any]] = {}
        self._about: dict[str, Any] | None = None

    # ── records ─────────────────────────────────────────────────────────────────────────────────

    async def read(
        self,
        kind: str,
        record: str,
        names: Iterable[str],
        *,
        by: str | None = None,
        associated: Sequence[str] = (),
    ) -> Record | None:
        """One record; None if there is none or it is archived.  What was just written is there.

        Args:
            kind: The record's type, e.g. `CONTACTS`.
            record: Its id, or its value of the unique property *by*.
            names: The properties to read; unknown ones are left out.
            by: The unique property, if it isn't looked up by its id.
            associated: Types whose associated records are named, too.
        """
        asked: dict[str, Any] = {"properties": sorted(names)}
        if by is not None:
            asked["id_property"] = by
        if associated:
            asked["associations"] = list(associated)
        try:
            found = await self._ask("records", "get_by_id", kind, record, **asked)
        except Missing:
            return None
        return record_of(found)

    async def read_all(self, kind: str, ids: Sequence[str], names: Iterable[str]) -> list[Record]:
        """Several records; those that are gone are left out."""
        body = {
            "inputs": [{"id": each} for each in ids],
            "properties": sorted(names),
            "propertiesWithHistory": [],
        }
        return records_of(await self._ask("batches", "read", kind, body))

    async def find(
        self, kind: str, groups: Sequence[Mapping[str, str]], names: Iterable[str]
    ) -> list[Record]:
        """Records that have all values of any group; what was just written may not be there yet."""
        body = {
            "filterGroups": [
                {
                    "filters": [
                        {"propertyName": name, "operator": "EQ", "value": value}
                        for name, value in group.items()
                    ]
                }
                for group in groups
            ],
            "properties": sorted(names),
            "limit": PAGE,
        }
        return records_of(await self._ask("search", "do_search", kind, body))

    async def create(
        self, kind: str, values: Mapping[str, str], links: Iterable[Link] = ()
    ) -> Record:
        """Make a record, with its associations.

        Raises:
            Conflict: Another record has a value that must be unique.
            Refused: HubSpot answered no: nothing was made.
            NotSent, MaybeSent: There was no whole answer.
        """
        body = {
            "properties": dict(values),
            "associations": [
                {
                    "to": {"id": link.to},
                    "types": [
                        {
                            "associationCategory": "HUBSPOT_DEFINED",
                            "associationTypeId": link.type_id,
                        }
                    ],
                }
                for link in links
            ],
        }
        return record_of(await self._ask("records", "create", kind, body))

    async def update(self, kind: str, record: str, values: Mapping[str, str]) -> None:
        """Write properties of a record; raises as `create`."""
        await self._ask("records", "update", kind, record, {"properties": dict(values)})

    async def associate(self, kind: str, record: str, to_kind: str, to: str) -> None:
        """Let two records belong to each other, in the usual way; again is no error."""
        await self._ask("associations", "create_default", kind, record, to_kind, to)

    async def associated(self, kind: str, record: str, to_kind: str) -> list[str]:
        """The ids of all records of a type that belong to one, the latest first."""
        found = await self._pages("associations", "get_page", kind, record, to_kind)
        return sorted((id_of(each.to_object_id) for each in found), key=int, reverse=True)

    async def purge(self, contact: str) -> None:
        """Delete a contact for good, with what belongs to it."""
        await self._ask("contacts", "purge", {"objectId": contact})

    # ── the account itself ──────────────────────────────────────────────────────────────────────

    async def pipelines(self, *, fresh: bool = False) -> list[Any]:
        """The pipelines of deals with their stages, in the account's order."""
        return await self._kept("pipelines", self._pipelines, fresh=fresh)

    async def owners(self, *, fresh: bool = False) -> list[Any]:
        """Whoever can own a record."""
        return await self._kept("owners", lambda: self._pages("owners", "get_page"), fresh=fresh)

    async def definition(self, kind: str, name: str, *, fresh: bool = False) -> Any:
        """A property of a type, by its internal name; None if there is none."""

        async def get() -> Any:
            try:
                return there(await self._ask("properties", "get_by_name", kind, name))
            except Missing:
                return None

        return await self._kept(f"{kind}.{name}", get, fresh=fresh)

    async def define(self, kind: str, definition: Mapping[str, Any]) -> None:
        """Make a property."""
        await self._ask("properties", "create", kind, dict(definition))
        self._cache.pop(f"{kind}.{definition['name']}", None)

    async def list_named(self, name: str) -> Any:
        """A list of contacts by its name; None if there is none."""

        async def get() -> Any:
            try:
                found = await self._ask("lists", "get_by_name", name, RECORD_TYPES[CONTACTS])
            except Missing:
                return None
            return there(found.list)

        return await self._kept(f"list {name}", get)

    async def put_on_list(self, list_id: str, contact: str) -> None:
        """Put a contact on a static list; again is no error."""
        await self._ask("memberships", "add", list_id, [contact])

    async def link_types(self, kind: str, to_kind: str) -> set[int]:
        """The numbers of all kinds of belonging from one type to another."""
        page = await self._ask("association_types", "get_all", kind, to_kind)
        return {int(each.type_id) for each in listed(page)}

    async def about(self, *, fresh: bool = False, ask: bool = True) -> dict[str, Any]:
        """What the account says of itself: ``portalId``, ``timeZone``, ``uiDomain``.

        https://developers.hubspot.com/docs/api-reference/account-account-info-v3/guide
        """
        if self._about is None or fresh:
            kept = None if fresh else await self.services.state.get("account")
            if kept is None and not ask:
                return {}
            if kept is None:
                kept = await self._raw("GET", "/account-info/v3/details")
                there(kept.get("portalId"))
                await self.services.state.set("account", kept, ttl_s=ACCOUNT_KEPT_S)
            self._about = kept
        return self._about

    async def scopes(self) -> frozenset[str]:
        """What the token may do.

        https://developers.hubspot.com/docs/apps/legacy-apps/private-apps/overview
        """
        body = {"tokenKey": self.settings.access_token.value}
        told = await self._raw("POST", "/oauth/v2/private-apps/get/access-token-info", body)
        named = told.get("scopes")
        return frozenset(map(str, named)) if isinstance(named, list) else frozenset()

    async def url(self, kind: str, record: str, *, ask: bool = True) -> str | None:
        """Where a person opens a record; None if it isn't known which account this is.

        Args:
            kind: The record's type.
            record: Its id.
            ask: Whether there is time to ask the account itself.
        """
        try:
            about = await self.about(ask=ask)
        except Refused as error:
            if error.permanent:  # this token isn't told, now or later
                self._about = {}
            return None
        except ProviderError:
            return None
        portal, domain = str(about.get("portalId") or ""), str(about.get("uiDomain") or "")
        if not portal.isdigit():
            return None
        if not domain.endswith(".hubspot.com"):
            domain = "app.hubspot.com"
        return f"https://{domain}/contacts/{portal}/record/{RECORD_TYPES[kind]}/{record}"

    # ── asking ──────────────────────────────────────────────────────────────────────────────────

    async def _ask(self, part: str, method: str, *args: Any, **kwargs: Any) -> Any:
        """Call a method of the SDK in a thread.

        Raises:
            Refused: HubSpot answered no.
            NotSent, MaybeSent: There was no whole answer.
        """
        return await self._in_thread(lambda: self._sdk.ask(part, method, *args, **kwargs))

    async def _pages(self, part: str, method: str, *args: Any) -> list[Any]:
        """Everything that is listed on some pages; raises as `_ask`."""
        found: list[Any] = []
        after: dict[str, str] = {}
        for _ in range(MOST_PAGES):
            page = await self._ask(part, method, *args, limit=PAGE_LISTED, **after)
            found += listed(page)
            following = page.paging.next if page.paging is not None else None
            if following is None:
                break
            after = {"after": following.after}
        return found

    async def _raw(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        """Ask for what the SDK has no method for; raises as `_ask`."""
        told = await self._in_thread(lambda: self._sdk.raw(method, path, body))
        if not isinstance(told, dict):
            raise unreadable()
        return told

    async def _in_thread(self, call: Callable[[], T]) -> T:
        async with self.services.gate:
            try:
                return await self.services.in_thread(call)
            except Exception as error:  # noqa: BLE001 (the SDK's errors have no common base)
                zone = _zone(self._about)
                now = self.services.clock.now()
                raise trouble(error, self._host, now, zone) from None

    # ── what rarely changes ─────────────────────────────────────────────────────────────────────

    async def _kept(self, name: str, get: Callable[[], Awaitable[T]], *, fresh: bool = False) -> T:
        now = self.services.clock.now()
        kept = self._cache.get(name)
        if kept is not None and now < kept[0] and not fresh:
            value: T = kept[1]
            return value
        value = await get()
        if value is not None:  # what isn't there may be added any moment
            self._cache[name] = (now + KEPT, value)
        return value

    async def _pipelines(self) -> list[Any]:
        found = listed(await self._ask("pipelines", "get_all", DEALS))
        return sorted(found, key=lambda each: (each.display_order or 0, each.id))


def _zone(about: Mapping[str, Any] | None) -> ZoneInfo | None:
    try:
        return ZoneInfo(str((about or {})["timeZone"]))
    except (KeyError, ValueError):
        return None
