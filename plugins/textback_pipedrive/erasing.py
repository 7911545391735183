"""Forget a number here, and say what Pipedrive has: a customer isn't ours to delete."""

from __future__ import annotations

from textback.model import Erased, PhoneNumber
from textback.services import Services
from textback_pipedrive import deals, persons
from textback_pipedrive.api import Api
from textback_pipedrive.catalog import Catalog


async def erase(api: Api, catalog: Catalog, services: Services, number: PhoneNumber) -> Erased:
    """Delete what the plugin remembers; the persons that are left, in words.

    Raises:
        ProviderError: What is remembered is gone, but Pipedrive can't be searched.
    """
    key = persons.remembered_as(number)
    record = await services.state.get(key)
    await services.state.delete(key)
    if isinstance(record, dict) and "id" in record:
        await services.state.delete(deals.remembered_as(str(record["id"])))
    found = await persons.search(api, services, number)
    if not found:
        return Erased(int(record is not None))
    places = [
        await catalog.link("person", str(each.id)) or f"the person {each.id}" for each in found
    ]
    words = f"delete {', '.join(places)} there, with deals, activities and notes"
    return Erased(int(record is not None), words)
