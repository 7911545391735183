"""Find calls and texts whose webhooks never came, by listing them at Twilio.

What Twilio lists is less than what it tells: there is no dial result, only legs.  So a verdict made
from it is LIKELY, and keys differ from the webhooks': what comes later from those still counts.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import attrs

from textback.events import CallEvent, Confidence, Event, Happened, TextReceived
from textback.model import Outcome, PhoneNumber
from textback_twilio.api import Api
from textback_twilio.outcomes import OUTCOMES, STATES, of_whole_call
from textback_twilio.settings import Settings
from textback_twilio.texts import received_key, status_of
from textback_twilio.webhook import read_time

AT_ONCE = 10  # calls whose legs are asked for; an account takes more
LONGEST_CALL = timedelta(hours=4)  # https://www.twilio.com/docs/voice/api/call-resource


async def calls(
    api: Api, settings: Settings, lines: Sequence[PhoneNumber], since: datetime
) -> AsyncIterator[CallEvent]:
    """Yield what is known of the incoming calls to the client's lines since a moment.

    Raises:
        Refused, NotSent, MaybeSent: Twilio didn't say.
    """
    for line in lines:
        query = {"To": line, "StartTime>": f"{since - LONGEST_CALL:%Y-%m-%d}"}
        ended: list[tuple[dict[str, Any], datetime]] = []
        async for call in api.pages("Calls.json", "calls", query):
            inbound = call.get("direction") == "inbound" and not call.get("parent_call_sid")
            ended_at = read_time(call.get("end_time"))
            if not inbound or call.get("status") not in OUTCOMES:
                continue
            if ended_at is not None and ended_at >= since:
                ended.append((call, ended_at))
            if len(ended) == AT_ONCE:
                for event in await _all_told(api, settings, ended):
                    yield event
                ended = []
        for event in await _all_told(api, settings, ended):
            yield event


async def _all_told(
    api: Api, settings: Settings, ended: Sequence[tuple[dict[str, Any], datetime]]
) -> list[CallEvent]:
    """What is known of some calls: all are asked about at the same time, as a day may have many."""
    told = await asyncio.gather(*(_told(api, settings, call, at) for call, at in ended))
    return [event for events in told for event in events]


async def _told(
    api: Api, settings: Settings, call: dict[str, Any], ended_at: datetime
) -> tuple[CallEvent, ...]:
    sid = str(call["sid"])
    outcome, evidence = await _verdict(api, settings, call, sid)
    started = CallEvent(
        key=f"{sid}/list/started",
        call=sid,
        happened=Happened.STARTED,
        at=read_time(call.get("start_time")) or ended_at,
        caller=call.get("from"),
        line=call.get("to"),
        caller_name=call.get("caller_name") or None,
        forwarded_from=call.get("forwarded_from") or None,
        evidence="listed by Twilio",
    )
    concluded = attrs.evolve(
        started,
        key=f"{sid}/list",
        happened=Happened.CONCLUDED,
        at=ended_at,
        outcome=outcome,
        confidence=Confidence.LIKELY,
        duration_ms=_seconds(call) * 1000,
        evidence=evidence,
    )
    return started, concluded


async def _verdict(
    api: Api, settings: Settings, call: dict[str, Any], sid: str
) -> tuple[Outcome, str]:
    """How a call ended, from its own status and those of the legs that it rang.

    A leg that was connected is an answer, whoever took it: also one that was to press 1, since the
    listing doesn't show whether anybody did.
    """
    if settings.detect == "status":
        status = str(call["status"])
        evidence = f"listed with status {status}"
        return of_whole_call(status, connected=_seconds(call) > 0), evidence
    query = {"ParentCallSid": sid}
    legs = [leg async for leg in api.pages("Calls.json", "calls", query)]
    if any(leg.get("status") == "completed" and _seconds(leg) for leg in legs):
        return Outcome.ANSWERED, "a phone that was rung was connected"
    if settings.detect == "forwarded":
        return Outcome.NO_ANSWER, "the call reached Twilio, which rings nobody"
    endings = sorted({str(leg.get("status")) for leg in legs})
    evidence = f"legs listed as {', '.join(endings)}" if endings else "no leg was rung"
    for word in ("no-answer", "busy", "failed"):
        if word in endings:
            return OUTCOMES[word], evidence
    return Outcome.ABANDONED, evidence


async def texts(
    api: Api, settings: Settings, lines: Sequence[PhoneNumber], since: datetime
) -> AsyncIterator[Event]:
    """Yield what callers wrote to the client's lines since a moment, and how far our own texts are.

    Raises:
        Refused, NotSent, MaybeSent: Twilio didn't say.
    """
    senders = {settings.from_number} if settings.from_number else set(lines)
    queries = [{"To": line} for line in lines]
    if settings.messaging_service_sid is None:
        queries += [{"From": sender} for sender in sorted(senders)]
    else:  # it may have picked any of its numbers
        queries = [{}]
    for query in queries:
        day = {"DateSent>": f"{since:%Y-%m-%d}"}
        async for entry in api.pages("Messages.json", "messages", {**query, **day}):
            event = _text(entry, lines, senders, settings.messaging_service_sid)
            if event is not None and event.at >= since:
                yield event


def _text(
    entry: dict[str, Any],
    lines: Sequence[PhoneNumber],
    senders: set[PhoneNumber],
    service: str | None,
) -> Event | None:
    sid, status = str(entry.get("sid")), str(entry.get("status"))
    at = read_time(entry.get("date_sent")) or read_time(entry.get("date_created"))
    if at is None:
        return None
    if entry.get("direction") == "inbound":
        if entry.get("to") not in lines:
            return None
        return TextReceived(
            key=received_key(sid),
            at=at,
            number=str(entry.get("from")),
            line=str(entry["to"]),
            body=str(entry.get("body") or ""),
            provider_id=sid,
        )
    ours = entry.get("from") in senders or (
        service and entry.get("messaging_service_sid") == service
    )
    if status not in STATES or not ours:
        return None
    told = status_of(f"{sid}/{status}/list", sid, status, entry.get("error_code"), at)
    return attrs.evolve(told, number=str(entry.get("to")))


def _seconds(call: dict[str, Any]) -> int:
    """How long a call was connected; Twilio writes nothing for one that wasn't."""
    duration = str(call.get("duration") or "")
    return int(duration) if duration.isdigit() else 0
