"""Look whether the account is set up so that calls and texts reach textback.  Sends nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from textback.errors import ProviderError
from textback.model import Addresses, Finding, PhoneNumber, Severity
from textback.services import Services
from textback_vonage.api import Api, Balance
from textback_vonage.connecting import FALLBACK, hook_of, wanted
from textback_vonage.formats import digits
from textback_vonage.ncco import fallback_ncco
from textback_vonage.settings import Settings

CLOCK_OFF_S = 60
"""A clock that is further off than an answer takes to come is wrong."""

LONGEST_RING_S = 24
"""A mobile's mailbox takes a call after 20 s, unless told otherwise: 3GPP TS 27.007, +CCFC."""

LOW_EUROS = 1.0


async def check(api: Api, settings: Settings, services: Services) -> list[Finding]:
    """What is wrong at Vonage, or in the settings, and what to do; one OK if nothing is."""
    try:
        balance = await api.balance()
        numbers = {line: await api.number(digits(line)) for line in services.lines}
    except ProviderError as error:
        return [_error(f"the account can't be read: {error}")]
    findings = [*_balance(balance), *_clock(balance, services), *_ringing(settings, services)]
    for line, number in numbers.items():
        if number is None:
            findings += _not_ours(line, settings, services)
        else:
            findings += _line(line, number, settings, services)
    if settings.from_number is not None and services.plays("sender"):
        findings += await _sender(api, settings.from_number)
    if settings.application_id is not None:
        findings += await _application(api, settings, services)
    if all(finding.severity is not Severity.ERROR for finding in findings):
        named = ", ".join(line for line, number in numbers.items() if number is not None)
        findings.append(Finding(Severity.OK, f"calls and texts of {named} come here"))
    return findings


def _balance(balance: Balance) -> Iterable[Finding]:
    if balance.euros < LOW_EUROS and not balance.reloads:
        yield Finding(
            Severity.WARNING,
            f"{balance.euros:.2f} EUR are left, and nothing tops the account up: neither calls "
            "nor texts go without money",
        )


def _clock(balance: Balance, services: Services) -> Iterable[Finding]:
    if balance.at is None:
        return
    off_s = (services.clock.now() - balance.at).total_seconds()
    if abs(off_s) > CLOCK_OFF_S:
        way = "ahead of" if off_s > 0 else "behind"
        yield _error(
            f"this machine's clock is {abs(off_s):.0f} s {way} Vonage's, so that signatures count "
            "as old; let it be set from the network, e.g. timedatectl set-ntp true"
        )


def _ringing(settings: Settings, services: Services) -> Iterable[Finding]:
    if not services.plays("source") or settings.detect != "dial":
        return
    if settings.ring and settings.ring_s > LONGEST_RING_S and not settings.whisper:
        words = (
            f"ring_s = {settings.ring_s}: the mailbox of a mobile phone often answers before that, "
            "and counts as an answer; 20 is safer, or set whisper = true"
        )
        yield Finding(Severity.WARNING, words)
    for line in services.lines:
        if line in settings.ring:
            yield _error(f"{line} would ring itself; take it out of ring")


def _not_ours(line: PhoneNumber, settings: Settings, services: Services) -> Iterable[Finding]:
    """A line that the account doesn't have: no call of it comes, and no text can leave from it."""
    if services.plays("source"):
        yield _error(
            f"{line} is no number of this account, so its calls can't come here; see lines and "
            'api_key, or set roles = ["sender"] if another plugin tells of its calls'
        )
    elif settings.from_number is None:
        yield _error(f"{line} is no number of this account; set from_number to one that is")


def _line(
    line: PhoneNumber, number: dict[str, Any], settings: Settings, services: Services
) -> Iterable[Finding]:
    sends, features = services.plays("sender"), number.get("features") or []
    if services.plays("source"):
        if number.get("voiceCallbackType") in ("sip", "tel"):
            yield _error(f"calls to {line} are forwarded by Vonage itself; take that away there")
        if "VOICE" not in features:
            yield _error(f"{line} can't take calls; its features are {_list(features)}")
    if sends and settings.from_number is None and "SMS" not in features:
        yield _error(f"{line} can't send texts; set from_number to one that can")
    linked = services.plays("source") or (sends and settings.api == "messages")
    if linked and number.get("app_id") != settings.application_id:
        yield _error(f"{line} is not linked to the application; {_cure(services)}")
    if sends and settings.api == "sms" and number.get("moHttpUrl") != f"{services.address}/sms":
        yield _error(f"{line} passes no replies on; {_cure(services)}")


