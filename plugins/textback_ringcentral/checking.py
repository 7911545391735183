"""Look whether the account is set up so that calls and texts reach textback.  Sends nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from datetime import timedelta

from textback.errors import ProviderError, Refused
from textback.model import Finding, Severity
from textback.services import Services
from textback_ringcentral import subscription
from textback_ringcentral.api import ACCOUNT, EXTENSION, Api
from textback_ringcentral.settings import Settings
from textback_ringcentral.texts import stamp

# What an app may do is chosen in the developer console, and for each user in the admin portal.
_CURE = "add the permission to the app in the developer console, and see the user's role"


async def check(api: Api, settings: Settings, services: Services) -> list[Finding]:
    """What is wrong at RingCentral, or in the settings, and what to do; one OK if nothing is."""
    try:
        await api.tokens.get()
    except ProviderError as error:
        return [_error(f"RingCentral doesn't let us in: {error}")]
    findings = [each async for each in _permitted(api, services)]
    try:
        findings += [each async for each in _lines(api, services)]
        if subscription.texts_leave(services):
            findings += [each async for each in _senders(api, settings, services)]
        known = await subscription.of_ours(api, services.address)
        findings += _subscribed(known, settings, services)
    except ProviderError as error:
        findings.append(_error(f"the account can't be read: {error}; {_CURE}"))
    if all(finding.severity is not Severity.ERROR for finding in findings):
        lines = ", ".join(services.lines)
        findings.append(Finding(Severity.OK, f"calls and texts of {lines} come here"))
    return findings


async def _permitted(api: Api, services: Services) -> AsyncIterator[Finding]:
    """Whether calls and texts may be listed, as it is done after an outage."""
    since = stamp(api.now() - timedelta(minutes=5))
    asked = {}
    if services.plays("source"):
        asked[f"{ACCOUNT}/call-log"] = "the call log can't be read"
    if subscription.texts_leave(services):
        asked[f"{EXTENSION}/message-store"] = "the user's texts can't be read"
    for path, words in asked.items():
        try:
            await api.get(path, {"dateFrom": since, "perPage": "1"})
        except Refused as error:
            yield _error(f"{words}: {error}; {_CURE}")
        except ProviderError as error:
            yield _error(f"{words}: {error}")


async def _lines(api: Api, services: Services) -> AsyncIterator[Finding]:
    records = api.records(f"{ACCOUNT}/phone-number", {"perPage": "1000"})
    numbers = {str(each.get("phoneNumber")) async for each in records}
    for line in services.lines:
        if line not in numbers and services.plays("source"):
            yield _error(
                f"{line} is no number of this account, so its calls can't come here; see lines, or "
                'set roles = ["sender"] if another plugin tells of its calls'
            )


async def _senders(api: Api, settings: Settings, services: Services) -> AsyncIterator[Finding]:
    """Whether the user may text from the lines: only one user may from each number.

    https://developers.ringcentral.com/guide/messaging/sms/sms-requirements
    """
    records = api.records(f"{EXTENSION}/phone-number", {"perPage": "1000"})
    able = {
        str(each.get("phoneNumber"))
        async for each in records
        if "SmsSender" in (each.get("features") or ())
    }
    wanted = services.lines if settings.from_number is None else (settings.from_number,)
    for number in wanted:
        if number not in able:
            yield _error(
                f"the user can't text from {number}; register it for texts and assign them to the "
                "user in the admin portal, or set from_number to a number that is"
            )


def _subscribed(
    known: Iterable[subscription.Subscription], settings: Settings, services: Services
) -> Iterable[Finding]:
    good = [
        each for each in known if subscription.serves(each, settings, services, services.address)
    ]
    if not good:
        states = ", ".join(sorted({each.status for each in known})) or "none"
        yield _error(
            f"no subscription brings notifications here ({states}); `textback serve` makes one "
            f"within minutes, or run: textback connect {services.client}"
        )
    for each in good:
        for name, reason in each.disabled:
            yield _error(f"RingCentral doesn't tell of {name}: {reason}; {_CURE}")


def _error(message: str) -> Finding:
    return Finding(Severity.ERROR, message)
