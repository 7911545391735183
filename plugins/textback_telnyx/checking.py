"""Look whether the account is set up so that calls and texts reach textback.  Sends nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from textback.errors import ProviderError
from textback.model import Finding, Severity
from textback.services import Services
from textback_telnyx import registration
from textback_telnyx.api import Api
from textback_telnyx.numbers import (
    API_VERSION,
    Number,
    find_application,
    find_numbers,
    find_profile,
)
from textback_telnyx.settings import Settings

CLOCK_OFF_S = 60
"""A clock that is further off than an answer takes to come is wrong."""

LONGEST_RING_S = 24
"""A mobile's mailbox takes a call after 20 s, unless told otherwise: 3GPP TS 27.007, +CCFC.  Some
carriers choose 25; from there on it nearly always comes first."""


async def check(api: Api, settings: Settings, services: Services) -> list[Finding]:
    """What is wrong at Telnyx, or in the settings, and what to do; one OK if nothing is."""
    wanted = [*services.lines, *([settings.from_number] if settings.from_number else ())]
    try:
        there = await api.clock()
        numbers = await find_numbers(api, dict.fromkeys(wanted))
    except ProviderError as error:
        return [_error(f"the account can't be read: {error}")]
    findings = [*_clock(there, services)]
    if services.plays("source"):
        findings += await _calls(api, settings, services, numbers)
    if services.plays("sender"):
        findings += await _texts(api, settings, services, numbers)
    if all(finding.severity is not Severity.ERROR for finding in findings):
        named = ", ".join(line for line in services.lines if line in numbers)
        findings.append(Finding(Severity.OK, f"calls and texts of {named} come here"))
    return findings


def _clock(there: datetime | None, services: Services) -> Iterable[Finding]:
    if there is None:
        return
    off_s = (services.clock.now() - there).total_seconds()
    if abs(off_s) > CLOCK_OFF_S:
        way = "ahead of" if off_s > 0 else "behind"
        yield _error(
            f"this machine's clock is {abs(off_s):.0f} s {way} Telnyx's, whose webhooks it takes "
            "for old ones then; let it be set from the network, e.g. timedatectl set-ntp true"
        )


async def _calls(
    api: Api, settings: Settings, services: Services, numbers: Mapping[str, Number]
) -> list[Finding]:
    findings = [*_ringing(settings, services)]
    for line in services.lines:
        number = numbers.get(line)
        if number is None:
            findings.append(
                _error(
                    f"{line} is no number of this account, so its calls can't come here; see lines "
                    'and api_key, or set roles = ["sender"] if another plugin tells of its calls'
                )
            )
        elif number.application != settings.application_id:
            where = number.told.get("connection_name") or number.application or "nothing"
            findings.append(_error(f"calls to {line} go to {where}, not here; {_cure(services)}"))
        else:
            findings += await _forwarding(api, number)
    try:
        application = await find_application(api, settings.application_id or "")
    except ProviderError as error:
        return [*findings, _error(f"application_id: the application can't be read: {error}")]
    return [*findings, *_application(application, settings, services)]


def _ringing(settings: Settings, services: Services) -> Iterable[Finding]:
    if settings.detect == "forwarded":
        return
    if not settings.ring:
        yield _error("ring is empty, so calls ring nobody; name the phones to ring")
    if settings.ring_s > LONGEST_RING_S and not settings.whisper:
        yield _warning(
            f"ring_s = {settings.ring_s}: the mailbox of a mobile phone often answers before that, "
            "and counts as an answer; 20 is safer, or set whisper = true"
        )
    for line in services.lines:
        if line in settings.ring:
            yield _error(f"{line} would ring itself; take it out of ring")


async def _forwarding(api: Api, number: Number) -> list[Finding]:
    """A number that is always forwarded never tells of its calls."""
    try:
        voice = await api.show(f"phone_numbers/{number.id}/voice")
    except ProviderError as error:
        return [_warning(f"whether {number.number} is forwarded can't be known ({error})")]
    told = voice.get("call_forwarding")
    forwarding = told if isinstance(told, dict) else {}
    always = forwarding.get("forwarding_type") == "always" and forwarding.get("forwards_to")
    if always and forwarding.get("call_forwarding_enabled"):
        return [
            _error(
                f"all calls to {number.number} are forwarded before they come here; switch that "
                "off in the portal, in the number's voice settings"
            )
        ]
    return []


def _application(
    application: Mapping[str, Any], settings: Settings, services: Services
) -> Iterable[Finding]:
    name = application.get("application_name") or settings.application_id
    url = str(application.get("webhook_event_url") or "")
    if application.get("active") is False:
        yield _error(f"the application {name} is switched off; see the Telnyx portal")
    if url != f"{services.address}/voice":
        yield _error(f"{name} tells {_place(url)} of its calls, not us; {_cure(services)}")
    elif application.get("webhook_api_version") != API_VERSION:
        yield _error(f"{name} tells of its calls in an old form; {_cure(services)}")
    outbound = application.get("outbound")
    profile = outbound.get("outbound_voice_profile_id") if isinstance(outbound, dict) else None
    if settings.detect == "ring" and not profile:
        yield _error(
            f"{name} can't ring the phones: it has no outbound voice profile; choose one in the "
            "portal, in the application's outbound settings"
        )
    fallback = urlsplit(str(application.get("webhook_event_failover_url") or "")).hostname
    if settings.detect == "ring" and fallback in (None, urlsplit(services.address).hostname):
        yield _error(
            "with textback down, calls would ring nobody; make the function that "
            f"docs/plugins/telnyx.md shows, put its address into fallback_url and {_cure(services)}"
        )


async def _texts(
    api: Api, settings: Settings, services: Services, numbers: Mapping[str, Number]
) -> list[Finding]:
    findings: list[Finding] = []
    wanted = [settings.from_number] if settings.from_number else [*services.lines]
    senders = [numbers[each] for each in wanted if each in numbers]
    if settings.from_number is not None and not senders:
        findings.append(_error(f"from_number {settings.from_number} is no number of this account"))
    elif not senders and not services.plays("source"):
        named = ", ".join(services.lines)
        findings.append(_error(f"{named}: no number of this account; set from_number to one"))
    profiles: dict[str, list[str]] = {}
    for number in senders:
        wanted_profile = settings.messaging_profile_id or number.profile
        if not number.profile or number.profile != wanted_profile:
            cure = _cure(services) if wanted_profile else "set messaging_profile_id, then connect"
            has = "another" if number.profile else "no"
            findings.append(_error(f"{number.number} has {has} messaging profile; {cure}"))
        if wanted_profile:
            profiles.setdefault(wanted_profile, []).append(number.number)
    for profile, users in profiles.items():
        findings += await _profile(api, services, profile, ", ".join(users))
    return [*findings, *await registration.check(api, senders)]


async def _profile(api: Api, services: Services, profile: str, users: str) -> list[Finding]:
    try:
        told = await find_profile(api, profile)
    except ProviderError as error:
        return [_error(f"the messaging profile of {users} can't be read: {error}")]
    findings, url = [], str(told.get("webhook_url") or "")
    if told.get("enabled") is False:
        findings.append(_error(f"the messaging profile of {users} is switched off"))
    if url != f"{services.address}/sms":
        findings.append(_error(f"replies to {users} go to {_place(url)}; {_cure(services)}"))
    elif told.get("webhook_api_version") != API_VERSION:
        findings.append(_error(f"replies to {users} come in an old form; {_cure(services)}"))
    return findings


def _place(url: str) -> str:
    return urlsplit(url).hostname or "nobody"


def _cure(services: Services) -> str:
    return f"run: textback connect {services.client}"


def _error(message: str) -> Finding:
    return Finding(Severity.ERROR, message)


def _warning(message: str) -> Finding:
    return Finding(Severity.WARNING, message)
