"""Set our addresses at the client's application, and link its lines to it.  No other number's."""

from __future__ import annotations

from copy import deepcopy
from typing import Any
from urllib.parse import urlsplit

import attrs

from textback.errors import Refused
from textback.model import Addresses, Change, PhoneNumber
from textback.services import Services
from textback_vonage.api import Api
from textback_vonage.formats import digits
from textback_vonage.settings import Settings


@attrs.frozen
class Hook:
    """An address of an application: where it stands, and what the dashboard calls it."""

    capability: str
    name: str
    words: str


ANSWER = Hook("voice", "answer_url", "Voice, Answer URL")
EVENT = Hook("voice", "event_url", "Voice, Event URL")
FALLBACK = Hook("voice", "fallback_answer_url", "Voice, Fallback URL")
INBOUND = Hook("messages", "inbound_url", "Messages, Inbound URL")
STATUS = Hook("messages", "status_url", "Messages, Status URL")

Wanted = dict[Hook, tuple[str, str]]
"""Address and method."""


async def connect(
    api: Api, settings: Settings, services: Services, addresses: Addresses, *, dry_run: bool
) -> list[Change]:
    """Set what differs and say what it was; with *dry_run*, only say so.

    The lines that the account doesn't own are left out: `check` speaks of them.

    Raises:
        Refused: Vonage said no, or calls would be taken away from another client.
        NotSent, MaybeSent: There was no whole answer.
    """
    changes: list[Change] = []
    if settings.application_id is not None:
        changes += await _application(api, settings, services, addresses, dry_run=dry_run)
    for line in addresses.lines:
        changes += await _number(api, settings, services, line, addresses, dry_run=dry_run)
    return changes


def hook_of(application: dict[str, Any], hook: Hook) -> dict[str, Any]:
    """An address as the application has it, with its method; empty if it has none."""
    capability = (application.get("capabilities") or {}).get(hook.capability) or {}
    told = (capability.get("webhooks") or {}).get(hook.name)
    return dict(told) if isinstance(told, dict) else {}


def wanted(settings: Settings, services: Services, addresses: Addresses) -> Wanted:
    """What the application should say; POST, so that its signature is for the body."""
    hooks: Wanted = {}
    if services.plays("source"):
        if settings.ring or settings.detect == "forwarded":
            hooks[ANSWER] = (addresses.topic("answer"), "POST")
        hooks[EVENT] = (addresses.topic("event"), "POST")
        if settings.fallback_url:
            hooks[FALLBACK] = (settings.fallback_url, "GET")
    if services.plays("sender") and settings.api == "messages":
        hooks[INBOUND] = (addresses.topic("sms"), "POST")
        hooks[STATUS] = (addresses.topic("sms-status"), "POST")
    return hooks


async def _application(
    api: Api, settings: Settings, services: Services, addresses: Addresses, *, dry_run: bool
) -> list[Change]:
    told = await api.application()
    # Vonage replaces the application as a whole: what isn't ours goes back as it came.
    anew = {key: value for key, value in deepcopy(told).items() if key not in ("id", "_links")}
    changes: list[Change] = []
    for hook, (address, method) in wanted(settings, services, addresses).items():
        now = hook_of(told, hook)
        _leave_others(now, hook, addresses)
        if (now.get("address"), now.get("http_method")) == (address, method):
            continue
        before, after = _shown(now), _shown({"address": address, "http_method": method})
        changes.append(Change(f"application: {hook.words}", before, after or ""))
        place = anew.setdefault("capabilities", {}).setdefault(hook.capability, {})
        place.setdefault("webhooks", {})[hook.name] = {
            **now,
            "address": address,
            "http_method": method,
        }
    voice = (anew.get("capabilities") or {}).get("voice") or {}
    if services.plays("source") and voice.get("signed_callbacks") is False:
        changes.append(Change("application: Voice, signed callbacks", "off", "on"))
        voice["signed_callbacks"] = True
    if changes and not dry_run:
        await api.update_application(anew)
    return changes


async def _number(
    api: Api,
    settings: Settings,
    services: Services,
    line: PhoneNumber,
    addresses: Addresses,
    *,
    dry_run: bool,
) -> list[Change]:
    number = await api.number(digits(line))
    if number is None:
        return []
    changes: list[Change] = []
    form = {"country": str(number.get("country")), "msisdn": digits(line)}
    # What is left out may be taken away: it is said again.
    kept = ("moHttpUrl", "voiceCallbackType", "voiceCallbackValue", "app_id")
    form |= {name: str(number[name]) for name in kept if number.get(name)}
    linked = services.plays("source") or settings.api == "messages"
    if linked and settings.application_id and number.get("app_id") != settings.application_id:
        before, after = number.get("app_id"), settings.application_id
        changes.append(Change(f"{line}: application", str(before) if before else None, after))
        form["app_id"] = after
    texts = addresses.topic("sms")
    if services.plays("sender") and settings.api == "sms" and number.get("moHttpUrl") != texts:
        before = number.get("moHttpUrl")
        changes.append(Change(f"{line}: inbound SMS", str(before) if before else None, texts))
        form["moHttpUrl"] = texts
    if changes and not dry_run:
        await api.update_number(form)
    return changes


def _leave_others(now: dict[str, Any], hook: Hook, addresses: Addresses) -> None:
    """An application belongs to one client: the calls of another one must not be taken.

    Raises:
        Refused: They go to another client of this installation.
    """
    told, ours = urlsplit(str(now.get("address") or "")), urlsplit(addresses.base)
    home = ours.path.rsplit("/", 2)[0] + "/"  # where all clients' addresses begin
    mine = told.path.startswith(f"{ours.path}/")
    if told.netloc == ours.netloc and told.path.startswith(home) and not mine:
        raise Refused(
            f"{hook.words} of the application is {told.path}, another client's or plugin's; make "
            "an application for each client",
            permanent=True,
        )


def _shown(hook: dict[str, Any]) -> str | None:
    address = hook.get("address")
    return f"{hook.get('http_method') or 'GET'} {address}" if address else None
