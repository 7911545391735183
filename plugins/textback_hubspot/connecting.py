"""Make the unique property, with which HubSpot itself refuses a second contact for a number."""

from __future__ import annotations

from textback.errors import Refused
from textback.model import Change
from textback_hubspot.api import Account
from textback_hubspot.records import CONTACTS

# https://developers.hubspot.com/docs/api-reference/crm-properties-v3/guide#create-unique-identifier-properties
_DEFINITION = {
    "label": "textback: the caller's number",
    "description": "Written by textback to contacts that it makes, so that none is made twice.",
    "groupName": "contactinformation",
    "type": "string",
    "fieldType": "text",
    "hasUniqueValue": True,
    "formField": False,
}


async def connect(account: Account, *, dry_run: bool) -> list[Change]:
    """Make the contact property that ``number_property`` names, if it isn't there.

    Raises:
        Refused: It is there and not unique, or the token may not make it.
    """
    name = account.settings.number_property
    if name is None:
        return []
    definition = await account.definition(CONTACTS, name)
    if definition is not None:
        if not definition.has_unique_value:
            raise Refused(not_unique(name), permanent=True)
        return []
    if not dry_run:
        await account.define(CONTACTS, {"name": name, **_DEFINITION})
    return [Change(f"contact property {name}", None, "unique, for the numbers of callers")]


def not_unique(name: str) -> str:
    """What is wrong with a property that lets several contacts have the same number."""
    return (
        f"the contact property \"{name}\" isn't unique, which HubSpot can't change later; "
        "name another in number_property, and run `textback connect`"
    )
