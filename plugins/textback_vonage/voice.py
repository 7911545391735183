"""The webhooks of a live call: ring the phones, learn who took it, speak to who got nobody."""

from __future__ import annotations

import attrs

from textback.events import CallEvent, Confidence, Happened, KeyPressed, Reading
from textback.model import Outcome
from textback_vonage import legs, ncco
from textback_vonage.formats import (
    digits,
    international,
    is_number,
    pressed_keys,
    read_time,
    whole,
)
from textback_vonage.legs import Leg
from textback_vonage.outcomes import ENDINGS
from textback_vonage.webhook import Rung, Webhook

UNDIRECTED = ("human", "machine")  # said of a leg that was dialled, without its direction
SHORTEST_MESSAGE_S = 2  # who hangs up at the beep leaves a recording, too


def called(webhook: Webhook) -> Reading:
    """Topic ``answer``: a call came in; ring a phone, from memory, since somebody waits."""
    settings, leg = webhook.settings, _callers(webhook)
    if settings.detect == "forwarded" or not settings.ring:
        return _forwarded(webhook, leg)
    shows = ncco.shown(settings, leg.number, webhook.need("to"))
    actions = ncco.ring(settings, webhook.address, Rung(call=leg.call, index=0), shows)
    return Reading((legs.started(leg),), ncco.answer(actions), live=True)


def happened(webhook: Webhook) -> Reading:
    """Topic ``event``: how a leg stands, and what follows where a phone was rung in vain."""
    leg = _leg(webhook)
    if leg is None:
        return Reading()
    events = legs.told(leg, webhook.settings)
    if webhook.rung is None or leg.inbound or leg.status not in ENDINGS:
        return Reading(events)
    # The last phone's end is the whole verdict: it must be kept before Vonage gets its answer.
    last = legs.is_last(webhook.rung, webhook.settings.ring)
    actions = onward(webhook, webhook.rung, webhook.maybe("from"))
    return Reading(events, ncco.answer(actions), live=not last)


def onward(webhook: Webhook, rung: Rung, shows: str | None) -> list[ncco.Action]:
    """What follows a phone that was rung in vain: the next one, else the greeting."""
    settings, address = webhook.settings, webhook.address
    if legs.is_last(rung, settings.ring):
        return ncco.sorry(settings, address, rung.call)
    known = digits(shows) if shows and is_number(digits(shows)) else None
    return ncco.ring(settings, address, rung.following, known)


def recorded(webhook: Webhook) -> Reading:
    """Topic ``recording``: the caller left a message."""
    began_at = read_time(webhook.fields.get("start_time"))
    ended_at = read_time(webhook.fields.get("end_time"))
    if began_at and ended_at and (ended_at - began_at).total_seconds() < SHORTEST_MESSAGE_S:
        return Reading()
    call = webhook.rung.call if webhook.rung else webhook.need("conversation_uuid")
    event = CallEvent(
        key=f"{call}/recording/{webhook.need('recording_uuid')}",
        call=call,
        happened=Happened.VOICEMAIL,
        at=ended_at or webhook.at,
        recording_url=webhook.need("recording_url"),
        confidence=Confidence.CERTAIN,
        evidence="the caller left a message",
    )
    return Reading((event,))


def agreed(webhook: Webhook) -> Reading:
    """Topic ``consent``: whether the caller pressed a key when they were asked about texts.

    Live: the verdict is told already, and the caller must not hear of a store that fails.
    """
    settings = webhook.settings
    call = webhook.rung.call if webhook.rung else webhook.need("conversation_uuid")
    rest = ncco.answer(ncco.farewell(settings, webhook.address, call))
    keys = pressed_keys(webhook.fields.get("dtmf"))
    if not keys:
        return Reading((), rest, live=True)
    event = KeyPressed(
        key=f"{call}/consent/{keys}",
        at=webhook.at,
        call=call,
        digits=keys,
        prompt=settings.consent_prompt,
        number=international(webhook.fields.get("from")),
    )
    return Reading((event,), rest, live=True)


def _forwarded(webhook: Webhook, leg: Leg) -> Reading:
    """Nobody is left to ring, so a call that arrives was missed."""
    concluded = attrs.evolve(
        legs.started(leg),
        key=f"{leg.call}/forwarded",
        leg=None,
        happened=Happened.CONCLUDED,
        outcome=Outcome.NO_ANSWER,
        confidence=Confidence.CERTAIN,
        evidence="the call reached Vonage, which rings nobody",
    )
    # Not live: this event is the whole verdict, so it must be kept before Vonage gets its answer.
    words = ncco.sorry(webhook.settings, webhook.address, leg.call)
    return Reading((legs.started(leg), concluded), ncco.answer(words))


def _callers(webhook: Webhook) -> Leg:
    return Leg(
        call=webhook.need("conversation_uuid"),
        uuid=webhook.need("uuid"),
        status="started",
        inbound=True,
        at=webhook.at,
        number=international(webhook.fields.get("from")),
        to=international(webhook.fields.get("to")),
    )


def _leg(webhook: Webhook) -> Leg | None:
    """The leg that an event is about; None for an event that is about something else."""
    fields = webhook.fields
    status, uuid = webhook.maybe("status"), webhook.maybe("uuid") or webhook.maybe("call_uuid")
    direction = fields.get("direction")
    directed = direction in ("inbound", "outbound") or status in UNDIRECTED
    if status is None or uuid is None or not directed:
        return None  # a recording, an input, a transfer, an error in an NCCO
    return Leg(
        call=webhook.rung.call if webhook.rung else webhook.need("conversation_uuid"),
        uuid=uuid,
        status=status,
        inbound=direction == "inbound",
        at=read_time(fields.get("end_time")) or webhook.at,
        number=international(fields.get("from")),
        to=international(fields.get("to")),
        detail=webhook.maybe("detail"),
        began_at=read_time(fields.get("start_time")),
        duration_s=whole(fields.get("duration")),
        rung=webhook.rung,
    )
