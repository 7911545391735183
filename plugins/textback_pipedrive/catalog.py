"""What the company has set up: pipelines, stages, fields, labels, users, activity types."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any, TypeVar

import attrs

from textback.catalog import Listing, Named, Stage, Unknown, find_stage, matching
from textback.errors import ProviderError
from textback.services import Services
from textback_pipedrive.api import Api

_DOMAIN_KEPT_S = 30 * 86_400.0

T = TypeVar("T", bound=Named)


@attrs.frozen(kw_only=True)
class Field(Named):
    """A field of persons or deals; its id is what API calls it.

    Attributes:
        options: What a field with a choice may be.
        custom: The company has added it.
    """

    type: str
    custom: bool
    options: tuple[Named, ...] = ()


@attrs.frozen(kw_only=True)
class User(Named):
    """Someone who may own a person or a deal."""

    email: str


class Catalog:
    """What a company has set up, read when it is needed."""

    def __init__(self, api: Api, services: Services) -> None:
        self._api = api
        self._services = services
        self.pipelines = self._listing("v2/pipelines", _named)
        self.stages = self._listing("v2/stages", _stage)
        self.person_fields = self._listing("v2/personFields", _field)
        self.deal_fields = self._listing("v2/dealFields", _field)
        self.users = Listing(services.clock, self._users)

    async def activity_types(self) -> frozenset[str]:
        """The keys of those that are in use."""
        entries = await self._api.entries("v1/activityTypes")
        return frozenset(str(each.get("key_string")) for each in entries if each.get("active_flag"))

    async def person_field(self, name: str) -> Field | None:
        """A custom field of persons by its key or name; None if only deals have it.

        Raises:
            Unknown: Neither has it.
        """
        return await self._field(name, self.person_fields, self.deal_fields)

    async def deal_field(self, name: str) -> Field | None:
        """A custom field of deals by its key or name; None if only persons have it."""
        return await self._field(name, self.deal_fields, self.person_fields)

    async def label(self, name: str) -> int:
        """The id of a person's label.

        Raises:
            Unknown: There is none.
        """
        found = await self.person_fields.part(_labels).find(name)
        if not found:
            raise Unknown(f'persons have no label "{name}"; add it in Pipedrive')
        return int(found[0].id)

    async def user(self, name: str) -> int:
        """The id of a user, by name, e-mail address or id.

        Raises:
            Unknown: There is none.
        """
        found = await self.users.find(name)
        if not found:
            raise Unknown(f'there is no user "{name}"')
        return int(found[0].id)

    async def stage(self, pipeline: str | None, stage: str | None) -> Stage | None:
        """Where a deal is to be; None if nothing is named, raises as `find_stage`."""
        return await find_stage(pipeline, stage, pipelines=self.pipelines, stages=self.stages)

    async def company(self) -> str | None:
        """What stands before .pipedrive.com in the browser; None if Pipedrive doesn't say now."""
        known = await self._services.state.get("company")
        if isinstance(known, str):
            return known
        try:
            told = await self._api.get("v1/users/me")
        except ProviderError:  # a link less, and nothing else
            return None
        company = told.get("company_domain") if isinstance(told, dict) else None
        if not isinstance(company, str) or not re.fullmatch(r"[\w-]+", company):
            return None
        await self._services.state.set("company", company, ttl_s=_DOMAIN_KEPT_S)
        return company

    async def link(self, kind: str, record: str) -> str | None:
        """Where a person opens a record, e.g. of kind ``person``; None if that isn't known."""
        company = await self.company()
        return f"https://{company}.pipedrive.com/{kind}/{record}" if company else None

    async def _field(
        self, name: str, fields: Listing[Field], elsewhere: Listing[Field]
    ) -> Field | None:
        if found := await fields.part(_custom).find(name):
            return found[0]
        if matching(name, _custom(await elsewhere())):
            return None
        raise Unknown(f'there is no custom field "{name}"')

    async def _users(self) -> list[User]:
        return [_user(each) for each in await self._api.entries("v1/users")]

    def _listing(self, path: str, make: Callable[[Mapping[str, Any]], T]) -> Listing[T]:
        async def read() -> Iterable[T]:
            made = [make(entry) async for entry in _live(self._api.pages(path))]
            return {each.id: each for each in made}.values()  # pages may overlap

        return Listing(self._services.clock, read)


async def _live(entries: AsyncIterator[dict[str, Any]]) -> AsyncIterator[dict[str, Any]]:
    async for entry in entries:
        if not entry.get("is_deleted"):
            yield entry


def _named(entry: Mapping[str, Any]) -> Named:
    return Named(id=str(entry.get("id")), name=str(entry.get("name")))


def _stage(entry: Mapping[str, Any]) -> Stage:
    return Stage(
        id=str(entry.get("id")),
        name=str(entry.get("name")),
        pipeline=str(entry.get("pipeline_id")),
        order=int(entry.get("order_nr") or 0),
    )


def _field(entry: Mapping[str, Any]) -> Field:
    return Field(
        id=str(entry.get("field_code")),
        name=str(entry.get("field_name")),
        type=str(entry.get("field_type")),
        custom=bool(entry.get("is_custom_field")),
        options=tuple(
            Named(id=str(option.get("id")), name=str(option.get("label")))
            for option in entry.get("options") or ()
        ),
    )


def _custom(fields: Iterable[Field]) -> list[Field]:
    return [field for field in fields if field.custom]


def _labels(fields: Iterable[Field]) -> list[Named]:
    """A person's labels are the options of a field, which v1 calls ``label``."""
    found = [field for field in fields if field.id in ("label_ids", "label")]
    return [option for field in found for option in field.options]


def _user(entry: Mapping[str, Any]) -> User:
    email = str(entry.get("email") or "")
    return User(id=str(entry.get("id")), name=str(entry.get("name")), email=email, others=(email,))
