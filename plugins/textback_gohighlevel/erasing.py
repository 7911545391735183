"""Forget a number here, and say what GoHighLevel has: a customer isn't ours to delete."""

from __future__ import annotations

from textback.model import Erased, PhoneNumber
from textback.services import Services
from textback_gohighlevel import contacts
from textback_gohighlevel.api import Api
from textback_gohighlevel.settings import Settings


async def erase(api: Api, settings: Settings, services: Services, number: PhoneNumber) -> Erased:
    """Delete what the plugin remembers; the contacts that are left, in words.

    Raises:
        ProviderError: What is remembered is gone, but GoHighLevel can't be searched.
    """
    key = contacts.remembered_as(number)
    record = await services.state.get(key)
    await services.state.delete(key)
    if isinstance(record, dict) and "id" in record:
        await services.state.delete(f"deal/{record['id']}")
    found = await contacts.search(api, services, number)
    if not found:
        return Erased(int(record is not None))
    places = ", ".join(contacts.address(settings, each.id) for each in found)
    words = f"delete {places} there, with conversations, opportunities and notes"
    return Erased(int(record is not None), words)
