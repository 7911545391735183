"""Find texts in Vonage's reports: one whose sending was cut off, and all after a restore.

The Reports API is a paid product, a little for each record, and its records lag:
https://developer.vonage.com/en/api/reports
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from textback.clock import Clock
from textback.events import Event, TextReceived
from textback.model import CannotTell, PhoneNumber, Receipt, Text, TextState
from textback_vonage.api import Api
from textback_vonage.codes import MESSAGES, RECEIPT, meaning
from textback_vonage.formats import international, read_time
from textback_vonage.outcomes import MESSAGE_STATES, RECEIPT_STATES
from textback_vonage.sending import error_code
from textback_vonage.settings import Settings
from textback_vonage.texts import received_key, status_events

LONGEST_REPORT = timedelta(days=1)
EARLIER = timedelta(seconds=5)
"""How much earlier than our request, by Vonage's clock, a text may seem to have come."""

LATER = timedelta(seconds=60)


async def find(api: Api, settings: Settings, text: Text) -> Receipt | CannotTell:
    """Look for a text by our id, around the time at which it was tried.

    Reports lag, so no hit proves nothing.

    Raises:
        Refused, NotSent, MaybeSent: Vonage couldn't be asked.
    """
    tried_at = text.attempted_at
    if tried_at is None:
        return CannotTell()
    earliest, latest = tried_at - EARLIER, tried_at + timedelta(seconds=settings.timeout_s) + LATER
    async for record in api.records(_query(settings, "outbound", earliest, latest)):
        sid = record.get("message_id")
        if record.get("client_ref") == text.id and isinstance(sid, str) and sid:
            return Receipt(sid, _states(settings).get(_word(record), TextState.SENT))
    return CannotTell()


async def texts(
    api: Api, settings: Settings, lines: Sequence[PhoneNumber], clock: Clock, since: datetime
) -> AsyncIterator[Event]:
    """Yield what callers wrote to the client's lines since a moment, and how far our own texts are.

    Raises:
        Refused, NotSent, MaybeSent: Vonage didn't say.
    """
    ours = {*lines, *([settings.from_number] if settings.from_number else [])}
    for begin, end in _days(since, clock.now()):
        async for record in api.records(_query(settings, "inbound", begin, end)):
            text = _received(record, ours)
            if text is not None:
                yield text
        async for record in api.records(_query(settings, "outbound", begin, end)):
            for event in _sent(record, settings, ours):
                yield event


def _query(settings: Settings, direction: str, begin: datetime, end: datetime) -> dict[str, str]:
    return {
        "product": "MESSAGES" if settings.api == "messages" else "SMS",
        "direction": direction,
        "date_start": f"{begin.astimezone(UTC):%Y-%m-%dT%H:%M:%S+0000}",
        "date_end": f"{end.astimezone(UTC):%Y-%m-%dT%H:%M:%S+0000}",
        "include_message": "true" if direction == "inbound" else "false",
    }


def _days(since: datetime, until: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The time since a moment, in pieces that are short enough for one report."""
    while since < until:
        end = min(since + LONGEST_REPORT, until)
        yield since, end
        since = end


def _received(record: dict[str, Any], ours: set[PhoneNumber]) -> TextReceived | None:
    sid, at = record.get("message_id"), read_time(record.get("date_received"))
    number, line = international(record.get("from")), international(record.get("to"))
    if not isinstance(sid, str) or at is None or number is None or line not in ours:
        return None
    body = record.get("message_body")
    return TextReceived(
        key=received_key(sid),
        at=at,
        number=number,
        line=line,
        body=body if isinstance(body, str) else "",
        provider_id=sid,
    )


def _sent(record: dict[str, Any], settings: Settings, ours: set[PhoneNumber]) -> tuple[Event, ...]:
    sid, word = record.get("message_id"), _word(record)
    at = read_time(record.get("date_finalized")) or read_time(record.get("date_received"))
    state = _states(settings).get(word)
    if not isinstance(sid, str) or at is None or state is None:
        return ()
    if international(record.get("from")) not in ours:
        return ()
    code, reference = error_code({"code": record.get("error_code")}), record.get("client_ref")
    return status_events(
        f"{sid}/{word}/list",
        sid,
        state,
        known=meaning(MESSAGES if settings.api == "messages" else RECEIPT, code),
        code=code,
        at=at,
        number=international(record.get("to")),
        text=reference if isinstance(reference, str) and reference else None,
    )


def _word(record: dict[str, Any]) -> str:
    return str(record.get("status")).lower()


def _states(settings: Settings) -> dict[str, TextState]:
    return MESSAGE_STATES if settings.api == "messages" else RECEIPT_STATES
