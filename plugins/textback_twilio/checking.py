"""Look whether the account is set up so that calls and texts reach textback.  Sends nothing."""

from __future__ import annotations

from urllib.parse import urlsplit

from textback.errors import ProviderError
from textback.model import Finding, Severity
from textback_twilio.api import Api
from textback_twilio.numbers import Number, all_numbers
from textback_twilio.settings import Settings
from textback_twilio.twiml import fallback_twiml


async def check(api: Api, settings: Settings, address: str) -> list[Finding]:
    """What is wrong at Twilio, or in the settings, and what to do; one OK if nothing is."""
    try:
        account = await api.account()
        numbers = [number async for number in all_numbers(api)]
    except ProviderError as error:
        return [Finding(Severity.ERROR, f"the account can't be read: {error}")]
    findings = _account(str(account.get("status")), str(account.get("type")))
    ours = [number for number in numbers if number.comes_to(address)]
    if not ours:
        findings.append(
            _error(
                f"no number of the account sends its calls here; in the console, at the number, "
                f'set "A call comes in" to {_voice(settings, address)}'
            )
        )
    for number in ours:
        findings += _number(number, settings, address)
    findings += _sender(settings, numbers, ours)
    if settings.detect == "dial" and not settings.ring and any(_is_rung(n, address) for n in ours):
        findings.append(_error("ring is empty, so calls ring nobody; name the phones to ring"))
    if all(finding.severity is not Severity.ERROR for finding in findings):
        named = ", ".join(number.number for number in ours)
        findings.append(Finding(Severity.OK, f"calls and texts of {named} come here"))
    return findings


def _account(status: str, kind: str) -> list[Finding]:
    findings = []
    if status != "active":
        findings.append(_error(f"the account is {status}; see the Twilio console"))
    if kind == "Trial":
        words = "it is a trial account: only numbers that are verified in the console get texts"
        findings.append(Finding(Severity.WARNING, words))
    return findings


def _number(number: Number, settings: Settings, address: str) -> list[Finding]:
    who, findings = number.number, []
    if number.application:
        findings.append(
            _error(f"{who} belongs to a TwiML app or SIP trunk, so its own addresses aren't used")
        )
    elif settings.detect != "status":
        wanted = (f"{address}/voice", f"{address}/forwarded")
        if number.voice_url not in wanted:
            words = f"{who} answers calls by other means; its <Dial> needs action={address}/dial"
            findings.append(Finding(Severity.WARNING, words))
        else:
            findings += _fallback(number, settings, address)
    if settings.detect != "forwarded" and number.status_url != f"{address}/status":
        findings.append(
            _error(
                f"{who} doesn't tell when a caller gives up; "
                f'set "Call status changes" to {address}/status'
            )
        )
    if settings.messaging_service_sid is None and number.sms_url != f"{address}/sms":
        findings.append(
            _error(f'{who} passes no replies on; set "A message comes in" to {address}/sms')
        )
    if who in settings.ring:
        findings.append(_error(f"{who} would ring itself; take it out of ring"))
    return findings


def _fallback(number: Number, settings: Settings, address: str) -> list[Finding]:
    ours = urlsplit(address).hostname
    if number.fallback_url and urlsplit(number.fallback_url).hostname != ours:
        return []
    return [
        _error(
            f"with textback down, calls to {number.number} would ring nobody; make a TwiML Bin in "
            f'the console, set "Primary handler fails" to it, and put this into it: '
            f"{fallback_twiml(settings, address)}"
        )
    ]


def _sender(settings: Settings, numbers: list[Number], ours: list[Number]) -> list[Finding]:
    """Whether what texts leave from can send them; a messaging service is not looked into."""
    if settings.messaging_service_sid is not None:
        return []
    if settings.from_number is None:
        senders = ours
    else:
        senders = [number for number in numbers if number.number == settings.from_number]
        if not senders:
            return [_error(f"from_number {settings.from_number} is no number of this account")]
    mute = [number.number for number in senders if not number.can_text]
    return [
        _error(f"{number} can't send texts; set from_number to one that can") for number in mute
    ]


def _is_rung(number: Number, address: str) -> bool:
    return number.voice_url == f"{address}/voice"


def _voice(settings: Settings, address: str) -> str:
    return f"{address}/forwarded" if settings.detect == "forwarded" else f"{address}/voice"


def _error(message: str) -> Finding:
    return Finding(Severity.ERROR, message)
