"""What a webhook tells.  It names a contact where a number is needed, so the contact is asked for.

An app has one address for the webhooks of all sub-accounts that have installed it; those of others
tell nothing here.  https://marketplace.gohighlevel.com/docs/webhook/WebhookIntegrationGuide
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

import attrs

from textback.errors import ProviderError, UnreadableWebhook
from textback.events import (
    Booked,
    BookingCancelled,
    Event,
    OptOut,
    Reading,
    WebhookRequest,
    WebhookResponse,
)
from textback.services import Services
from textback_gohighlevel import contacts, dnd, messages, signature
from textback_gohighlevel.api import Api
from textback_gohighlevel.contacts import Contact
from textback_gohighlevel.settings import Settings
from textback_gohighlevel.signature import read_time

AGAIN = WebhookResponse(429, "try again")
"""The only answer after which GoHighLevel tries again:
https://help.gohighlevel.com/support/solutions/articles/155000007071-automated-webhook-retries"""

_CALLED_OFF = ("cancelled", "invalid")


@attrs.frozen(kw_only=True)
class Webhook:
    """One that is verified and about this sub-account.

    Attributes:
        told: The body.
        received_at: When it came in.
        digest: Of the body, for what has no id of its own.
    """

    api: Api
    settings: Settings
    services: Services
    told: Mapping[str, Any]
    received_at: datetime
    digest: str

    async def contact(self, contact: str) -> Contact | None:
        """A contact; None if it is gone, or none is named."""
        return await contacts.load(self.api, contact) if contact else None

    async def number(self, contact: str) -> str | None:
        """The number of a contact, as it is written there."""
        found = await self.contact(contact)
        return found.phones[0] if found is not None and found.phones else None


async def read(
    api: Api, settings: Settings, services: Services, request: WebhookRequest
) -> Reading:
    """Verify a request and read what it tells.

    Raises:
        WebhookRejected: It isn't signed by GoHighLevel, or is too old.
        UnreadableWebhook: It is no JSON object, or lacks what belongs to it.
    """
    signature.check(request, ed25519_key=settings.ed25519_key, rsa_key=settings.rsa_key)
    told = request.json
    if not isinstance(told, dict):
        raise UnreadableWebhook("the body is not a JSON object")
    signature.check_age(told.get("timestamp"), request, settings.webhook_age_s)
    reader = _READERS.get(str(told.get("type")))
    if reader is None or told.get("locationId") != settings.location_id:
        return Reading()
    webhook = Webhook(
        api=api,
        settings=settings,
        services=services,
        told=told,
        received_at=request.received_at,
        digest=hashlib.sha256(request.body).hexdigest()[:16],
    )
    try:
        return Reading(tuple(await reader(webhook)))
    except ProviderError as error:
        services.log.warning("a webhook's contact can't be read", error=str(error))
        return Reading(response=AGAIN)


async def _message(webhook: Webhook) -> list[Event]:
    message = messages.read(webhook.told)
    if message.kind not in ("CALL", "SMS"):
        return []
    if not message.id.strip("/") or not message.contact:
        raise UnreadableWebhook("messageId or contactId is missing")
    if not messages.is_ours(message, webhook.settings, webhook.services):
        return []
    at = message.at or webhook.received_at
    if message.kind == "SMS" and message.outgoing:
        return [messages.text_status(message, at)]
    number = message.other or await webhook.number(message.contact)
    line = messages.line_of(message, webhook.services)
    if message.kind == "CALL":
        return messages.call_events(message, number, line, at)
    line = line or next(iter(webhook.services.lines), None)
    if number is None or line is None:
        return []
    return [messages.text_received(message, number, line, at)]


async def _dnd(webhook: Webhook) -> list[Event]:
    """Who is set to Do Not Disturb is not texted; that it ends lifts nothing, see the page."""
    contact = contacts.read(webhook.told)
    evidence = dnd.forbids(contact, webhook.settings)
    if evidence is None:
        return []
    number = contact.phones[0] if contact.phones else await webhook.number(contact.id)
    if number is None:
        return []
    key = webhook.told.get("webhookId") or f"{contact.id}/{webhook.digest}"
    return [OptOut(key=f"dnd/{key}", at=_at(webhook), number=number, evidence=evidence)]


async def _appointment(webhook: Webhook) -> list[Event]:
    told = webhook.told.get("appointment")
    if not isinstance(told, dict) or not told.get("id"):
        raise UnreadableWebhook("the appointment is missing, or has no id")
    booking, status = str(told["id"]), str(told.get("appointmentStatus") or "").casefold()
    at = read_time(told.get("dateUpdated")) or _at(webhook)
    if webhook.told.get("type") == "AppointmentDelete" or status in _CALLED_OFF:
        return [BookingCancelled(key=f"appointment/{booking}/off", at=at, booking=booking)]
    starts_at = read_time(told.get("startTime"))
    if starts_at is None:
        raise UnreadableWebhook("the appointment's startTime is missing, or no moment")
    contact = await webhook.contact(str(told.get("contactId") or ""))
    return [
        Booked(
            key=f"appointment/{booking}/{starts_at:%Y%m%dT%H%MZ}",
            at=at,
            booking=booking,
            starts_at=starts_at,
            ends_at=read_time(told.get("endTime")),
            title=str(told.get("title") or ""),
            number=contact.phones[0] if contact is not None and contact.phones else None,
            email=(contact.email or None) if contact is not None else None,
        )
    ]


def _at(webhook: Webhook) -> datetime:
    return read_time(webhook.told.get("timestamp")) or webhook.received_at


_READERS: Mapping[str, Callable[[Webhook], Awaitable[list[Event]]]] = {
    "InboundMessage": _message,
    "OutboundMessage": _message,
    "ContactDndUpdate": _dnd,
    "AppointmentCreate": _appointment,
    "AppointmentUpdate": _appointment,
    "AppointmentDelete": _appointment,
}
"""Of all other types nothing is told."""
