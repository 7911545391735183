"""Look whether Cal.com is set up so that bookings reach us.  Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from textback.errors import ProviderError
from textback.model import Finding, Severity
from textback.services import Services
from textback_calcom.api import Api
from textback_calcom.connecting import differences
from textback_calcom.settings import Settings


async def check(api: Api, settings: Settings, services: Services) -> list[Finding]:
    """Key, event type, webhook, in this order; the first that can't be asked ends it."""
    if not api.has_key:
        words = (
            f"nothing can be checked without api_key; the webhook at Cal.com must go to "
            f"{services.address}, see this plugin's page"
        )
        return [Finding(Severity.WARNING, words)]
    try:
        me = await api.me()
    except ProviderError as error:
        words = f"api_key isn't taken: {error}" if error.permanent else str(error)
        return [_error(words)]
    try:
        found = [*await _event_type(api, settings, me), *await _webhook(api, settings, services)]
    except ProviderError as error:
        return [_error(str(error))]
    return found or [Finding(Severity.OK, f"{me.get('username')}'s bookings are told to us")]


async def _event_type(api: Api, settings: Settings, me: Mapping[str, Any]) -> list[Finding]:
    if settings.event_type_id is not None:
        if await api.event_type(settings.event_type_id) is None:
            return [_error(f"event_type_id: there is no event type {settings.event_type_id}")]
        return []
    parts = urlsplit(settings.link)
    match parts.path.strip("/").split("/"):
        case ["team", *_]:
            words = "link is a team's page, whose bookings are told only with event_type_id"
            return [_error(words)]
        case [username, slug] if not (parts.hostname or "").endswith(".cal.com"):
            # Names under an organisation's own host are another matter: they aren't looked up.
            found = await api.event_types(username, slug)
            if not found:
                return [_error(f"link: {username} has no event type {slug}")]
            if {found[0].get("ownerId", me.get("id"))} != {me.get("id")}:
                words = (
                    f"api_key is {me.get('username')}'s and link is {username}'s page, whose "
                    "bookings are told only with a key of its owner, or with event_type_id"
                )
                return [_error(words)]
    return []


async def _webhook(api: Api, settings: Settings, services: Services) -> list[Finding]:
    cure = f"run: textback connect {services.client}"
    webhooks = await api.webhooks()
    ours = next((each for each in webhooks if each.url == services.address), None)
    if ours is None:
        return [_error(f"no webhook goes to {services.address}; {cure}")]
    return [
        _error(f"the webhook's {what} should be {after}, and is {before or 'not set'}; {cure}")
        for what, (before, after) in differences(ours, settings.webhook_secret).items()
    ]


def _error(message: str) -> Finding:
    return Finding(Severity.ERROR, message)
