"""Messages of conversations, calls among them: as webhooks tell them, and as they are listed.

https://marketplace.gohighlevel.com/docs/webhook/InboundMessage
https://marketplace.gohighlevel.com/docs/ghl/conversations/export-messages-by-location
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

import attrs

from textback.events import CallEvent, Confidence, Event, Happened, TextReceived, TextStatus
from textback.model import FailureReason, Media, Outcome, TextState
from textback.services import Services
from textback_gohighlevel.api import CONVERSATIONS, Api
from textback_gohighlevel.contacts import normalised
from textback_gohighlevel.settings import Settings
from textback_gohighlevel.signature import read_time

PAGE_SIZE = 100
MOST_PAGES = 50  # of one listing: a bound for what can't be foreseen

# When a person takes a call its status is "completed", when the mailbox does, "voicemail".
OUTCOMES: Mapping[str, Outcome] = {
    "completed": Outcome.ANSWERED,
    "answered": Outcome.ANSWERED,
    "busy": Outcome.BUSY,
    "no-answer": Outcome.NO_ANSWER,
    "failed": Outcome.FAILED,
    "canceled": Outcome.ABANDONED,
    "voicemail": Outcome.VOICEMAIL,
}

_STATES: Mapping[str, TextState] = {
    "delivered": TextState.DELIVERED,
    "read": TextState.DELIVERED,
    "opened": TextState.DELIVERED,
    "clicked": TextState.DELIVERED,
    "failed": TextState.FAILED,
    "undelivered": TextState.FAILED,
    "opt_out": TextState.FAILED,
}


@attrs.frozen(kw_only=True)
class Message:
    """One entry of a conversation.

    Attributes:
        outgoing: The business wrote or called.
        business: Its number, where that is told.
        other: The number at the other end, where that is told.
    """

    id: str
    kind: str
    status: str
    outgoing: bool
    contact: str
    at: datetime | None
    body: str = ""
    attachments: tuple[str, ...] = ()
    duration_s: float | None = None
    business: str | None = None
    other: str | None = None


def state_of(status: str) -> TextState:
    """How far a text of ours is; all but the words above mean that GoHighLevel has it."""
    return _STATES.get(status, TextState.SENT)


def read(told: Mapping[str, Any]) -> Message:
    """A message, be it in the body of a webhook or in a listing."""
    meta = told.get("meta") if isinstance(told.get("meta"), dict) else {}
    assert isinstance(meta, dict)
    call = meta.get("call") if isinstance(meta.get("call"), dict) else {}
    assert isinstance(call, dict)
    outgoing = _outgoing(told)
    ends = _number(told.get("from")), _number(told.get("to"))
    business, other = ends if outgoing else reversed(ends)
    status = _first(told.get("callStatus"), meta.get("callStatus"), call.get("status"))
    words = str(told.get("messageType") or "").upper().removeprefix("TYPE_")
    return Message(
        id=_id(told),
        kind=words,
        status=str(status or told.get("status") or "").casefold(),
        outgoing=outgoing,
        contact=str(told.get("contactId") or ""),
        at=read_time(told.get("dateAdded")),
        body=_text(told.get("body")),
        attachments=_links(told.get("attachments")),
        duration_s=_seconds(
            _first(told.get("callDuration"), meta.get("callDuration"), call.get("duration"))
        ),
        business=business,
        other=other,
    )


def is_ours(message: Message, settings: Settings, services: Services) -> bool:
    """Whether the business's number, where it is told, is one of this client's."""
    ours = {*services.lines, settings.from_number}
    return message.business is None or normalised(message.business, services) in ours


def line_of(message: Message, services: Services) -> str | None:
    """The business's number: what is told, else the only one that there is."""
    lines = services.lines
    return message.business or (lines[0] if len(lines) == 1 else None)


