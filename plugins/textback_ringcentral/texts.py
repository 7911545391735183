"""Texts in RingCentral's message store: what callers wrote, and what became of ours."""

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from textback.errors import UnreadableWebhook
from textback.events import Event, TextReceived, TextStatus
from textback.model import Media, PhoneNumber, TextState
from textback_ringcentral.answers import object_of, objects_of, read_time
from textback_ringcentral.api import EXTENSION, Api
from textback_ringcentral.codes import STATES, meaning
from textback_ringcentral.numbers import among

STORE: Final = f"{EXTENSION}/message-store"
PER_PAGE: Final = 250
LATEST: Final = timedelta(days=1)  # a carrier may take hours to say what became of a text


def received(
    message: Mapping[str, Any], numbers: Collection[PhoneNumber], at: datetime
) -> TextReceived | None:
    """A text from a caller; None if it isn't one to *numbers*.

    Args:
        message: As notifications and listings have it.
        numbers: The client's own, that texts come to.
        at: When it came, if it doesn't say.

    Raises:
        UnreadableWebhook: It has no id or sender.
    """
    if message.get("direction", "Inbound") != "Inbound":
        return None
    line = among(numbers, *(to.get("phoneNumber") for to in objects_of(message.get("to"))))
    if line is None:
        return None
    id_, sender = message.get("id"), object_of(message.get("from")).get("phoneNumber")
    if not id_ or not isinstance(sender, str):
        raise UnreadableWebhook("a text has no id or no sender")
    pictures = objects_of(message.get("attachments"))
    return TextReceived(
        key=f"sms/{id_}/received",
        at=read_time(message.get("creationTime")) or at,
        number=sender,
        line=line,
        body=str(message.get("subject") or ""),
        media=tuple(
            Media(str(each["uri"]), str(each.get("contentType") or "application/octet-stream"))
            for each in pictures
            if each.get("type") == "MmsAttachment" and each.get("uri")
        ),
        provider_id=str(id_),
    )


def status(
    message: Mapping[str, Any], numbers: Collection[PhoneNumber], at: datetime
) -> TextStatus | None:
    """How far a text is that left from one of *numbers*; None for any other message."""
    state = STATES.get(str(message.get("messageStatus")))
    sender = object_of(message.get("from")).get("phoneNumber")
    outbound = message.get("direction") == "Outbound"
    if state is None or not outbound or among(numbers, sender) is None:
        return None
    failed = state is TextState.FAILED
    code = str(message.get("deliveryErrorCode") or "") or None
    to = next(iter(objects_of(message.get("to"))), {}).get("phoneNumber")
    return TextStatus(
        key=f"sms/{message.get('id')}/{message.get('messageStatus')}",
        at=read_time(message.get("lastModifiedTime")) or at,
        state=state,
        provider_id=str(message.get("id")),
        number=str(to) if to else None,
        reason=meaning(code).reason if failed else None,
        code=code if failed else None,
    )


async def changed(
    api: Api, body: Mapping[str, Any], numbers: Collection[PhoneNumber], at: datetime
) -> list[TextStatus]:
    """What became of texts, after a notification that says no more than that something did.

    Raises:
        Refused, NotSent, MaybeSent: RingCentral didn't say.
    """
    changes = objects_of(body.get("changes"))
    if not any(each.get("type") == "SMS" and each.get("updatedCount") for each in changes):
        return []
    told = await api.get(
        STORE,
        {
            "messageType": "SMS",
            "direction": "Outbound",
            "dateFrom": stamp(at - LATEST),
            "perPage": str(PER_PAGE),
        },
    )
    found = (status(each, numbers, at) for each in objects_of(told.get("records")))
    return [each for each in found if each is not None]


async def listed(
    api: Api, numbers: Collection[PhoneNumber], since: datetime
) -> AsyncIterator[Event]:
    """Yield what callers wrote since a moment, and how far our own texts are.

    Raises:
        Refused, NotSent, MaybeSent: RingCentral didn't say.
    """
    query = {"messageType": "SMS", "dateFrom": stamp(since), "perPage": str(PER_PAGE)}
    async for message in api.records(STORE, query):
        at = read_time(message.get("creationTime"))
        if at is None:
            continue
        try:
            event = received(message, numbers, at) or status(message, numbers, at)
        except UnreadableWebhook:
            continue
        if event is not None:
            yield event


def stamp(at: datetime) -> str:
    """A moment as RingCentral's queries have it, e.g. ``2026-03-02T17:30:00.000Z``."""
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"
