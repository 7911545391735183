"""What the sub-account has set up: pipelines with their stages, custom fields, users."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import attrs

from textback.catalog import Listing, Named, Stage, Unknown, find_stage
from textback.services import Services
from textback_gohighlevel.api import Api

Model = Literal["contact", "opportunity"]


@attrs.frozen(kw_only=True)
class Pipeline(Named):
    """A pipeline with its stages, in order."""

    stages: tuple[Stage, ...] = ()


@attrs.frozen(kw_only=True)
class Field(Named):
    """A custom field of contacts or opportunities."""

    model: str


class Catalog:
    """What a sub-account has set up, read when it is needed.

    Attributes:
        users: Everybody who works in it; the first of `Named.others` is the address.
    """

    def __init__(self, api: Api, services: Services) -> None:
        self._api = api
        self.pipelines = Listing(services.clock, self._pipelines)
        self.stages = self.pipelines.part(lambda all_: [s for each in all_ for s in each.stages])
        self.users = Listing(services.clock, self._users)
        self._fields = Listing(services.clock, self._custom_fields)

    async def field(self, name: str, model: Model) -> Field | None:
        """A custom field by id, key or name; None if only the other kind of record has it.

        Raises:
            Unknown: Neither has it.
            ProviderError: They can't be read; so with all others.
        """
        found = await self._fields.find(name)
        if not found:
            raise Unknown(f'there is no custom field "{name}"')
        return next((field for field in found if field.model == model), None)

    async def user(self, name: str) -> str:
        """The id of a user, by name, e-mail address or id.

        Raises:
            Unknown: There is none.
        """
        found = await self.users.find(name)
        if not found:
            raise Unknown(f'there is no user "{name}" in this sub-account')
        return found[0].id

    async def stage(self, pipeline: str | None, stage: str | None) -> Stage | None:
        """Where an opportunity is to be; None if nothing is named, raises as `find_stage`."""
        return await find_stage(pipeline, stage, pipelines=self.pipelines, stages=self.stages)

    async def _pipelines(self) -> list[Pipeline]:
        told = await self._api.get("opportunities/pipelines", {"locationId": self._api.location})
        return [_pipeline(each) for each in told.get("pipelines") or ()]

    async def _users(self) -> list[Named]:
        told = await self._api.get("users/", {"locationId": self._api.location})
        return [_user(each) for each in told.get("users") or ()]

    async def _custom_fields(self) -> list[Field]:
        path = f"locations/{self._api.location}/customFields"
        told = await self._api.get(path, {"model": "all"})
        return [_field(each) for each in told.get("customFields") or ()]


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
