"""Topic ``status``: how a call or a leg stands, as the number's status callback tells it.

It says ``completed`` of every incoming call that heard our TwiML, whoever did or didn't pick up.
So the end of a caller's leg is a safety net, for callers who give up while it rings, and the
verdict is the dial result's; only with ``detect = "status"`` is it the verdict itself.
"""

from __future__ import annotations

import attrs

from textback.errors import UnreadableWebhook
from textback.events import AnsweredBy, CallEvent, Confidence, Happened, Reading
from textback_twilio.outcomes import OUTCOMES, UNDER_WAY, of_whole_call
from textback_twilio.voice import started
from textback_twilio.webhook import Webhook


def told(webhook: Webhook) -> Reading:
    """What one status callback says; nothing of it is answered."""
    status = webhook.need("CallStatus")
    if status not in OUTCOMES and status not in UNDER_WAY:
        raise UnreadableWebhook("CallStatus is none that Twilio documents")
    if webhook.fields.get("ParentCallSid"):
        return Reading(_leg(webhook, status))
    beginning = started(webhook)
    if beginning.outgoing:
        return Reading(_outgoing(webhook, beginning, status))
    return Reading((_incoming(webhook, beginning, status),))


def _incoming(webhook: Webhook, beginning: CallEvent, status: str) -> CallEvent:
    if status in UNDER_WAY:
        return attrs.evolve(beginning, key=f"{beginning.call}/status/{status}")
    end = attrs.evolve(
        beginning,
        key=f"{beginning.call}/status/{status}",
        happened=Happened.ENDED,
        confidence=Confidence.LIKELY,
        evidence=f"CallStatus={status}",
        duration_ms=_duration_ms(webhook),
    )
    if webhook.settings.detect != "status":
        return end
    outcome = of_whole_call(status, connected=bool(webhook.whole("CallDuration")))
    return attrs.evolve(end, happened=Happened.CONCLUDED, outcome=outcome)


def _outgoing(webhook: Webhook, beginning: CallEvent, status: str) -> tuple[CallEvent, ...]:
    """The business made this call: never missed, but it may be the call-back of a caller."""
    told = attrs.evolve(beginning, key=f"{beginning.call}/status/{status}")
    if status not in UNDER_WAY:
        told = attrs.evolve(told, happened=Happened.ENDED, duration_ms=_duration_ms(webhook))
    if not _was_picked_up(webhook, status):
        return (told,)
    answered = attrs.evolve(
        beginning,
        key=f"{beginning.call}/answered",
        happened=Happened.LEG_ANSWERED,
        by=_by(webhook),
        leg=beginning.call,
    )
    return (answered, told)


def _leg(webhook: Webhook, status: str) -> tuple[CallEvent, ...]:
    """A phone that was rung.  Only that it was picked up says something about the whole call.

    One that wasn't proves nothing: others may ring longer, and the dial result sums them up.  A
    machine, or a pick-up that has yet to be confirmed by pressing 1, isn't an answer.
    """
    if webhook.settings.whisper or _by(webhook) is AnsweredBy.MACHINE:
        return ()
    if not _was_picked_up(webhook, status):
        return ()
    call, leg = webhook.need("ParentCallSid"), webhook.need("CallSid")
    event = CallEvent(
        key=f"{call}/leg/{leg}/answered",
        call=call,
        leg=leg,
        happened=Happened.LEG_ANSWERED,
        by=_by(webhook),
        at=webhook.at,
        evidence=f"a phone that was rung: CallStatus={status}",
    )
    return (event,)


def _duration_ms(webhook: Webhook) -> int | None:
    seconds = webhook.whole("CallDuration")
    return seconds * 1000 if seconds is not None else None


def _was_picked_up(webhook: Webhook, status: str) -> bool:
    if status == "completed":
        return bool(webhook.whole("CallDuration"))
    return status == "in-progress"


def _by(webhook: Webhook) -> AnsweredBy:
    """Who picked up, where answering-machine detection was asked for."""
    word = webhook.fields.get("AnsweredBy", "")
    if word.startswith(("machine", "fax")):
        return AnsweredBy.MACHINE
    return AnsweredBy.HUMAN if word == "human" else AnsweredBy.UNKNOWN
