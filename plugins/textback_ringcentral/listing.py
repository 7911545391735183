"""Find calls whose notifications never came, in the account's call log.

The log has one word for a whole call, a while after its end.  It knows less than the notifications:
what a menu "accepted" is told as an answer.  So a verdict made from it is LIKELY, and its keys are
its own: what comes later from a notification still counts.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import attrs

from textback.events import AnsweredBy, CallEvent, Happened
from textback.model import Outcome, PhoneNumber
from textback_ringcentral.answers import object_of, read_time, text_of
from textback_ringcentral.api import ACCOUNT, Api
from textback_ringcentral.numbers import among
from textback_ringcentral.texts import stamp

PER_PAGE: Final = 250
LONGEST: Final = timedelta(hours=1)  # that a call may have lasted which nobody has taken

# `result` of a record; what isn't here is going on yet, was blocked on purpose, or is a fax.
# https://developers.ringcentral.com/api-reference/Call-Log/readCompanyCallLog
RESULTS: Final[Mapping[str, Outcome]] = {
    "Accepted": Outcome.ANSWERED,
    "Call connected": Outcome.ANSWERED,
    "Voicemail": Outcome.VOICEMAIL,
    "Missed": Outcome.NO_ANSWER,
    "No Answer": Outcome.NO_ANSWER,
    "Answered Not Accepted": Outcome.NO_ANSWER,  # picked up, and no key pressed
    "Busy": Outcome.BUSY,
    "Rejected": Outcome.DECLINED,
    "Declined": Outcome.DECLINED,
    "Reply": Outcome.DECLINED,
    "Hang Up": Outcome.ABANDONED,
    "Abandoned": Outcome.ABANDONED,
    "Call Failed": Outcome.FAILED,
    "Call Failure": Outcome.FAILED,
    "Internal Error": Outcome.FAILED,
    "IP Phone Offline": Outcome.FAILED,
}


async def calls(
    api: Api, lines: Sequence[PhoneNumber], since: datetime
) -> AsyncIterator[CallEvent]:
    """Yield what the log says of calls to the client's lines that ended since a moment.

    Also of those that the business made: one may be the call-back of a caller.

    Raises:
        Refused, NotSent, MaybeSent: RingCentral didn't say.
    """
    query = {
        "type": "Voice",
        "view": "Simple",
        "dateFrom": stamp(since - LONGEST),
        "perPage": str(PER_PAGE),
    }
    async for record in api.records(f"{ACCOUNT}/call-log", query):
        for event in _told(record, lines, since):
            yield event


def _told(
    record: Mapping[str, Any], lines: Sequence[PhoneNumber], since: datetime
) -> Iterable[CallEvent]:
    session, began_at = record.get("telephonySessionId"), read_time(record.get("startTime"))
    result = str(record.get("result"))
    outcome = RESULTS.get(result)
    if not session or began_at is None or outcome is None:
        return ()
    seconds = record.get("duration")
    lasted = timedelta(seconds=seconds if isinstance(seconds, int) else 0)
    if began_at + lasted < since:
        return ()
    caller, called = object_of(record.get("from")), object_of(record.get("to"))
    incoming = record.get("direction") == "Inbound"
    ours, theirs = (called, caller) if incoming else (caller, called)
    line = among(lines, ours.get("phoneNumber"))
    if (incoming and line is None) or theirs.get("extensionId") or theirs.get("extensionNumber"):
        return ()
    started = CallEvent(
        key=f"{session}/log/started",
        call=str(session),
        happened=Happened.STARTED,
        at=began_at,
        caller=text_of(theirs.get("phoneNumber")),
        line=line or text_of(ours.get("phoneNumber")),
        caller_name=text_of(theirs.get("name")) if incoming else None,
        outgoing=not incoming,
        evidence="found in the call log",
    )
    end = attrs.evolve(
        started,
        key=f"{session}/log/{record.get('id')}/{result}",
        at=began_at + lasted,
        duration_ms=int(lasted.total_seconds() * 1000),
        evidence=f"call log: {result}",
    )
    if incoming:
        message = object_of(record.get("message"))
        return (
            started,
            attrs.evolve(
                end,
                happened=Happened.CONCLUDED,
                outcome=outcome,
                recording_url=text_of(message.get("uri")),
            ),
        )
    if outcome is not Outcome.ANSWERED:
        return (started,)
    taken = attrs.evolve(
        end, happened=Happened.LEG_ANSWERED, leg="log", by=AnsweredBy.UNKNOWN, outgoing=False
    )
    return started, taken
