"""Look whether the PBX lets us in and has what the settings name.  Changes nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime
from ipaddress import ip_address

from textback.errors import ProviderError, Refused
from textback.model import Finding, Severity
from textback.services import Services
from textback_asterisk.ami import Ami, connected
from textback_asterisk.settings import Settings

CLOCK_OFF_S = 60
"""A clock that is further off than an answer takes to come is wrong."""


async def check(settings: Settings, services: Services) -> list[Finding]:
    """What is wrong, and what to do; one OK if nothing is."""
    findings = list(_of_settings(settings, services))
    try:
        async with connected(settings, services) as ami:
            await ami.log_in()
            findings += [each async for each in _at_the_pbx(ami, settings, services)]
    except Refused as error:
        findings.append(_error(f"{error}; see username and secret, and permit in manager.conf"))
    except ProviderError as error:
        findings.append(_error(str(error)))
    if all(finding.severity is not Severity.ERROR for finding in findings):
        words = f"{settings.account} lets us in; calls to {', '.join(services.lines)} are told of"
        findings.append(Finding(Severity.OK, words))
    return findings


def _of_settings(settings: Settings, services: Services) -> Iterable[Finding]:
    if not settings.tls and not _is_here(settings.host):
        yield Finding(
            Severity.WARNING,
            f"callers' numbers come from {settings.host} readably; set tls = true, or let them "
            "come through a tunnel",
        )
    for exten, line in settings.dids.items():
        if line not in services.lines:
            yield _error(f'dids: "{exten}" leads to {line}, which is none of the client\'s lines')


async def _at_the_pbx(ami: Ami, settings: Settings, services: Services) -> AsyncIterator[Finding]:
    answer = await ami.ask("Ping")
    off_s = _off(answer.get("timestamp", ""), services.clock.now())
    if abs(off_s) > CLOCK_OFF_S:
        way = "ahead of" if off_s > 0 else "behind"
        yield _error(
            f"this machine's clock is {abs(off_s):.0f} s {way} the PBX's; let both be set from the "
            "network"
        )
    try:
        await ami.listing("CoreShowChannels")
    except Refused as error:
        yield _error(f"{error}; the user needs write = reporting in manager.conf")
        return
    missing = []
    for context in settings.contexts:
        try:
            await ami.listing("ShowDialPlan", Context=context)
        except Refused:
            missing.append(context)
    if settings.contexts and len(missing) == len(settings.contexts) and not settings.trunks:
        yield _error(
            f"the dialplan has no context {' or '.join(missing)}; set contexts to those in which "
            "calls from outside begin, or name the trunks"
        )


def _off(stamp: str, now: datetime) -> float:
    """Seconds that our clock is ahead; 0 if the PBX doesn't say what time it is."""
    try:
        return (now - datetime.fromtimestamp(float(stamp), UTC)).total_seconds()
    except (ValueError, OverflowError, OSError):
        return 0.0


def _is_here(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _error(message: str) -> Finding:
    return Finding(Severity.ERROR, message)
