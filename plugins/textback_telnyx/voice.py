"""What a webhook says of a call, in neutral events.  Pure: commands are in `ringing`.

A call is folded by ``call_session_id``, which the legs that are rung for it share.  That our
application took the caller's leg (``call.answered``) says nothing about a person; that two legs
were connected (``call.bridged``) does.
"""

from __future__ import annotations

import re
from collections.abc import Collection

import attrs

from textback.events import AnsweredBy, CallEvent, Confidence, Happened, KeyPressed
from textback.model import Outcome
from textback_telnyx import marks
from textback_telnyx.marks import Answered, Phone
from textback_telnyx.outcomes import OF_A_PHONE, who_answered
from textback_telnyx.settings import Settings
from textback_telnyx.webhook import Webhook, read_time

PRESSED = "1"

# How a caller's own leg ends that nobody took.  One that was taken ends with "normal_clearing",
# which leaves open by whom; only a caller's giving up is beyond doubt.
_OF_A_CALLER = {
    "originator_cancel": Outcome.ABANDONED,
    "timeout": Outcome.NO_ANSWER,
    "no_answer": Outcome.NO_ANSWER,
    "user_busy": Outcome.BUSY,
    "call_rejected": Outcome.DECLINED,
}
_DETECTED = ("call.machine.detection.ended", "call.machine.premium.detection.ended")
_DIVERTED = re.compile(r"(?:sip|tel):([^@;>]+)")


def told(
    webhook: Webhook, settings: Settings, lines: Collection[str]
) -> tuple[CallEvent | KeyPressed, ...]:
    """The events of one webhook; none for the many that say nothing about who answered.

    Raises:
        UnreadableWebhook: It lacks what belongs to it.
    """
    if not webhook.kind.startswith("call."):
        return ()
    phone = _is_phone(webhook, settings)
    match webhook.kind:
        case "call.initiated" if phone:
            return (_of_leg(webhook, "ringing", Happened.RINGING),)
        case "call.initiated":
            return _started(webhook, settings)
        case "call.bridged":
            return (_taken(webhook, "bridged", AnsweredBy.UNKNOWN),)
        case "call.answered" if not phone and _outgoing(webhook, lines):
            return (_taken(webhook, "answered", AnsweredBy.UNKNOWN),)
        case "call.gather.ended" if phone:
            return (_asked(webhook),)
        case "call.gather.ended":
            return _agreed(webhook, settings)
        case kind if kind in _DETECTED:
            by = who_answered(webhook.need("result"))
            return (_taken(webhook, f"detected/{by}", by),)
        case "call.hangup" if phone:
            return (_hung_up(webhook),)
        case "call.hangup":
            return _ended(webhook, outgoing=_outgoing(webhook, lines))
    return ()


def _is_phone(webhook: Webhook, settings: Settings) -> bool:
    """Whether the leg is a phone that is rung for a caller: by us, or by the fallback."""
    if isinstance(marks.read(webhook), Phone):
        return True
    return webhook.text("to") in settings.ring and webhook.text("direction") != "incoming"


def _started(webhook: Webhook, settings: Settings) -> tuple[CallEvent, ...]:
    event = _of_call(webhook, outgoing=webhook.text("direction") == "outgoing")
    name = webhook.text("caller_id_name")
    started = attrs.evolve(
        event,
        key=f"{event.call}/started/{event.leg}",
        happened=Happened.STARTED,
        caller_name=name if name != event.caller else None,
        forwarded_from=_diverted_from(webhook),
        evidence=f"direction={webhook.text('direction')}",
    )
    if settings.detect != "forwarded" or started.outgoing:
        return (started,)
    concluded = attrs.evolve(
        started,
        key=f"{event.call}/forwarded",
        happened=Happened.CONCLUDED,
        outcome=Outcome.NO_ANSWER,
        confidence=Confidence.CERTAIN,
        evidence="the call reached Telnyx, which rings nobody",
    )
    return started, concluded


def _asked(webhook: Webhook) -> CallEvent:
    """Who picked up pressed the key, or didn't: then it may be a mailbox, and is hung up on."""
    if webhook.text("digits") == PRESSED:
        return attrs.evolve(
            _taken(webhook, "pressed", AnsweredBy.HUMAN),
            confidence=Confidence.CERTAIN,
            evidence=f"a person pressed {PRESSED}",
        )
    return attrs.evolve(
        _of_leg(webhook, "no-key", Happened.LEG_ENDED),
        outcome=Outcome.NO_ANSWER,
        evidence=f"a phone was picked up, without the key that a person presses ({PRESSED})",
    )


