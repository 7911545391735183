"""What the sub-account has set up: pipelines with their stages, custom fields, users.

What was read is kept a while; a name that isn't found is looked for once more in what GoHighLevel
says now.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, TypeVar

import attrs

from textback.services import Services
from textback_gohighlevel.api import Api
from textback_gohighlevel.names import Named, Unknown, matching

KEPT = timedelta(minutes=10)
AGAIN_AFTER = timedelta(minutes=1)  # a wrong name isn't looked up at each call

T = TypeVar("T", bound=Named)
Model = Literal["contact", "opportunity"]


@attrs.frozen(kw_only=True)
class Stage(Named):
    """A stage of a pipeline; *order* counts from its beginning."""

    pipeline: str
    order: int


@attrs.frozen(kw_only=True)
class Pipeline(Named):
    """A pipeline with its stages, in order."""

    stages: tuple[Stage, ...] = ()


@attrs.frozen(kw_only=True)
class Field(Named):
    """A custom field of contacts or opportunities."""

    model: str


class Catalog:
    """What a sub-account has set up, read when it is needed."""

    def __init__(self, api: Api, services: Services) -> None:
        self._api = api
        self._services = services
        self._read: dict[str, tuple[datetime, tuple[Any, ...]]] = {}

    async def pipelines(self, *, least: datetime | None = None) -> tuple[Pipeline, ...]:
        """All pipelines.

        Args:
            least: What was read before is not good enough.

        Raises:
            ProviderError: They can't be read; so with all others.
        """

        async def read() -> tuple[Pipeline, ...]:
            query = {"locationId": self._api.location}
            told = await self._api.get("opportunities/pipelines", query)
            return tuple(map(_pipeline, told.get("pipelines") or ()))

        return await self._kept("pipelines", read, least)

    async def users(self, *, least: datetime | None = None) -> tuple[Named, ...]:
        """Everybody who works in the sub-account; the first of `Named.others` is the address."""

        async def read() -> tuple[Named, ...]:
            told = await self._api.get("users/", {"locationId": self._api.location})
            return tuple(map(_user, told.get("users") or ()))

        return await self._kept("users", read, least)

    async def field(self, name: str, model: Model) -> Field | None:
        """A custom field by id, key or name; None if only the other kind of record has it.

        Raises:
            Unknown: Neither has it.
        """
        found = await self._look(name, self._fields, list)
        if not found:
            raise Unknown(f'there is no custom field "{name}"')
        return next((field for field in found if field.model == model), None)

    async def user(self, name: str) -> str:
        """The id of a user, by name, e-mail address or id.

        Raises:
            Unknown: There is none.
        """
        found: list[Named] = await self._look(name, self.users, list)
        if not found:
            raise Unknown(f'there is no user "{name}" in this sub-account')
        return found[0].id

    async def stage(self, pipeline: str | None, stage: str | None) -> Stage | None:
        """Where an opportunity is to be; with a pipeline alone, its first stage.

        Returns:
            None if neither is named: then there is to be no opportunity.

        Raises:
            Unknown: There is no such place, or more than one.
        """
        if pipeline is None and stage is None:
            return None
        within: Iterable[Pipeline] | None = None
        if pipeline is not None:
            within = await self._look(pipeline, self.pipelines, list)
            if not within:
                raise Unknown(f'there is no pipeline "{pipeline}"')
        if stage is None:
            first = next((each for found in within or () for each in found.stages), None)
            if first is None:
                raise Unknown(f'the pipeline "{pipeline}" has no stage')
            return first
        wanted = None if within is None else {each.id for each in within}

        def stages(pipelines: Iterable[Pipeline]) -> list[Stage]:
            chosen = (each for each in pipelines if wanted is None or each.id in wanted)
            return [stage for each in chosen for stage in each.stages]

        found = await self._look(stage, self.pipelines, stages)
        if not found:
            where = f' in "{pipeline}"' if pipeline is not None else ""
            raise Unknown(f'there is no stage "{stage}"{where}')
        if len(found) > 1:
            words = f'several pipelines have a stage "{stage}"; name the pipeline in [[lead]], too'
            raise Unknown(words)
        return found[0]

    async def _fields(self, *, least: datetime | None = None) -> tuple[Field, ...]:
        async def read() -> tuple[Field, ...]:
            path = f"locations/{self._api.location}/customFields"
            told = await self._api.get(path, {"model": "all"})
            return tuple(map(_field, told.get("customFields") or ()))

        return await self._kept("fields", read, least)

    async def _look(
        self,
        name: str,
        read: Callable[..., Awaitable[tuple[Any, ...]]],
        choose: Callable[[Any], Iterable[T]],
    ) -> list[T]:
        found = matching(name, choose(await read()))
        if found:
            return found
        least = self._services.clock.now() - AGAIN_AFTER
        return matching(name, choose(await read(least=least)))

    async def _kept(
        self, what: str, read: Callable[[], Awaitable[tuple[T, ...]]], least: datetime | None
    ) -> tuple[T, ...]:
        now = self._services.clock.now()
        at, values = self._read.get(what, (None, ()))
        if at is not None and at > (least or now - KEPT):
            return values
        values = await read()
        self._read[what] = now, values
        return values


def _pipeline(entry: Mapping[str, Any]) -> Pipeline:
    pipeline = str(entry.get("id"))
    stages = sorted(
        (each for each in entry.get("stages") or () if isinstance(each, dict)),
        key=lambda each: each.get("position") or 0,
    )
    return Pipeline(
        id=pipeline,
        name=str(entry.get("name")),
        stages=tuple(
            Stage(
                id=str(each.get("id")), name=str(each.get("name")), pipeline=pipeline, order=order
            )
            for order, each in enumerate(stages)
        ),
    )


def _field(entry: Mapping[str, Any]) -> Field:
    """A key is told with the kind of record before it, and is mostly said without."""
    key = str(entry.get("fieldKey") or "")
    return Field(
        id=str(entry.get("id")),
        name=str(entry.get("name")),
        others=(key, key.partition(".")[2]),
        model=str(entry.get("model") or "contact"),
    )


def _user(entry: Mapping[str, Any]) -> Named:
    return Named(
        id=str(entry.get("id")),
        name=str(entry.get("name")),
        others=(str(entry.get("email") or ""),),
    )
