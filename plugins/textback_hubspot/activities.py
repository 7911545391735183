"""Activities on a contact's timeline, each once, and on that of its deal."""

from __future__ import annotations

import attrs

from textback.errors import Refused
from textback.model import Activity, CrmRef
from textback_hubspot.api import PAGE, Account
from textback_hubspot.forms import AT, Form, form_of
from textback_hubspot.memory import Memory
from textback_hubspot.people import People
from textback_hubspot.records import CONTACTS, DEALS, Link
from textback_hubspot.trouble import Missing


@attrs.frozen(eq=False)
class Activities:
    """The timelines of one account's contacts."""

    account: Account
    memory: Memory
    people: People

    async def log(self, ref: CrmRef, activity: Activity, key: str) -> None:
        """Write an activity to a contact's timeline, and to that of its deal if there is one.

        Raises:
            Refused: HubSpot answered no.
            NotSent, MaybeSent: HubSpot gave no answer.
        """
        form = form_of(activity, self.account.settings)
        async with self.memory.lock(activity.number):
            known = await self.memory.contact(activity.number)
            contact = known.id if known is not None else ref.id

            async def make() -> str:
                try:
                    return await self._create(form, contact)
                except Refused as error:
                    instead = await self._instead(contact, activity, error)
                return await self._create(form, instead)

            async def look() -> str | None:
                return await self._made(form, contact)

            record = await self.memory.once(key, make, look)
            await self._show_with_deal(activity, form.kind, record)

    async def _create(self, form: Form, contact: str) -> str:
        link = Link(contact, form.to_contact)
        return (await self.account.create(form.kind, form.values, [link])).id

    async def _instead(self, contact: str, activity: Activity, error: Refused) -> str:
        """The contact that has the number now, if the one that had it is gone.

        Raises:
            Refused: It isn't gone: *error*.  Or nobody has the number any more.
        """
        found = await self.account.read(CONTACTS, contact, ()) if error.permanent else None
        if found is not None and found.id != contact:  # it was merged into this one
            await self.memory.keep_found(activity.number, found.id)
            return found.id
        if found is not None or not error.permanent:
            raise error
        other = await self.people.contact_of(activity.number)
        if other is None:
            raise Refused("the contact was deleted in HubSpot", permanent=True)
        return other.id

    async def _made(self, form: Form, contact: str) -> str | None:
        """What an earlier try has made.

        Associations are shown at once; the search, which lags behind, isn't asked.
        """
        try:
            latest = (await self.account.associated(CONTACTS, contact, form.kind))[:PAGE]
        except Missing:  # the contact is gone
            return None
        if not latest:
            return None
        found = await self.account.read_all(form.kind, latest, {AT, form.same})
        return next((each.id for each in found if form.is_it(each)), None)

    async def _show_with_deal(self, activity: Activity, kind: str, record: str) -> None:
        """Let it belong to the contact's deal; if that isn't there yet, it is remembered."""
        services = self.account.services
        if not any((self.account.settings.stage, *(rule.stage for rule in services.leads))):
            return  # no lead gets a deal
        deal = await self.memory.deal(activity.number)
        if deal is None:
            loose = await self.memory.loose(activity.number)
            if (kind, record) not in loose:
                await self.memory.keep_loose(activity.number, [*loose, (kind, record)])
            return
        try:
            await self.account.associate(kind, record, DEALS, deal)
        except Missing:  # somebody has deleted it
            await self.memory.drop_deal(activity.number)
