"""Forget a caller: delete the contact that textback made, and say where more is."""

from __future__ import annotations

from textback.model import Erased, PhoneNumber
from textback_hubspot.api import Account
from textback_hubspot.memory import Memory
from textback_hubspot.people import People
from textback_hubspot.records import CONTACTS, DEALS


async def erase(account: Account, people: People, memory: Memory, number: PhoneNumber) -> Erased:
    """Delete the contact for good if textback made it; name whatever else has the number.

    A contact that was there before is the business's own, which may have reasons to keep it.

    Raises:
        ProviderError: HubSpot can't be asked; then nothing is forgotten here either.
    """
    async with memory.lock(number):
        known, deal = await memory.contact(number), await memory.deal(number)
        having = {each.id for each in await people.having(number)}
        last = await account.read(CONTACTS, known.id, ()) if known is not None else None
        if last is not None:
            having.add(last.id)
        ours = known is not None and known.made and known.id in having
        if known is not None and ours:
            await account.purge(known.id)
            having.remove(known.id)
        await memory.forget(number)
    left = [(CONTACTS, each) for each in sorted(having, key=int)]
    left += [(DEALS, deal)] if deal is not None else []
    where = [await account.url(*each) or " ".join(each) for each in left]
    return Erased(int(ours), f"see {', '.join(where)}; delete them there" if where else "")
