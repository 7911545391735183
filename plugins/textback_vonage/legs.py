"""What one leg of a call says: as its events tell it, or a listing afterwards.

The caller's leg is "answered" as soon as an NCCO runs, so only the legs that were dialled for it
tell whether a person took the call.  An outgoing leg that we have not asked for is either a phone
that another NCCO rings, such as the fallback, or a call that the business makes itself.  It is told
as a call of its own; which of the two it was shows when the conversation's first leg is known, see
`textback.flow.detect`.
"""

from __future__ import annotations

from datetime import datetime

import attrs

from textback.events import AnsweredBy, CallEvent, Confidence, Happened
from textback.model import Outcome, PhoneNumber
from textback_vonage.outcomes import ENDINGS, UNDER_WAY, of_leg
from textback_vonage.settings import Settings
from textback_vonage.webhook import Rung

_TAKEN = {
    "answered": AnsweredBy.UNKNOWN,  # a mailbox, perhaps
    "human": AnsweredBy.HUMAN,  # these two only if somebody's own NCCO asks for them
    "machine": AnsweredBy.MACHINE,
}
_OVER = "completed"  # of any leg, taken or not


@attrs.frozen(kw_only=True)
class Leg:
    """How one leg stands.

    Attributes:
        call: The id of the whole conversation.
        began_at: When it did, where that is told.
        rung: Which of the phones it is, if we had it rung.
        for_caller: It is known that it was dialled for a caller, whoever had it rung.
    """

    call: str
    uuid: str
    status: str
    inbound: bool
    at: datetime
    number: str | None
    to: str | None
    detail: str | None = None
    began_at: datetime | None = None
    duration_s: int | None = None
    rung: Rung | None = None
    for_caller: bool = False

    @property
    def evidence(self) -> str:
        """The words that a verdict rests on."""
        return f"{self.status} ({self.detail})" if self.detail else self.status


def told(leg: Leg, settings: Settings) -> tuple[CallEvent, ...]:
    """The events that a leg's status stands for; none for a word that says nothing of the call."""
    if leg.inbound:
        return _callers(leg)
    if leg.rung is not None:
        return _rung(leg, leg.rung, settings)
    if leg.for_caller:
        return _dialled(leg)
    if not _says_something(leg.status):
        return ()
    return (_own_call(leg), *_dialled(leg))


def started(leg: Leg) -> CallEvent:
    """The call reached the line; the same whichever webhook tells of it first."""
    return CallEvent(
        key=f"{leg.call}/started",
        call=leg.call,
        leg=leg.uuid,
        happened=Happened.STARTED,
        at=leg.began_at or leg.at,
        caller=leg.number,
        line=leg.to,
        evidence="the call reached Vonage",
    )


def verdict(leg: Leg, outcome: Outcome, confidence: Confidence, evidence: str) -> CallEvent:
    """The last phone was rung in vain, so nobody took the call."""
    return CallEvent(
        key=f"{leg.call}/concluded/{leg.uuid}/{leg.status}",
        call=leg.call,
        happened=Happened.CONCLUDED,
        at=leg.at,
        outcome=outcome,
        confidence=confidence,
        evidence=evidence,
    )


def ended(leg: Leg, outcome: Outcome, evidence: str) -> CallEvent:
    """A phone was rung, and nobody took the call there."""
    return attrs.evolve(
        _of_leg(leg, Happened.LEG_ENDED, leg.status), outcome=outcome, evidence=evidence
    )


def pressed(leg: Leg) -> CallEvent:
    """A person took the call."""
    return attrs.evolve(
        _of_leg(leg, Happened.LEG_ANSWERED, "pressed"),
        by=AnsweredBy.HUMAN,
        confidence=Confidence.CERTAIN,
        evidence="a person pressed 1",
    )


def is_last(rung: Rung, ring: tuple[PhoneNumber, ...]) -> bool:
    """Whether no phone is left to ring after this one."""
    return rung.index >= len(ring) - 1


def _callers(leg: Leg) -> tuple[CallEvent, ...]:
    if leg.status in UNDER_WAY:
        return (started(leg),)
    if leg.status != _OVER and leg.status not in ENDINGS:
        return ()
    end = attrs.evolve(
        started(leg),
        key=f"{leg.call}/{leg.uuid}/{leg.status}",
        happened=Happened.ENDED,
        at=leg.at,
        evidence=f"the caller's leg was {leg.evidence}",
        duration_ms=leg.duration_s * 1000 if leg.duration_s is not None else None,
    )
    return (started(leg), end)


def _rung(leg: Leg, rung: Rung, settings: Settings) -> tuple[CallEvent, ...]:
    """A phone of the business; where it must press 1, being picked up alone is no answer."""
    if settings.whisper and leg.status in _TAKEN:
        return ()
    last = is_last(rung, settings.ring)
    if settings.whisper and leg.status == _OVER and leg.duration_s:
        evidence = "picked up, without the key that a person presses"
        end = ended(leg, Outcome.NO_ANSWER, evidence)
        likely = verdict(leg, Outcome.NO_ANSWER, Confidence.LIKELY, evidence)
        return (end, likely) if last else (end,)
    events = _dialled(leg)
    if last and leg.status in ENDINGS:
        outcome = of_leg(leg.status, leg.detail)
        events += (verdict(leg, outcome, Confidence.CERTAIN, f"a phone was {leg.evidence}"),)
    return events


def _dialled(leg: Leg) -> tuple[CallEvent, ...]:
    """What is said of a leg by itself."""
    if leg.status in _TAKEN:
        return (_taken(leg, _TAKEN[leg.status]),)
    if leg.status == _OVER:  # its "answered" may have been lost
        return (_taken(leg, AnsweredBy.UNKNOWN),) if leg.duration_s else ()
    if leg.status in UNDER_WAY:
        return (_of_leg(leg, Happened.RINGING, "ringing"),)
    if leg.status in ENDINGS:
        return (ended(leg, of_leg(leg.status, leg.detail), f"a phone was {leg.evidence}"),)
    return ()


def _says_something(status: str) -> bool:
    return status in UNDER_WAY or status in _TAKEN or status == _OVER or status in ENDINGS


def _own_call(leg: Leg) -> CallEvent:
    """As a call of the business to somebody."""
    return attrs.evolve(
        started(leg),
        key=f"{leg.call}/{leg.uuid}/outgoing",
        outgoing=True,
        caller=leg.to,
        line=leg.number,
        evidence="an outgoing leg",
    )


def _taken(leg: Leg, by: AnsweredBy) -> CallEvent:
    known = by is not AnsweredBy.UNKNOWN
    return attrs.evolve(
        _of_leg(leg, Happened.LEG_ANSWERED, by.value if known else "answered"),
        by=by,
        evidence=f"a phone was {leg.evidence}",
    )


def _of_leg(leg: Leg, happened: Happened, what: str) -> CallEvent:
    return CallEvent(
        key=f"{leg.call}/{leg.uuid}/{what}",
        call=leg.call,
        leg=leg.uuid,
        happened=happened,
        at=leg.at,
    )
