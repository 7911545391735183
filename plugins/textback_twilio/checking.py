"""Look whether the account is set up so that calls and texts reach textback.  Sends nothing."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit

from textback.errors import ProviderError
from textback.model import Finding, Severity
from textback.services import Services
from textback_twilio import registration
from textback_twilio.api import Account, Api
from textback_twilio.numbers import Number, all_numbers
from textback_twilio.settings import Settings
from textback_twilio.twiml import fallback_twiml

CLOCK_OFF_S = 60
"""A clock that is further off than an answer takes to come is wrong."""

LONGEST_RING_S = 24
"""A mobile's mailbox takes a call after 20 s, unless told otherwise: 3GPP TS 27.007, +CCFC.  Some
carriers choose 25; from there on it nearly always comes first."""


async def check(api: Api, settings: Settings, services: Services) -> list[Finding]:
    """What is wrong at Twilio, or in the settings, and what to do; one OK if nothing is."""
    try:
        account = await api.account()
        numbers = {number.number: number async for number in all_numbers(api)}
    except ProviderError as error:
        return [_error(f"the account can't be read: {error}")]
    findings = [*_account(account), *_clock(account, services), *_ringing(settings, services)]
    for line in services.lines:
        number = numbers.get(line)
        if number is None:
            findings += _not_ours(line, settings, services)
        else:
            findings += _line(number, settings, services)
    senders = list(_senders(numbers, settings, services))
    if settings.from_number is not None and not senders and services.plays("sender"):
        findings.append(_error(f"from_number {settings.from_number} is no number of this account"))
    findings += [
        _error(f"{number.number} can't send texts; set from_number to one that can")
        for number in senders
        if not number.can_text
    ]
    findings += await registration.check(api, settings, services, senders)
    if all(finding.severity is not Severity.ERROR for finding in findings):
        named = ", ".join(line for line in services.lines if line in numbers)
        findings.append(Finding(Severity.OK, f"calls and texts of {named} come here"))
    return findings


def _account(account: Account) -> Iterable[Finding]:
    if account.status != "active":
        yield _error(f"the account is {account.status}; see the Twilio console")
    if account.kind == "Trial":
        words = "it is a trial account: only numbers that are verified in the console get texts"
        yield Finding(Severity.WARNING, words)


def _clock(account: Account, services: Services) -> Iterable[Finding]:
    if account.at is None:
        return
    off_s = (services.clock.now() - account.at).total_seconds()
    if abs(off_s) > CLOCK_OFF_S:
        way = "ahead of" if off_s > 0 else "behind"
        yield _error(
            f"this machine's clock is {abs(off_s):.0f} s {way} Twilio's; let it be set from the "
            "network, e.g. timedatectl set-ntp true"
        )


def _ringing(settings: Settings, services: Services) -> Iterable[Finding]:
    too_long = settings.ring and settings.ring_s > LONGEST_RING_S and not settings.whisper
    if too_long and settings.detect == "dial" and services.plays("source"):
        words = (
            f"ring_s = {settings.ring_s}: the mailbox of a mobile phone often answers before that, "
            "and counts as an answer; 20 is safer, or set whisper = true"
        )
        yield Finding(Severity.WARNING, words)


def _not_ours(line: str, settings: Settings, services: Services) -> Iterable[Finding]:
    """A line that the account doesn't have: no call of it comes, and no text can leave from it."""
    if services.plays("source"):
        yield _error(
            f"{line} is no number of this account, so its calls can't come here; see lines and "
            'account_sid, or set roles = ["sender"] if another plugin tells of its calls'
        )
    elif settings.from_number is None and settings.messaging_service_sid is None:
        yield _error(f"{line} is no number of this account; set from_number to one that is")


def _line(number: Number, settings: Settings, services: Services) -> Iterable[Finding]:
    who, address = number.number, services.address
    if services.plays("source"):
        if not number.voice_elsewhere and not number.comes_to(address):
            yield _error(
                f"calls to {who} go {_place(number.voice_url)}, not here; {_cure(services)}"
            )
            if settings.fallback_url is None and (settings.ring or settings.detect == "forwarded"):
                yield from _fallback(number, settings, address)  # to be made before connecting
            return
        yield from _calls(number, settings, services)
    if services.plays("sender") and settings.messaging_service_sid is None:
        if number.texts_elsewhere:
            yield _error(f"texts to {who} go to a TwiML app; take it out of the app")
        elif number.sms_url != f"{address}/sms":
            yield _error(f"{who} passes no replies on; {_cure(services)}")


def _calls(number: Number, settings: Settings, services: Services) -> Iterable[Finding]:
    who, address = number.number, services.address
    if number.voice_elsewhere:
        yield _error(f"{who} belongs to a TwiML app or SIP trunk, so its own addresses aren't used")
    elif settings.detect != "status":
        if number.voice_url not in (f"{address}/voice", f"{address}/forwarded"):
            words = f"{who} answers calls by other means; its <Dial> needs action={address}/dial"
            yield Finding(Severity.WARNING, words)
        else:
            yield from _fallback(number, settings, address)
    if settings.detect == "dial" and not settings.ring and number.voice_url == f"{address}/voice":
        yield _error("ring is empty, so calls ring nobody; name the phones to ring")
    if settings.detect != "forwarded" and number.status_url != f"{address}/status":
        yield _error(f"{who} doesn't tell when a caller gives up; {_cure(services)}")
    if who in settings.ring:
        yield _error(f"{who} would ring itself; take it out of ring")


def _fallback(number: Number, settings: Settings, address: str) -> Iterable[Finding]:
    ours = urlsplit(address).hostname
    if not number.fallback_url or urlsplit(number.fallback_url).hostname == ours:
        yield _error(
            f"with textback down, calls to {number.number} would ring nobody; make a TwiML Bin in "
            f'the console, set "Primary handler fails" to it (or fallback_url, then connect), and '
            f"put this into it: {fallback_twiml(settings, address)}"
        )


def _senders(
    numbers: dict[str, Number], settings: Settings, services: Services
) -> Iterable[Number]:
    """What texts leave from; a messaging service picks for itself."""
    if settings.messaging_service_sid is not None or not services.plays("sender"):
        return
    wanted = [settings.from_number] if settings.from_number is not None else services.lines
    for number in wanted:
        if number in numbers:
            yield numbers[number]


def _place(url: str) -> str:
    return f"to {urlsplit(url).hostname}" if url else "nowhere"


def _cure(services: Services) -> str:
    return f"run: textback connect {services.client}"


def _error(message: str) -> Finding:
    return Finding(Severity.ERROR, message)