def call_events(
    message: Message, caller: str | None, line: str | None, at: datetime
) -> list[Event]:
    """What one call comes to; nothing certain while it goes on.

    Of a call that the business made it is only told that it was: it is never missed.
    """
    outcome = OUTCOMES.get(message.status)
    event = CallEvent(
        key=f"{message.id}/{message.status or 'call'}",
        call=message.id,
        happened=Happened.STARTED,
        at=at,
        caller=caller,
        line=line,
        outgoing=message.outgoing,
        evidence=f"status {message.status or 'not told'}",
    )
    if outcome is None:
        return [event]
    seconds = message.duration_s
    return [
        attrs.evolve(
            event,
            happened=Happened.CONCLUDED,
            outcome=outcome,
            # A missed call may still turn into a voicemail, or be told as answered.
            confidence=Confidence.LIKELY if outcome.missed else Confidence.CERTAIN,
            duration_ms=round(seconds * 1000) if seconds is not None else None,
            recording_url=message.attachments[0] if _is_voicemail(message) else None,
        )
    ]


def text_received(message: Message, number: str, line: str, at: datetime) -> TextReceived:
    """A text from a caller."""
    return TextReceived(
        key=f"{message.id}/received",
        at=at,
        number=number,
        line=line,
        body=message.body,
        media=tuple(Media(url) for url in message.attachments),
        provider_id=message.id,
    )


def text_status(message: Message, at: datetime, number: str | None = None) -> TextStatus:
    """How far a text of the business is, ours or another."""
    state = state_of(message.status)
    opted_out = message.status == "opt_out"
    reason = FailureReason.OPTED_OUT if opted_out else FailureReason.UNKNOWN
    return TextStatus(
        key=f"{message.id}/{message.status or 'sent'}",
        at=at,
        state=state,
        provider_id=message.id,
        number=number,
        reason=reason if state is TextState.FAILED else None,
    )


async def listed(
    api: Api, channel: Literal["Call", "SMS"], since: datetime, *, contact: str | None = None
) -> AsyncIterator[Message]:
    """Yield the messages of a sub-account, or of one contact, since a moment.

    Raises:
        ProviderError: They can't be read.
    """
    query: dict[str, Any] = {
        "locationId": api.location,
        "channel": channel,
        "limit": PAGE_SIZE,
        "sortBy": "createdAt",
        "sortOrder": "asc",
        "startDate": since.astimezone(UTC).isoformat(timespec="milliseconds"),
    }
    if contact is not None:
        query["contactId"] = contact
    for _ in range(MOST_PAGES):
        page = await api.get("conversations/messages/export", query, version=CONVERSATIONS)
        for told in page.get("messages") or ():
            if isinstance(told, dict):
                message = read(told)
                if message.at is None or message.at >= since:
                    yield message
        following = page.get("nextCursor")
        if not following or following == query.get("cursor"):
            return
        query["cursor"] = following


def _id(told: Mapping[str, Any]) -> str:
    """The message's own id; some webhooks have none, and are known by their moment."""
    own = told.get("messageId") or told.get("id")
    if isinstance(own, str) and own:
        return own
    return f"{told.get('conversationId')}/{told.get('dateAdded')}"


def _outgoing(told: Mapping[str, Any]) -> bool:
    """Who called or wrote.  If a webhook contradicts itself, only an answer makes it incoming."""
    if told.get("direction") == "outbound":
        return True
    answered = "completed" in (told.get("status"), told.get("callStatus"))
    return told.get("type") == "OutboundMessage" and not answered


def _is_voicemail(message: Message) -> bool:
    return message.status == "voicemail" and bool(message.attachments)


def _first(*values: Any) -> Any:
    return next((value for value in values if value not in (None, "")), None)


def _seconds(value: Any) -> float | None:
    try:
        seconds = float(value) if value is not None and not isinstance(value, bool) else None
    except (TypeError, ValueError):
        return None
    return seconds if seconds is not None and 0 <= seconds <= 86_400 else None


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _number(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _links(value: Any) -> tuple[str, ...]:
    found = value if isinstance(value, list) else ()
    return tuple(each for each in found if isinstance(each, str) and each)
