"""Set our addresses at the client's numbers, and at its messaging service.  No other number's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import attrs

from textback.errors import Refused
from textback.model import Addresses, Change
from textback.services import Services
from textback_twilio.api import Api
from textback_twilio.numbers import Number, all_numbers
from textback_twilio.settings import Settings
from textback_twilio.twiml import RETRIED

# Somebody waits on the phone: one more try, then the fallback.
RETRIED_ONCE = "#rc=1&rp=5xx,ct,rt"


@attrs.frozen
class Field:
    """A setting of a number: as a form, as Twilio tells it, and as its console calls it."""

    form: str
    told: str
    words: str


VOICE = Field("VoiceUrl", "voice_url", "A call comes in")
VOICE_METHOD = Field("VoiceMethod", "voice_method", "A call comes in, method")
FALLBACK = Field("VoiceFallbackUrl", "voice_fallback_url", "Primary handler fails")
STATUS = Field("StatusCallback", "status_callback", "Call status changes")
STATUS_METHOD = Field(
    "StatusCallbackMethod", "status_callback_method", "Call status changes, method"
)
TEXT = Field("SmsUrl", "sms_url", "A message comes in")
TEXT_METHOD = Field("SmsMethod", "sms_method", "A message comes in, method")
REPLIES = Field("InboundRequestUrl", "inbound_request_url", "Incoming messages, request URL")
REPLIES_METHOD = Field("InboundMethod", "inbound_method", "Incoming messages, method")

Wanted = dict[Field, str]


async def connect(
    api: Api, settings: Settings, services: Services, addresses: Addresses, *, dry_run: bool
) -> list[Change]:
    """Set what differs and say what it was; with *dry_run*, only say so.

    Some lines may be another plugin's: those that the account doesn't own are left out, and
    `check` speaks of them.

    Raises:
        Refused: Twilio said no, the account owns none of the lines whose calls come from here, or
            replies would be taken away from another client.
        NotSent, MaybeSent: There was no whole answer.
    """
    sid = settings.messaging_service_sid if services.plays("sender") else None
    service = await api.service(sid) if sid else None
    by_service = service is not None and not service.get("use_inbound_webhook_on_number")
    numbers = {number.number: number async for number in all_numbers(api)}
    if services.plays("source") and not numbers.keys() & set(addresses.lines):
        lines = ", ".join(addresses.lines)
        words = f"{lines} is no number of this account, so its calls can't come here"
        raise Refused(f"{words}; see lines and account_sid", permanent=True)
    changes: list[Change] = []
    if service is not None and by_service:
        wanted = _texts(REPLIES, REPLIES_METHOD, addresses)
        _leave_others(service, REPLIES, f"messaging service {sid}", addresses)
        found = _differences(f"messaging service {sid}", service, wanted)
        if found and not dry_run:
            await api.update_service(str(sid), _form(wanted))
        changes += found
    for number in numbers.values():
        wanted = _wanted(number, settings, services, addresses, by_service=by_service)
        found = _differences(number.number, number.told, wanted)
        if found and not dry_run:
            await api.update(f"IncomingPhoneNumbers/{number.sid}.json", _form(wanted))
        changes += found
    return changes


def _wanted(
    number: Number,
    settings: Settings,
    services: Services,
    addresses: Addresses,
    *,
    by_service: bool,
) -> Wanted:
    """What a number should say; nothing for one that is not this client's."""
    wanted: Wanted = {}
    line = number.number in addresses.lines
    if line and services.plays("source"):
        wanted |= _calls(settings, addresses)
    if services.plays("sender") and not by_service:
        if line:
            wanted |= _texts(TEXT, TEXT_METHOD, addresses)
        elif number.number == settings.from_number:
            _leave_others(number.told, TEXT, number.number, addresses)
            wanted |= _texts(TEXT, TEXT_METHOD, addresses)
    return wanted


def _calls(settings: Settings, addresses: Addresses) -> Wanted:
    """Where calls go; with no phones to ring, they stay with the TwiML that they go to now."""
    wanted: Wanted = {}
    if settings.ring or settings.detect == "forwarded":
        topic = "forwarded" if settings.detect == "forwarded" else "voice"
        wanted = {VOICE: addresses.topic(topic) + RETRIED_ONCE, VOICE_METHOD: "POST"}
        if settings.fallback_url:
            wanted[FALLBACK] = settings.fallback_url
    if settings.detect != "forwarded":
        wanted |= {STATUS: addresses.topic("status") + RETRIED, STATUS_METHOD: "POST"}
    return wanted


def _texts(url: Field, method: Field, addresses: Addresses) -> Wanted:
    return {url: addresses.topic("sms") + RETRIED, method: "POST"}


def _leave_others(told: Mapping[str, Any], field: Field, what: str, addresses: Addresses) -> None:
    """Several clients may share a sender: the replies of one must not be taken by another.

    Raises:
        Refused: They come to another client of this installation.
    """
    now, ours = urlsplit(str(told.get(field.told) or "")), urlsplit(addresses.base)
    home = ours.path.rsplit("/", 2)[0] + "/"  # where all clients' addresses begin
    elsewhere = now.path != f"{ours.path}/sms" and now.path.startswith(home)
    if now.netloc == ours.netloc and elsewhere:
        raise Refused(
            f"replies to {what} go to {now.path}, another client or plugin; have the messaging "
            "service defer to the sender's webhook, with a number of its own for each client",
            permanent=True,
        )


def _differences(what: str, told: Mapping[str, Any], wanted: Wanted) -> list[Change]:
    return [
        Change(f"{what}: {field.words}", str(told.get(field.told) or "") or None, value)
        for field, value in wanted.items()
        if told.get(field.told) != value
    ]


def _form(wanted: Wanted) -> dict[str, str]:
    return {field.form: value for field, value in wanted.items()}
