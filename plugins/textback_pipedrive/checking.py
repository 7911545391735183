"""Look whether the token works, and whether what the client's file names exists.  Makes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial

from textback.catalog import Unknown
from textback.errors import ProviderError
from textback.model import Finding, Severity
from textback.services import LeadRule, Services
from textback_pipedrive.api import Api
from textback_pipedrive.catalog import Catalog
from textback_pipedrive.fields import value_of
from textback_pipedrive.settings import Settings


async def check(
    api: Api, catalog: Catalog, settings: Settings, services: Services
) -> list[Finding]:
    """What is wrong at Pipedrive or in the file, and what to do; one OK if nothing is."""
    try:
        me = await api.get("v1/users/me")
        findings = [each async for each in _types(catalog, settings, services)]
        if services.plays("crm"):
            findings += [each async for each in _consent_field(catalog, settings)]
            for number, lead in enumerate(services.leads, 1):
                findings += [each async for each in _lead(catalog, lead, f"lead[{number}]")]
    except ProviderError as error:
        return [_error(f"Pipedrive can't be read: {error}")]
    if not any(each.severity is Severity.ERROR for each in findings):
        company = me.get("company_name") if isinstance(me, dict) else None
        findings.append(Finding(Severity.OK, f"leads go to {company or 'Pipedrive'}"))
    return findings


async def _types(
    catalog: Catalog, settings: Settings, services: Services
) -> AsyncIterator[Finding]:
    if not services.plays("crm"):
        return
    there = await catalog.activity_types()
    wanted = {"call_type": settings.call_type}
    if settings.texts_as == "activities":
        wanted |= {"text_type": settings.text_type, "booking_type": settings.booking_type}
    for name, key in wanted.items():
        if key not in there:
            yield _error(
                f'{name}: no activity type in use has the key "{key}"; '
                f"there are: {', '.join(sorted(there))}"
            )


async def _consent_field(catalog: Catalog, settings: Settings) -> AsyncIterator[Finding]:
    try:
        name = settings.consent_field
        if name is not None and await catalog.person_field(name) is None:
            yield _error(f'consent_field: "{name}" is a field of deals, not of persons')
    except Unknown as error:
        yield _error(f"consent_field: {error}")


async def _lead(catalog: Catalog, lead: LeadRule, where: str) -> AsyncIterator[Finding]:
    asked: dict[str, Callable[[], Awaitable[object]]] = {
        "stage": partial(catalog.stage, lead.pipeline, lead.stage)
    }
    if lead.tag is not None:
        asked["tag"] = partial(catalog.label, lead.tag)
    if lead.owner is not None:
        asked["owner"] = partial(catalog.user, lead.owner)
    for name, text in lead.fields.items():
        asked[f"fields.{name}"] = partial(_field, catalog, name, text)
    for name, ask in asked.items():
        try:
            await ask()
        except Unknown as error:
            yield _error(f"{where}.{name}: {error}")


async def _field(catalog: Catalog, name: str, text: str) -> None:
    for field in (await catalog.person_field(name), await catalog.deal_field(name)):
        if field is not None:
            value_of(field, text)


def _error(message: str) -> Finding:
    return Finding(Severity.ERROR, message)
