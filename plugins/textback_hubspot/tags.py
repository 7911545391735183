"""A lead's tag.  HubSpot has no tags: a property takes its place, a static list, or both."""

from __future__ import annotations

from typing import Any

import attrs

from textback.errors import Refused
from textback_hubspot.api import Account
from textback_hubspot.records import CONTACTS, Record

STATIC = frozenset({"MANUAL", "SNAPSHOT"})
"""Lists that contacts can be put on: https://developers.hubspot.com/docs/api-reference/crm-lists-v3/guide"""


@attrs.frozen(eq=False)
class Tags:
    """How the contacts of one account are tagged."""

    account: Account

    async def values(self, contact: Record, tag: str | None) -> dict[str, str]:
        """What is to be written to a contact so that it has a tag; nothing if it has it.

        Raises:
            Refused: There is no such property, or it doesn't offer this tag.
        """
        settings = self.account.settings
        name = settings.tag_property
        if tag is None or name is None:
            return {}
        definition = await self.account.definition(CONTACTS, name)
        if definition is not None and value_of(definition, tag) is None:  # it may just be added
            definition = await self.account.definition(CONTACTS, name, fresh=True)
        if definition is None:
            words = f'HubSpot has no contact property "{name}"; see tag_property'
            raise Refused(words, permanent=True)
        value = value_of(definition, tag)
        if value is None:
            words = f'the contact property "{name}" doesn\'t offer "{tag}"; add it in HubSpot'
            raise Refused(words, permanent=True)
        current = contact.get(name)
        if definition.field_type == "checkbox":  # several may be chosen
            held = [each for each in current.split(";") if each]
            return {} if value in held else {name: ";".join((*held, value))}
        if current == value or (current and name not in settings.overwrite):
            return {}
        return {name: value}

    async def put_on_list(self, contact: str, tag: str | None) -> None:
        """Put a contact on the list that is named as the tag.

        Raises:
            Refused: There is no such list, or HubSpot fills it by itself.
        """
        if tag is None or not self.account.settings.tag_lists:
            return
        found = await self.account.list_named(tag)
        if (fault := list_fault(found, tag)) is not None:
            raise Refused(fault, permanent=True)
        await self.account.put_on_list(str(found.list_id), contact)


def value_of(definition: Any, tag: str) -> str | None:
    """What stands for a tag in a property; None if it offers certain values and this is none."""
    if definition.type == "bool" or definition.field_type == "booleancheckbox":
        return "true"
    if definition.type != "enumeration":
        return tag
    wanted = tag.casefold()
    for option in definition.options or ():
        if wanted in (str(option.value).casefold(), str(option.label).casefold()):
            return str(option.value)
    return None


def list_fault(found: Any, name: str) -> str | None:
    """Why contacts can't be put on a list; None if they can."""
    if found is None:
        return f'HubSpot has no list of contacts "{name}"; make a static one'
    if str(found.processing_type) not in STATIC:
        return f'the list "{name}" fills itself by rules in HubSpot; make a static one'
    return None
