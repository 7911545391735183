"""The open deal of a contact: one, made where there is none, never moved."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import attrs
from hubspot.crm.association_type import AssociationType

from textback.errors import Refused
from textback.model import CrmRef, Lead
from textback.phones import display, region_of
from textback_hubspot.api import PAGE, Account
from textback_hubspot.contacts import OF_DEAL, changed
from textback_hubspot.memory import Memory
from textback_hubspot.people import OWNER, People
from textback_hubspot.records import CONTACTS, DEALS, Link, Record
from textback_hubspot.trouble import Missing

STAGE, PIPELINE, NAME = "dealstage", "pipeline", "dealname"


@attrs.frozen
class Place:
    """Where a new deal begins, by HubSpot's ids."""

    pipeline: str
    stage: str


@attrs.frozen(eq=False)
class Deals:
    """The deals of one account, as leads make them."""

    account: Account
    memory: Memory
    people: People

    async def save(self, ref: CrmRef, lead: Lead, key: str) -> CrmRef | None:
        """Find the contact's open deal or make one; None if no stage is named for it.

        An open deal is kept as it is, in whichever pipeline and stage: only empty properties are
        filled.

        Raises:
            Refused: HubSpot answered no, or has no such pipeline or stage.
            NotSent, MaybeSent: HubSpot gave no answer.
        """
        place = await self.place(lead.pipeline, lead.stage)
        if place is None:
            return None
        wanted = {
            name.removeprefix(OF_DEAL): value
            for name, value in lead.fields.items()
            if value and name.startswith(OF_DEAL)
        }
        if lead.owner:
            wanted[OWNER] = await self.people.owner_id(lead.owner)
        async with self.memory.lock(lead.number):
            contact = await self._contact(ref, lead)
            deal = await self._open(contact, place, wanted)
            if deal is not None:
                deal_id = deal.id
                changes = changed(deal, wanted, self.account.settings.overwrite)
                if changes:
                    await self.account.update(DEALS, deal.id, changes)
            else:
                deal_id = await self._make(contact, lead, key, place, wanted)
            await self.memory.keep_deal(lead.number, deal_id)
            await self._gather(lead, deal_id)
        return CrmRef(deal_id, await self.account.url(DEALS, deal_id))

    async def place(self, pipeline: str | None, stage: str | None) -> Place | None:
        """Where deals of a lead begin, by label or id; None if it names no stage.

        Raises:
            Refused: There is no such pipeline or stage.
        """
        settings = self.account.settings
        pipeline, stage = pipeline or settings.pipeline, stage or settings.stage
        if stage is None:
            return None
        try:
            return _place(await self.account.pipelines(), pipeline, stage)
        except Refused:  # it may have been added since we looked
            return _place(await self.account.pipelines(fresh=True), pipeline, stage)

    async def _contact(self, ref: CrmRef, lead: Lead) -> Record:
        """The contact with its deals.

        Raises:
            Refused: It is gone.
        """
        contact = await self.account.read(CONTACTS, ref.id, [OWNER], associated=[DEALS])
        if contact is None and (other := await self.people.contact_of(lead.number)) is not None:
            contact = await self.account.read(CONTACTS, other.id, [OWNER], associated=[DEALS])
        if contact is None:
            raise Refused("the contact was deleted in HubSpot", permanent=True)
        return contact

    async def _open(self, contact: Record, place: Place, wanted: dict[str, str]) -> Record | None:
        """The deal that is open, the one in the same pipeline and the latest before others."""
        ids = sorted(set(contact.associated.get(DEALS, ())), key=int, reverse=True)[:PAGE]
        if not ids:
            return None
        closed = _closed(await self.account.pipelines())
        found = [
            deal
            for deal in await self.account.read_all(DEALS, ids, {STAGE, PIPELINE, *wanted})
            if deal.get(STAGE) not in closed
        ]
        found.sort(key=lambda deal: (deal.get(PIPELINE) != place.pipeline, -int(deal.id)))
        return found[0] if found else None

    async def _make(
        self, contact: Record, lead: Lead, key: str, place: Place, wanted: dict[str, str]
    ) -> str:
        who = lead.name or display(lead.number, region_of(lead.line or lead.number))
        values = {NAME: f"Missed call: {who}", PIPELINE: place.pipeline, STAGE: place.stage}
        if contact.get(OWNER):
            values[OWNER] = contact.get(OWNER)

        async def make() -> str:
            link = Link(contact.id, AssociationType.DEAL_TO_CONTACT)
            return (await self.account.create(DEALS, {**values, **wanted}, [link])).id

        async def look() -> None:
            """It isn't among the contact's open deals: those were read just now."""

        return await self.memory.once(key, make, look)

    async def _gather(self, lead: Lead, deal: str) -> None:
        """Show what was logged before the deal was there with the deal, too."""
        loose = await self.memory.loose(lead.number)
        for kind, record in loose:
            try:
                await self.account.associate(kind, record, DEALS, deal)
            except Missing:  # somebody has deleted it
                continue
        if loose:
            await self.memory.keep_loose(lead.number, [])


def _place(pipelines: Sequence[Any], pipeline: str | None, stage: str) -> Place:
    found = pipelines[0] if pipelines and pipeline is None else _named(pipelines, pipeline or "")
    if found is None:
        raise Refused(f'HubSpot has no pipeline "{pipeline}"; {_offer(pipelines)}', permanent=True)
    begins = _named(found.stages, stage)
    if begins is None:
        words = f'the pipeline "{found.label}" has no stage "{stage}"; {_offer(found.stages)}'
        raise Refused(words, permanent=True)
    return Place(found.id, begins.id)


def _named(things: Sequence[Any], name: str) -> Any:
    """A pipeline or stage by its id, else by its label; None if there is none."""
    by_id = next((each for each in things if each.id == name), None)
    wanted = name.strip().casefold()
    by_label = (each for each in things if each.label.strip().casefold() == wanted)
    return by_id if by_id is not None else next(by_label, None)


def _offer(things: Sequence[Any]) -> str:
    return f"there are: {', '.join(each.label for each in things)}" if things else "there is none"


def _closed(pipelines: Sequence[Any]) -> set[str]:
    """The stages in which a deal is won or lost."""
    return {
        stage.id
        for pipeline in pipelines
        for stage in pipeline.stages
        if str((stage.metadata or {}).get("isClosed")).lower() == "true"
    }
