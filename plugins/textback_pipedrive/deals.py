"""Deals: one open deal a person, put where the client's file says, and never moved back.

https://developers.pipedrive.com/docs/api/v1/Deals
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from textback.catalog import Stage, Unknown
from textback.errors import Refused
from textback.model import CrmRef, Lead
from textback.once import Record, Trace, find_or_make
from textback.phones import display
from textback.services import Services
from textback.telling import one_line
from textback_pipedrive.api import Api
from textback_pipedrive.catalog import Catalog
from textback_pipedrive.fields import new_values, value_of
from textback_pipedrive.persons import region
from textback_pipedrive.settings import Settings

REMEMBERED_S = 86_400.0  # long enough for what is logged of the same case

Deal = Mapping[str, Any]


def remembered_as(person: str) -> str:
    """Under which key the plugin's state remembers the deal of a person."""
    return f"deal/{person}"


async def save(
    api: Api, catalog: Catalog, settings: Settings, services: Services, ref: CrmRef, lead: Lead
) -> CrmRef | None:
    """Find or make the open deal of a person; None if the lead names no place for one.

    Raises:
        Unknown: The place that it names doesn't exist.
        ProviderError: Something of it wasn't done, or nobody knows.
    """
    stage = await catalog.stage(lead.pipeline, lead.stage)
    if stage is None:
        return None
    if not ref.id.isdigit():
        raise Refused(f'"{ref.id}" is no person of Pipedrive', permanent=True)
    custom, replaces = await _custom(catalog, settings, services, lead)
    owner = await _owner(catalog, services, lead)

    async def find(trace: Trace) -> Record | None:
        deals = [
            deal
            async for deal in api.pages("v2/deals", {"person_id": int(ref.id)})
            if not deal.get("is_deleted")
        ]
        deal = _open(deals, stage)
        if deal is None:
            won = None if settings.deals_for_customers else _latest_won(deals)
            return None if won is None else {"id": won["id"]}
        changes = await _changes(catalog, deal, stage)
        values = new_values(deal.get("custom_fields") or {}, custom, replaces)
        if values:
            changes["custom_fields"] = values
        if changes:
            await api.update(f"v2/deals/{deal['id']}", changes)
        return {"id": deal["id"]}

    async def make() -> Record:
        body: dict[str, Any] = {
            "title": _title(settings, services, lead),
            "person_id": int(ref.id),
            "pipeline_id": int(stage.pipeline),
            "stage_id": int(stage.id),
        }
        if owner is not None:
            body["owner_id"] = owner
        if custom:
            body["custom_fields"] = custom
        return {"id": (await api.create("v2/deals", body))["id"]}

    record = await find_or_make(
        services,
        remembered_as(ref.id),
        find=find,
        make=make,
        lag_s=settings.search_lag_s,
        keep_s=REMEMBERED_S,
    )
    return CrmRef(str(record["id"]), await catalog.link("deal", str(record["id"])))


def _open(deals: Sequence[Deal], stage: Stage) -> Deal | None:
    """Of several open ones, the oldest in the pipeline that is meant; else the oldest."""
    found = [deal for deal in deals if deal.get("status") == "open" and not deal.get("is_archived")]

    def rank(deal: Deal) -> tuple[bool, int]:
        return str(deal.get("pipeline_id")) != stage.pipeline, deal["id"]

    return min(found, key=rank, default=None)


def _latest_won(deals: Sequence[Deal]) -> Deal | None:
    won = [deal for deal in deals if deal.get("status") == "won"]
    return max(won, key=lambda deal: str(deal.get("won_time") or ""), default=None)


async def _changes(catalog: Catalog, deal: Deal, stage: Stage) -> dict[str, Any]:
    """A deal moves forward within its own pipeline, and else stays where people put it."""
    if str(deal.get("pipeline_id")) != stage.pipeline:
        return {}
    now = str(deal.get("stage_id"))
    order = next((each.order for each in await catalog.stages() if each.id == now), None)
    return {"stage_id": int(stage.id)} if order is not None and order < stage.order else {}


async def _custom(
    catalog: Catalog, settings: Settings, services: Services, lead: Lead
) -> tuple[dict[str, Any], frozenset[str]]:
    custom: dict[str, Any] = {}
    replaces = set()
    for name, text in lead.fields.items():
        try:
            field = await catalog.deal_field(name)
            if field is not None:
                custom[field.id] = value_of(field, text)
                if name in settings.overwrite:
                    replaces.add(field.id)
        except Unknown as error:
            services.log.warning("a part of a lead was left out", reason=str(error))
    return custom, frozenset(replaces)


async def _owner(catalog: Catalog, services: Services, lead: Lead) -> int | None:
    if lead.owner is None:
        return None
    try:
        return await catalog.user(lead.owner)
    except Unknown as error:
        services.log.warning("a part of a lead was left out", reason=str(error))
        return None


def _title(settings: Settings, services: Services, lead: Lead) -> str:
    caller = one_line(lead.name or "") or display(lead.number, region(services))
    return settings.deal_title.replace("{caller}", caller)[:255]
