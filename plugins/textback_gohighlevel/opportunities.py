"""Opportunities: one open one a contact, put where the client's file says, and never moved back.

https://marketplace.gohighlevel.com/docs/ghl/opportunities/create-opportunity
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import quote

from textback.catalog import Stage
from textback.model import CrmRef, Lead
from textback.once import Record, Trace, find_or_make
from textback.phones import display
from textback.services import Services
from textback.telling import one_line
from textback_gohighlevel.api import Api, Refusal
from textback_gohighlevel.catalog import Catalog
from textback_gohighlevel.contacts import left_out, new_values, region, values
from textback_gohighlevel.settings import Settings

REMEMBERED_S = 30 * 86_400.0
_MOST = 100  # the most that GoHighLevel gives at once

Opportunity = Mapping[str, Any]


async def save(
    api: Api, catalog: Catalog, settings: Settings, services: Services, ref: CrmRef, lead: Lead
) -> CrmRef | None:
    """Find or make the open opportunity of a contact; None if the lead names no place for one.

    Raises:
        Unknown: The place that it names doesn't exist.
        ProviderError: Something of it wasn't done, or nobody knows.
    """
    stage = await catalog.stage(lead.pipeline, lead.stage)
    if stage is None:
        return None
    custom = await values(catalog, services, lead, "opportunity")
    owner = None
    if lead.owner is not None:
        with left_out(services):
            owner = await catalog.user(lead.owner)

    async def find(trace: Trace) -> Record | None:
        found = await _of_contact(api, ref.id, trace)
        chosen = _open(found, stage)
        if chosen is None:
            won = None if settings.deals_for_customers else _latest_won(found)
            return None if won is None else {"id": won["id"]}
        changes = await _changes(catalog, chosen, stage)
        fresh = new_values(_custom(chosen), custom, settings.overwrite)
        if fresh:
            changes["customFields"] = fresh
        if changes:
            path = f"opportunities/{quote(str(chosen['id']), safe='')}"
            await api.tell(path, changes, method="PUT")
        return {"id": chosen["id"]}

    async def make() -> Record:
        body: dict[str, Any] = {
            "locationId": api.location,
            "pipelineId": stage.pipeline,
            "pipelineStageId": stage.id,
            "contactId": ref.id,
            "name": _name(settings, services, lead),
            "status": "open",
        }
        if owner is not None:
            body["assignedTo"] = owner
        if custom:
            body["customFields"] = new_values({}, custom, ())
        try:
            made = await api.create("opportunities/", body)
        except Refusal as error:
            # A sub-account may allow one for each contact, whatever became of it.
            there = (error.said.get("meta") or {}).get("existingId")
            if not there:
                raise
            services.log.warning("an opportunity is there already, and was left as it is")
            return {"id": there}
        return {"id": made["opportunity"]["id"]}

    record = await find_or_make(
        services,
        f"deal/{ref.id}",
        find=find,
        make=make,
        lag_s=settings.search_lag_s,
        keep_s=REMEMBERED_S,
    )
    return CrmRef(str(record["id"]), ref.url)


async def _of_contact(api: Api, contact: str, trace: Trace) -> list[Opportunity]:
    """All of a contact; also the last that textback knew, which the search may not have yet."""
    query = {
        "location_id": api.location,
        "contact_id": contact,
        "status": "all",
        "limit": _MOST,
    }
    told = (await api.get("opportunities/search", query)).get("opportunities") or ()
    found: list[Opportunity] = [each for each in told if isinstance(each, dict) and each.get("id")]
    before = str(trace.record["id"]) if trace.record is not None else ""
    if before and all(each["id"] != before for each in found):
        known = await api.find(f"opportunities/{quote(before, safe='')}", "opportunity")
        if known is not None:
            found.append(known)
    return found


def _open(found: Sequence[Opportunity], stage: Stage) -> Opportunity | None:
    """Of several open ones, the oldest in the pipeline that is meant; else the oldest."""

    def rank(each: Opportunity) -> tuple[bool, str]:
        return each.get("pipelineId") != stage.pipeline, str(each.get("createdAt") or "")

    return min((each for each in found if each.get("status") == "open"), key=rank, default=None)


def _latest_won(found: Sequence[Opportunity]) -> Opportunity | None:
    won = [each for each in found if each.get("status") == "won"]
    return max(won, key=lambda each: str(each.get("lastStatusChangeAt") or ""), default=None)


async def _changes(catalog: Catalog, found: Opportunity, stage: Stage) -> dict[str, Any]:
    """One moves forward within its own pipeline, and else stays where people put it."""
    if found.get("pipelineId") != stage.pipeline:
        return {}
    stages = await catalog.stages()
    order = next((each.order for each in stages if each.id == found.get("pipelineStageId")), None)
    if order is None or order >= stage.order:
        return {}
    return {"pipelineId": stage.pipeline, "pipelineStageId": stage.id}


def _custom(found: Opportunity) -> dict[str, Any]:
    return {
        str(each.get("id")): each.get("fieldValue", each.get("value"))
        for each in found.get("customFields") or ()
        if isinstance(each, dict)
    }


def _name(settings: Settings, services: Services, lead: Lead) -> str:
    caller = one_line(lead.name or "") or display(lead.number, region(services))
    return settings.deal_name.replace("{caller}", caller)[:255]
