"""Find calls and texts whose webhooks never came: GoHighLevel tries again only after a 429."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

from textback.events import Event, TextStatus
from textback.services import Services
from textback_gohighlevel import contacts, messages
from textback_gohighlevel.api import Api
from textback_gohighlevel.settings import Settings


async def calls(
    api: Api, settings: Settings, services: Services, since: datetime
) -> AsyncIterator[Event]:
    """Yield the calls since a moment, and where texts are sent from here, what callers wrote.

    With the keys of the webhooks, so that what was told already counts once.

    Raises:
        ProviderError: They can't be listed.
    """
    numbers = Numbers(api, services)
    async for message in messages.listed(api, "Call", since):
        if message.kind != "CALL" or not messages.is_ours(message, settings, services):
            continue
        caller = message.other or await numbers.of(message.contact)
        line = messages.line_of(message, services)
        for event in messages.call_events(message, caller, line, message.at or since):
            yield event
    if services.plays("sender"):
        async for event in _texts(api, settings, services, since, numbers):
            if not isinstance(event, TextStatus):
                yield event


async def texts(
    api: Api, settings: Settings, services: Services, since: datetime
) -> AsyncIterator[Event]:
    """Yield what callers wrote since a moment, and how far the business's own texts are.

    Raises:
        ProviderError: They can't be listed.
    """
    async for event in _texts(api, settings, services, since, Numbers(api, services)):
        yield event


async def _texts(
    api: Api, settings: Settings, services: Services, since: datetime, numbers: Numbers
) -> AsyncIterator[Event]:
    async for message in messages.listed(api, "SMS", since):
        if message.kind != "SMS" or not messages.is_ours(message, settings, services):
            continue
        number = message.other or await numbers.of(message.contact)
        line = messages.line_of(message, services) or next(iter(services.lines), None)
        at = message.at or since
        if message.outgoing:
            yield messages.text_status(message, at, number)
        elif number is not None and line is not None:
            yield messages.text_received(message, number, line, at)


class Numbers:
    """The numbers of contacts, each asked for once."""

    def __init__(self, api: Api, services: Services) -> None:
        self._api = api
        self._services = services
        self._known: dict[str, str | None] = {}

    async def of(self, contact: str) -> str | None:
        """The first number of a contact; None if it has none, or is gone."""
        if not contact:
            return None
        if contact not in self._known:
            found = await contacts.load(self._api, contact)
            self._known[contact] = found.phones[0] if found is not None and found.phones else None
        return self._known[contact]