async def _sender(api: Api, number: PhoneNumber) -> list[Finding]:
    try:
        found = await api.number(digits(number))
    except ProviderError as error:
        return [_error(f"from_number can't be looked up: {error}")]
    if found is None:
        return [_error(f"from_number {number} is no number of this account")]
    if "SMS" not in (found.get("features") or []):
        return [_error(f"from_number {number} can't send texts")]
    return []


async def _application(api: Api, settings: Settings, services: Services) -> list[Finding]:
    try:
        told = await api.application()
    except ProviderError as error:
        return [_error(f"the application can't be read: {error}")]
    findings = [*_hooks(told, settings, services)]
    try:
        await api.key_fits()
    except ProviderError as error:
        findings.append(_error(f"private_key is not accepted for the application: {error}"))
    if services.plays("source"):
        findings += await _fallback(api, told, settings, services)
    return findings


def _hooks(told: dict[str, Any], settings: Settings, services: Services) -> Iterable[Finding]:
    for hook, (address, method) in wanted(settings, services, Addresses(services.address)).items():
        now = hook_of(told, hook)
        if hook is FALLBACK:
            continue
        if now.get("address") != address:
            place = f"to {urlsplit(str(now['address'])).hostname}" if now.get("address") else "off"
            yield _error(f"the application's {hook.words} is set {place}; {_cure(services)}")
        elif now.get("http_method") != method:
            yield _error(f"the application's {hook.words} must be {method}; {_cure(services)}")
    if not services.plays("source"):
        return
    if not settings.ring and settings.detect == "dial":
        words = (
            "ring is empty: name the phones to ring; if an NCCO of your own rings them, its "
            f"events must go to {services.address}/event"
        )
        yield Finding(Severity.WARNING, words)
    voice = (told.get("capabilities") or {}).get("voice") or {}
    if voice.get("signed_callbacks") is False:
        yield _error(f"the application's voice webhooks are not signed; {_cure(services)}")


async def _fallback(
    api: Api, told: dict[str, Any], settings: Settings, services: Services
) -> list[Finding]:
    """Whether calls still ring with textback down: from a file on another machine than ours."""
    if not services.lines or (not settings.ring and settings.detect == "dial"):
        return []
    right = fallback_ncco(settings, services.lines[0])
    how = f"put this into a file on another server, as application/json: {right}"
    url = str(hook_of(told, FALLBACK).get("address") or "")
    if not url or urlsplit(url).hostname == urlsplit(services.address).hostname:
        words = "set fallback_url to its address, and run: textback connect"
        return [
            _error(
                f"with textback down, calls would ring nobody; {how}; then {words} "
                f"{services.client}"
            )
        ]
    try:
        response = await api.fallback(url)
    except ProviderError as error:
        return [_error(f"with textback down, calls would ring nobody: {error}; {how}")]
    kind = response.headers.get("content-type", "").partition(";")[0]
    if response.status_code != HTTPStatus.OK or kind != "application/json":
        words = f"the fallback answers {response.status_code} as {kind or 'nothing'}"
        return [_error(f"with textback down, calls would ring nobody: {words}; {how}")]
    if not _says(response.text, right):
        words = f"the fallback at {urlsplit(url).hostname} is not up to date"
        return [_error(f"{words}; {how}")]
    return []


def _says(text: str, right: str) -> bool:
    try:
        return bool(json.loads(text) == json.loads(right))
    except ValueError:
        return False


def _list(words: Iterable[Any]) -> str:
    return ", ".join(map(str, words)) or "none"


def _cure(services: Services) -> str:
    return f"run: textback connect {services.client}"


def _error(message: str) -> Finding:
    return Finding(Severity.ERROR, message)