def _agreed(webhook: Webhook, settings: Settings) -> tuple[KeyPressed, ...]:
    """Whether a caller pressed a key when they were asked about texts."""
    mark, keys = marks.read(webhook), webhook.text("digits")
    if not (isinstance(mark, Answered) and mark.asked and keys):
        return ()
    call = webhook.need("call_session_id")
    return (
        KeyPressed(
            key=f"{call}/consent/{keys}",
            at=webhook.at,
            call=call,
            digits=keys,
            prompt=settings.consent_prompt,
            number=webhook.text("from"),
        ),
    )


def _hung_up(webhook: Webhook) -> CallEvent:
    cause = webhook.need("hangup_cause")
    return attrs.evolve(
        _of_leg(webhook, "ended", Happened.LEG_ENDED),
        outcome=OF_A_PHONE.get(cause, Outcome.FAILED),
        evidence=f"a phone's hangup_cause={cause}",
    )


def _ended(webhook: Webhook, *, outgoing: bool) -> tuple[CallEvent, ...]:
    cause = webhook.need("hangup_cause")
    event, began_at = _of_call(webhook, outgoing=outgoing), read_time(webhook.text("start_time"))
    ended = attrs.evolve(
        event,
        key=f"{event.call}/ended/{event.leg}",
        happened=Happened.ENDED,
        duration_ms=int((event.at - began_at).total_seconds() * 1000) if began_at else None,
        evidence=f"hangup_cause={cause}",
    )
    outcome = _OF_A_CALLER.get(cause)
    if outcome is None or outgoing:
        return (ended,)
    sure = outcome is Outcome.ABANDONED  # a call that was taken can't be cancelled any more
    concluded = attrs.evolve(
        ended,
        key=f"{event.call}/ended/{event.leg}/{cause}",
        happened=Happened.CONCLUDED,
        outcome=outcome,
        confidence=Confidence.CERTAIN if sure else Confidence.LIKELY,
    )
    return ended, concluded


def _taken(webhook: Webhook, what: str, by: AnsweredBy) -> CallEvent:
    event = _of_leg(webhook, what, Happened.LEG_ANSWERED)
    return attrs.evolve(event, by=by, evidence=webhook.kind)


def _of_leg(webhook: Webhook, what: str, happened: Happened) -> CallEvent:
    """An event of some leg; the numbers are those of the call, if we marked it, not of the leg."""
    call, leg = webhook.need("call_session_id"), webhook.need("call_leg_id")
    mark = marks.read(webhook)
    phone = mark if isinstance(mark, Phone) else None
    return CallEvent(
        key=f"{call}/{what}/{leg}",
        call=call,
        leg=leg,
        happened=happened,
        at=webhook.at,
        caller=phone.caller if phone else None,
        line=phone.line if phone else None,
    )


def _of_call(webhook: Webhook, *, outgoing: bool) -> CallEvent:
    """An event of the call's own leg; what happened, and the key, are still to be said."""
    ours, theirs = ("from", "to") if outgoing else ("to", "from")
    call = webhook.need("call_session_id")
    return CallEvent(
        key=call,
        call=call,
        leg=webhook.need("call_leg_id"),
        happened=Happened.STARTED,
        at=webhook.at,
        caller=webhook.text(theirs),
        line=webhook.text(ours),
        outgoing=outgoing,
    )


def _outgoing(webhook: Webhook, lines: Collection[str]) -> bool:
    """Whether the business made the call: only call.initiated says so, the others show numbers."""
    return webhook.text("from") in lines and webhook.text("to") not in lines


def _diverted_from(webhook: Webhook) -> str | None:
    """Who forwarded the call here, by its SIP header (RFC 5806)."""
    headers = webhook.payload.get("sip_headers")
    for header in headers if isinstance(headers, list) else ():
        if isinstance(header, dict) and str(header.get("name")).lower() == "diversion":
            found = _DIVERTED.search(str(header.get("value")))
            return found[1] if found else None
    return None
