"""Look whether Calendly is set up so that bookings reach us.  Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from textback.errors import ProviderError, Refused
from textback.model import Finding, Severity
from textback.services import Services
from textback_calendly.api import Api, Me
from textback_calendly.connecting import differences, explained, find
from textback_calendly.settings import Settings


async def check(api: Api, settings: Settings, services: Services) -> list[Finding]:
    """Token, event type, webhook, in this order; the first that can't be asked ends it."""
    if not api.has_token:
        words = "nothing can be checked without access_token, and `connect` needs it, too"
        return [Finding(Severity.WARNING, words)]
    try:
        me = await api.me()
    except ProviderError as error:
        words = f"access_token isn't taken: {error}" if error.permanent else str(error)
        return [_error(words)]
    try:
        found = [
            *await _event_type(api, settings, me),
            *await _webhook(api, settings, services, me),
        ]
    except Refused as error:
        return [_error(str(explained(error)))]
    except ProviderError as error:
        return [_error(str(error))]
    return found or [Finding(Severity.OK, f"{me.name}'s bookings are told to us")]


async def _event_type(api: Api, settings: Settings, me: Me) -> list[Finding]:
    wanted = _page(settings.link)
    if wanted == _page(me.page):  # the page with all event types
        return []
    async for each in api.event_types(me):
        if _page(str(each.get("scheduling_url"))) == wanted:
            return _phone(each, settings.phone_field)
    return [_error(f"link: {me.name} has no active event type with this page")]


def _phone(event_type: Mapping[str, Any], phone_field: str) -> list[Finding]:
    """Whether the question for a phone number is the one that the link fills in."""
    questions = [each for each in event_type.get("custom_questions") or () if each.get("enabled")]
    asked = [f"a{n}" for n, each in enumerate(questions, 1) if each.get("type") == "phone_number"]
    if not asked or phone_field in asked:
        return []
    words = f'the page asks for a phone number; phone_field = "{asked[0]}" fills it in'
    return [Finding(Severity.WARNING, words)]


async def _webhook(api: Api, settings: Settings, services: Services, me: Me) -> list[Finding]:
    cure = f"run: textback connect {services.client}"
    ours = await find(api, me, services.address)
    if ours is None:
        return [_error(f"no webhook goes to {services.address}; {cure}")]
    faults = await differences(ours, settings.signing_key, services.state)
    return [
        _error(f"the webhook's {what} should be {after}, and is {before}; {cure}")
        for what, (before, after) in faults.items()
    ]


def _page(link: str) -> str:
    return urlsplit(link).path.strip("/").lower()


def _error(message: str) -> Finding:
    return Finding(Severity.ERROR, message)
