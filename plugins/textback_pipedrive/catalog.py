"""What the company has set up: pipelines, stages, fields, labels, users, activity types.

People name these in the client's file; Pipedrive wants ids.  An id fits, a name fits however it is
capitalised, and so does a name written as in ``new-lead`` for "New lead".  What was read is kept a
while; a name that isn't found is looked for once more in what Pipedrive says now.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, TypeVar

import attrs

from textback.errors import ProviderError, Refused
from textback.services import Services
from textback_pipedrive.api import Api

KEPT = timedelta(minutes=10)
AGAIN_AFTER = timedelta(minutes=1)  # a wrong name isn't looked up at each call
_DOMAIN_KEPT_S = 30 * 86_400.0

T = TypeVar("T", bound="Named")
_Fields = Callable[..., Awaitable[tuple["Field", ...]]]


class Unknown(Refused):
    """The client's file names what the company doesn't have, or what can't be meant."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


@attrs.frozen(kw_only=True)
class Named:
    """Anything with an id and a name."""

    id: str
    name: str


@attrs.frozen(kw_only=True)
class Stage(Named):
    """A stage of a pipeline; *order* counts from its beginning."""

    pipeline: str
    order: int


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
        self._read: dict[str, tuple[datetime, tuple[Any, ...]]] = {}

    async def pipelines(self, *, least: datetime | None = None) -> tuple[Named, ...]:
        """All pipelines.

        Args:
            least: What was read before is not good enough.

        Raises:
            ProviderError: They can't be read; so with all others.
        """
        return await self._kept("pipelines", lambda: self._listed("v2/pipelines", _named), least)

    async def stages(self, *, least: datetime | None = None) -> tuple[Stage, ...]:
        """All stages of all pipelines."""
        return await self._kept("stages", lambda: self._listed("v2/stages", _stage), least)

    async def person_fields(self, *, least: datetime | None = None) -> tuple[Field, ...]:
        """All fields that persons have."""
        path = "v2/personFields"
        return await self._kept("person_fields", lambda: self._listed(path, _field), least)

    async def deal_fields(self, *, least: datetime | None = None) -> tuple[Field, ...]:
        """All fields that deals have."""
        path = "v2/dealFields"
        return await self._kept("deal_fields", lambda: self._listed(path, _field), least)

    async def users(self, *, least: datetime | None = None) -> tuple[User, ...]:
        """Everybody in the company."""

        async def read() -> tuple[User, ...]:
            return tuple(map(_user, await self._api.entries("v1/users")))

        return await self._kept("users", read, least)

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
        found = await self._look(name, self.person_fields, _labels)
        if not found:
            raise Unknown(f'persons have no label "{name}"; add it in Pipedrive')
        return int(found[0].id)

    async def user(self, name: str) -> int:
        """The id of a user, by name, e-mail address or id.

        Raises:
            Unknown: There is none.
        """
        found = await self._look(name, self.users, list) or [
            each for each in await self.users() if each.email.casefold() == name.casefold()
        ]
        if not found:
            raise Unknown(f'there is no user "{name}"')
        return int(found[0].id)

    async def stage(self, pipeline: str | None, stage: str | None) -> Stage | None:
        """Where a deal is to be; with a pipeline alone, its first stage.

        Returns:
            None if neither is named: then there is to be no deal.

        Raises:
            Unknown: There is no such place, or more than one.
        """
        if pipeline is None and stage is None:
            return None
        wanted = None
        if pipeline is not None:
            pipelines = await self._look(pipeline, self.pipelines, list)
            if not pipelines:
                raise Unknown(f'there is no pipeline "{pipeline}"')
            wanted = pipelines[0].id

        def within(stages: Iterable[Stage]) -> list[Stage]:
            return [each for each in stages if wanted in (None, each.pipeline)]

        if stage is None:
            ordered = sorted(within(await self.stages()), key=lambda each: each.order)
            if not ordered:
                raise Unknown(f'the pipeline "{pipeline}" has no stage')
            return ordered[0]
        found = await self._look(stage, self.stages, within)
        if not found:
            where = f' in "{pipeline}"' if pipeline is not None else ""
            raise Unknown(f'there is no stage "{stage}"{where}')
        if len(found) > 1:
            words = f'several pipelines have a stage "{stage}"; name the pipeline in [[lead]], too'
            raise Unknown(words)
        return found[0]

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

    async def _field(self, name: str, read: _Fields, elsewhere: _Fields) -> Field | None:
        if found := await self._look(name, read, _custom):
            return found[0]
        if _matching(name, _custom(await elsewhere())):
            return None
        raise Unknown(f'there is no custom field "{name}"')

    async def _look(
        self,
        name: str,
        read: Callable[..., Awaitable[tuple[Any, ...]]],
        choose: Callable[[Any], Iterable[T]],
    ) -> list[T]:
        found = _matching(name, choose(await read()))
        if found:
            return found
        least = self._services.clock.now() - AGAIN_AFTER
        return _matching(name, choose(await read(least=least)))

    async def _kept(
        self,
        what: str,
        read: Callable[[], Awaitable[tuple[T, ...]]],
        least: datetime | None,
    ) -> tuple[T, ...]:
        now = self._services.clock.now()
        at, values = self._read.get(what, (None, ()))
        if at is not None and at > (least or now - KEPT):
            return values
        values = await read()
        self._read[what] = now, values
        return values

    async def _listed(self, path: str, make: Callable[[Mapping[str, Any]], T]) -> tuple[T, ...]:
        made = [make(entry) async for entry in _live(self._api.pages(path))]
        return tuple({each.id: each for each in made}.values())  # pages may overlap


async def _live(entries: AsyncIterator[dict[str, Any]]) -> AsyncIterator[dict[str, Any]]:
    async for entry in entries:
        if not entry.get("is_deleted"):
            yield entry


def _matching(wanted: str, among: Iterable[T]) -> list[T]:
    """Those with this id; else with this name; else with a name that looks like it."""
    found = list(among)
    for same in (
        lambda each: each.id == wanted,
        lambda each: each.name.casefold() == wanted.strip().casefold(),
        lambda each: _plain(each.name) == _plain(wanted) != "",
    ):
        if hits := [each for each in found if same(each)]:
            return hits
    return []


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "-", name.casefold()).strip("-")


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
    return User(
        id=str(entry.get("id")),
        name=str(entry.get("name")),
        email=str(entry.get("email") or ""),
    )
