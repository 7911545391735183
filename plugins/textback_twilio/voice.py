"""The requests of a live call: ring the phones, learn who took it, speak to who got nobody."""

from __future__ import annotations

import attrs

from textback.errors import UnreadableWebhook
from textback.events import AnsweredBy, CallEvent, Confidence, Happened, KeyPressed, Reading
from textback.model import Outcome
from textback_twilio import twiml
from textback_twilio.outcomes import OUTCOMES
from textback_twilio.webhook import Webhook


def called(webhook: Webhook) -> Reading:
    """Topic ``voice``: a call came in; ring the phones, from memory, since somebody waits."""
    settings = webhook.settings
    if settings.detect == "forwarded" or not settings.ring:
        return forwarded(webhook)
    call = webhook.need("CallSid")
    ring = twiml.ring(settings, webhook.address, call)
    return Reading((started(webhook),), twiml.answer(ring), live=True)


def forwarded(webhook: Webhook) -> Reading:
    """Topic ``forwarded``: nobody is left to ring, so a call that arrives was missed."""
    call = webhook.need("CallSid")
    concluded = attrs.evolve(
        started(webhook),
        key=f"{call}/forwarded",
        happened=Happened.CONCLUDED,
        outcome=Outcome.NO_ANSWER,
        confidence=Confidence.CERTAIN,
        evidence="the call reached Twilio, which rings nobody",
    )
    # Not live: this event is the whole verdict, so it must be kept before Twilio gets its answer.
    words = twiml.sorry(webhook.settings, webhook.address)
    return Reading((started(webhook), concluded), twiml.answer(*words))


def dialled(webhook: Webhook) -> Reading:
    """Topic ``dial``: what came of ringing the phones, told once for all of them."""
    call, status = webhook.need("CallSid"), webhook.need("DialCallStatus")
    outcome = OUTCOMES.get(status)
    if outcome is None:
        raise UnreadableWebhook(f"DialCallStatus is none of {', '.join(OUTCOMES)}")
    confidence, evidence = Confidence.CERTAIN, f"DialCallStatus={status}"
    duration_s = webhook.whole("DialCallDuration")
    if webhook.settings.whisper and outcome is Outcome.ANSWERED:
        # Picked up, perhaps by a mailbox: a person has told us by pressing the key.
        outcome, confidence = Outcome.NO_ANSWER, Confidence.LIKELY
        evidence += ", without the key that a person presses"
    event = attrs.evolve(
        started(webhook),
        key=f"{call}/dial/{status}/{webhook.fields.get('DialCallSid', '')}",
        happened=Happened.CONCLUDED,
        outcome=outcome,
        confidence=confidence,
        evidence=evidence,
        duration_ms=duration_s * 1000 if duration_s is not None else None,
    )
    talked = OUTCOMES[status] is Outcome.ANSWERED and webhook.fields.get("DialBridged") != "false"
    over = talked or event.outgoing
    words = (twiml.hang_up(),) if over else twiml.sorry(webhook.settings, webhook.address)
    return Reading((event,), twiml.answer(*words))


def picked_up(webhook: Webhook) -> Reading:
    """Topic ``whisper``: somebody or something picked up and is asked to press 1."""
    call = _asked_about(webhook)
    ask = twiml.ask_for_key(webhook.settings, webhook.address, call)
    return Reading((), twiml.answer(*ask), live=True)


def pressed(webhook: Webhook) -> Reading:
    """Topic ``whisper-digits``: with a 1 the two are connected, with anything else not."""
    if webhook.fields.get("Digits") != "1":
        return Reading((), twiml.answer(twiml.hang_up()), live=True)
    call, leg = _asked_about(webhook), webhook.need("CallSid")
    event = CallEvent(
        key=f"{call}/leg/{leg}/pressed",
        call=call,
        leg=leg,
        happened=Happened.LEG_ANSWERED,
        by=AnsweredBy.HUMAN,
        at=webhook.at,
        confidence=Confidence.CERTAIN,
        evidence="a person pressed 1",
    )
    return Reading((event,), twiml.answer(), live=True)


def recorded(webhook: Webhook) -> Reading:
    """Topic ``recording``: the caller left a message; an empty one counts for nothing."""
    call, duration_s = webhook.need("CallSid"), webhook.whole("RecordingDuration")
    if not duration_s:
        return Reading((), twiml.answer(twiml.hang_up()))
    url = webhook.need("RecordingUrl")
    event = CallEvent(
        key=f"{call}/recording/{url.rpartition('/')[2]}",
        call=call,
        happened=Happened.VOICEMAIL,
        at=webhook.at,
        recording_url=url,
        confidence=Confidence.CERTAIN,
        evidence=f"a message of {duration_s} s",
    )
    return Reading((event,), twiml.answer(twiml.hang_up()))


def agreed(webhook: Webhook) -> Reading:
    """Topic ``consent``: the caller pressed a key when they were asked whether they want texts.

    Live: the verdict is told already, and the caller must not hear of a store that fails.
    """
    settings, call = webhook.settings, webhook.need("CallSid")
    digits = webhook.fields.get("Digits", "")
    event = KeyPressed(
        key=f"{call}/consent/{digits}",
        at=webhook.at,
        call=call,
        digits=digits,
        prompt=settings.consent_prompt,
        number=started(webhook).caller,
    )
    rest = twiml.farewell(settings, webhook.address)
    return Reading((event,), twiml.answer(*rest), live=True)


def _asked_about(webhook: Webhook) -> str:
    """The caller's call: the request is about the leg that was picked up."""
    return webhook.query.get("call") or webhook.need("ParentCallSid")


def started(webhook: Webhook) -> CallEvent:
    """What every request about the caller's own leg says: the call reached the line."""
    fields, call = webhook.fields, webhook.need("CallSid")
    outgoing = fields.get("Direction", "").startswith("outbound")
    ours, theirs = ("From", "To") if outgoing else ("To", "From")
    return CallEvent(
        key=f"{call}/started",
        call=call,
        happened=Happened.STARTED,
        at=webhook.at,
        caller=fields.get(theirs),
        line=fields.get(ours),
        outgoing=outgoing,
        caller_name=fields.get("CallerName") or None,
        forwarded_from=fields.get("ForwardedFrom") or None,
        evidence=f"CallStatus={fields.get('CallStatus', '')}",
    )
