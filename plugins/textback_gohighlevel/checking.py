"""Look whether the token works, and whether what the client's file names exists.  Makes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from functools import partial
from typing import Any

from textback.catalog import Unknown
from textback.errors import ProviderError
from textback.model import Finding, Severity
from textback.services import LeadRule, Services
from textback_gohighlevel.api import Api
from textback_gohighlevel.catalog import Catalog
from textback_gohighlevel.contacts import normalised
from textback_gohighlevel.settings import Settings


async def check(
    api: Api, catalog: Catalog, settings: Settings, services: Services
) -> list[Finding]:
    """What is wrong at GoHighLevel or in the file, and what to do; one OK if nothing is."""
    try:
        location = (await api.get(f"locations/{settings.location_id}")).get("location") or {}
        findings = [*_text_back(settings, services)]
        if services.plays("crm"):
            findings += _duplicates(location)
            findings += [each async for each in _consent_field(catalog, settings)]
            for number, lead in enumerate(services.leads, 1):
                findings += [each async for each in _lead(catalog, lead, f"lead[{number}]")]
        findings += await _numbers(api, settings, services)
    except ProviderError as error:
        return [_error(f"the sub-account can't be read: {error}")]
    if all(each.severity is not Severity.ERROR for each in findings):
        name = location.get("name") or settings.location_id
        findings.append(Finding(Severity.OK, f"{name} can be read{_where(services)}"))
    return findings


def _text_back(settings: Settings, services: Services) -> Iterable[Finding]:
    """The API doesn't tell whether it is on."""
    by_us = services.plays("source") or services.plays("sender")
    if by_us and not settings.missed_call_text_back_off:
        words = (
            "if GoHighLevel's own missed call text-back is on, callers are texted twice: switch "
            "it off in Settings, Business Profile, and in your workflows, then set "
            "missed_call_text_back_off = true"
        )
        yield Finding(Severity.WARNING, words)


def _duplicates(location: Mapping[str, Any]) -> Iterable[Finding]:
    told = location.get("settings")
    if isinstance(told, dict) and told.get("allowDuplicateContact") is True:
        words = (
            "the sub-account allows several contacts with one number, whom nobody greets by "
            "name; see Settings, Business Profile, Allow Duplicate Contact"
        )
        yield Finding(Severity.WARNING, words)


async def _lead(catalog: Catalog, lead: LeadRule, where: str) -> AsyncIterator[Finding]:
    asked: dict[str, Callable[[], Awaitable[object]]] = {
        "stage": partial(catalog.stage, lead.pipeline, lead.stage)
    }
    if lead.owner is not None:
        asked["owner"] = partial(catalog.user, lead.owner)
    for name in lead.fields:
        asked[f"fields.{name}"] = partial(catalog.field, name, "contact")
    for name, ask in asked.items():
        try:
            await ask()
        except Unknown as error:
            yield _error(f"{where}.{name}: {error}")


async def _consent_field(catalog: Catalog, settings: Settings) -> AsyncIterator[Finding]:
    try:
        name = settings.consent_field
        if name is not None and await catalog.field(name, "contact") is None:
            yield _error(f'consent_field: "{name}" is a field of opportunities, not of contacts')
    except Unknown as error:
        yield _error(f"consent_field: {error}")


async def _numbers(api: Api, settings: Settings, services: Services) -> Iterable[Finding]:
    """Lines that the sub-account doesn't have; nothing if it doesn't tell its numbers."""
    texts_elsewhere = settings.from_number is not None and not services.plays("source")
    wanted = {settings.from_number} if texts_elsewhere else set(services.lines)
    if not (services.plays("source") or services.plays("sender")):
        return ()
    try:
        told = await api.get(f"phone-system/numbers/location/{settings.location_id}")
    except ProviderError:
        return ()
    entries = told.get("numbers")
    if not isinstance(entries, list):
        return ()
    there = {normalised(str(each.get("phoneNumber")), services) for each in entries}
    return [
        _error(
            f"{line} is no number of this sub-account: its calls can't come from here, nor texts "
            'leave from it; set roles = ["crm"] if its numbers live elsewhere'
        )
        for line in sorted(filter(None, wanted))
        if line not in there
    ]


def _where(services: Services) -> str:
    if not services.plays("source"):
        return ""
    return f"; that the app's webhooks go to {services.address} it doesn't tell"


def _error(message: str) -> Finding:
    return Finding(Severity.ERROR, message)
