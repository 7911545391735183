"""Send one text through a contact's conversation, and look for one whose sending was cut off.

https://marketplace.gohighlevel.com/docs/ghl/conversations/send-a-new-message
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC, timedelta
from typing import Any

from textback.errors import DeliveryError, MaybeSent, NotSent, ProviderError, StoreError
from textback.model import CannotTell, PhoneNumber, Receipt, Text
from textback.services import Services
from textback_gohighlevel import contacts, dnd, messages
from textback_gohighlevel.api import CONVERSATIONS, Api, Refusal
from textback_gohighlevel.settings import Settings

EARLIER_S, LATER_S = 5, 60
"""How much earlier than our request, by GoHighLevel's clock, a text may seem to be made, and how
much later than the latest answer.  Short, since the same words may be sent twice on purpose."""

# Of a type for which the description has no values; whoever sends texts leaves both out.
_DESCRIBED: Mapping[str, Any] = {"subType": {}, "status": "pending"}

_OPTED_OUT = ("dnd is active", "has unsubscribed", "opted out")


async def send(api: Api, settings: Settings, services: Services, text: Text) -> Receipt:
    """Hand one text to GoHighLevel.

    Raises:
        DeliveryError: It said no, or the contact wasn't there in time: the text did not leave.
        NotSent: Nothing was written.
        MaybeSent: GoHighLevel failed, or its answer can't be read: it may have the text.
    """
    contact = await _contact(api, settings, services, text.to)
    body = {
        "type": "SMS",
        "contactId": contact,
        "message": text.body,
        "fromNumber": settings.from_number or text.line,
        "toNumber": text.to,
        **(_DESCRIBED if settings.full_messages else {}),
    }
    try:
        told = await api.create("conversations/messages", body, version=CONVERSATIONS)
    except Refusal as error:
        if "not found" in _words(error):  # it was deleted: the next try makes or finds another
            await services.state.delete(contacts.remembered_as(text.to))
        raise _refusal(error) from None
    message = told.get("messageId")
    if not isinstance(message, str) or not message:
        raise MaybeSent("GoHighLevel took the text but its answer can't be read")
    return Receipt(message)


async def find(
    api: Api, settings: Settings, services: Services, text: Text
) -> Receipt | CannotTell:
    """Look for a text by its contact, body and time.

    GoHighLevel knows no id of ours, and its listings lag: no hit proves nothing.

    Raises:
        ProviderError: It couldn't be asked.
    """
    tried_at = text.attempted_at
    record = await services.state.get(contacts.remembered_as(text.to))
    if tried_at is None or not isinstance(record, dict) or "id" not in record:
        return CannotTell()
    earliest = tried_at - timedelta(seconds=EARLIER_S)
    latest = tried_at + timedelta(seconds=settings.timeout_s + LATER_S)
    async for message in messages.listed(api, "SMS", earliest, contact=record["id"]):
        if (
            message.outgoing
            and message.body == text.body
            and message.at is not None
            and earliest <= message.at.astimezone(UTC) <= latest
        ):
            return Receipt(message.id, messages.state_of(message.status))
    return CannotTell()


async def _contact(api: Api, settings: Settings, services: Services, number: PhoneNumber) -> str:
    """The id of whom to text: a text is sent to a contact.

    Whatever goes wrong here, the text has surely not left.
    """
    try:
        async with asyncio.timeout(settings.timeout_s / 4):
            await api.tokens.current()
            record = await services.state.get(contacts.remembered_as(number))
            if isinstance(record, dict) and "id" in record:
                return str(record["id"])
            found = await contacts.ensure(api, settings, services, number)
    except (TimeoutError, MaybeSent, StoreError):
        words = "the contact was not there in time, so the text was not sent"
        raise DeliveryError(words, permanent=False, try_next=True) from None
    except NotSent:
        raise
    except ProviderError as error:
        raise DeliveryError(
            f"there is no contact to text: {error}",
            permanent=error.permanent,
            try_next=True,
            retry_after=error.retry_after,
            code=error.code,
        ) from None
    forbidden = dnd.forbids(found, settings)
    if forbidden is not None:
        raise DeliveryError(forbidden, permanent=True, opted_out=True)
    return found.id


def _refusal(error: Refusal) -> DeliveryError:
    opted_out = any(words in _words(error) for words in _OPTED_OUT)
    gone = "not found" in _words(error)
    return DeliveryError(
        f"GoHighLevel refused the text: {error}",
        permanent=error.permanent and not gone,
        try_next=not opted_out,
        opted_out=opted_out,
        retry_after=error.retry_after,
        code=error.code,
    )


def _words(error: Refusal) -> str:
    return str(error.said.get("message") or "").casefold()
