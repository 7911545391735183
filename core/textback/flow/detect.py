"""Detect: how one customer call ended, from everything that sources told of it.

`conclude` is a pure function of the *set* of events: neither their order nor their repetition
matters, so that it is simply asked again whenever one more has come in.  What it goes by, first
match first:

1. The business made the call: `OUTGOING`.
2. Anything says that a person took it, or that nobody can tell whether a person did: `ANSWERED`.
   No other event takes that back; a text too few is cheaper than one to somebody who was served.
3. A voicemail was left: `VOICEMAIL`.
4. The provider's own verdict, a certain one before a likely one.
5. The legs: once none rings any more, how they ended.  A leg that was cancelled lost to another or
   to the caller's patience, so it decides nothing while the call goes on.
6. The caller is gone although a leg still rang, or none ever did: `ABANDONED`.

A pickup by a machine of the business (queue, greeting, mailbox) is no answer.  After legs that rang
it settles the call as missed.  Before any leg rang it may be the menu through which the caller
reaches a person: then it counts once the caller has gone, or if the source is certain.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple

import attrs

from textback.events import AnsweredBy, CallEvent, Confidence, Happened
from textback.model import Outcome


@attrs.frozen
class Conclusion:
    """The verdict on one call.

    Attributes:
        certain: Act at once; else when the source's ``settle_s`` has passed.
        evidence: The words of the events that it rests on.
    """

    outcome: Outcome
    certain: bool
    evidence: str


class _Ground(NamedTuple):
    """A verdict, the events that lead to it, and whether no event can change it."""

    outcome: Outcome
    events: Sequence[CallEvent]
    final: bool = False


# What tells more about a missed call comes first: it wins where two verdicts are equally sure.
_TELLING = (
    Outcome.VOICEMAIL,
    Outcome.OUT_OF_HOURS,
    Outcome.BUSY,
    Outcome.DECLINED,
    Outcome.ABANDONED,
    Outcome.NO_ANSWER,
    Outcome.FAILED,
)
_OF_A_LEG = (Happened.RINGING, Happened.LEG_ANSWERED, Happened.LEG_ENDED)


def conclude(events: Iterable[CallEvent]) -> Conclusion | None:
    """Fold all events of one call into one verdict.

    Args:
        events: In any order and as often as they came.  Events of legs without a leg's id are
            taken to be about one and the same leg.

    Returns:
        None as long as the call may still be answered, or nothing was told that decides it.
    """
    told = sorted(events, key=_order)
    ground = _outgoing(told) or _answered(told) or _missed(told)
    if ground is None:
        return None
    certain = ground.final or (ground.outcome.missed and _certain(filter(_may_be_final, told)))
    words = dict.fromkeys(event.evidence or _plainly(event) for event in ground.events)
    return Conclusion(ground.outcome, certain, ", ".join(words))


def _outgoing(told: Sequence[CallEvent]) -> _Ground | None:
    """Legs that the platform dialled are always "outbound"; only the call's own events count.

    Which leg is the call's own shows when its start is told, so until then it isn't final.
    """
    first = next((event for event in told if event.happened is Happened.STARTED), None)
    own = first.leg if first is not None else None
    made = [
        event
        for event in told
        if event.happened not in _OF_A_LEG
        and (event.outgoing or event.outcome is Outcome.OUTGOING)
        and (own is None or event.leg == own or _of_the_call(event))
    ]
    if not made:
        return None
    surely = any(_of_the_call(event) for event in made)
    return _Ground(Outcome.OUTGOING, made, final=surely or _answered(told) is not None)


def _answered(told: Sequence[CallEvent]) -> _Ground | None:
    taken = [
        event
        for event in told
        if event.outcome is Outcome.ANSWERED
        or (event.happened is Happened.LEG_ANSWERED and not _machine(event))
    ]
    return _Ground(Outcome.ANSWERED, taken, final=True) if taken else None


def _missed(told: Sequence[CallEvent]) -> _Ground | None:
    if left := [event for event in told if event.happened is Happened.VOICEMAIL]:
        return _Ground(Outcome.VOICEMAIL, left)
    return _by_verdict(told) or _by_legs(told)


def _by_verdict(told: Sequence[CallEvent]) -> _Ground | None:
    given = {
        (event.confidence is not Confidence.CERTAIN, _TELLING.index(event.outcome)): event
        for event in told
        if event.happened is Happened.CONCLUDED and event.outcome is not None
    }
    if not given:
        return None
    best = min(given)
    return _Ground(_TELLING[best[1]], [given[best]])


def _by_legs(told: Sequence[CallEvent]) -> _Ground | None:
    gone = [event for event in told if event.happened is Happened.ENDED]
    machines = [event for event in told if _machine(event)]
    own = {event.leg for event in machines}
    ends = [
        event for event in told if event.happened is Happened.LEG_ENDED and event.leg not in own
    ]
    rang = {event.leg for event in told if event.happened is Happened.RINGING}
    if rang - own - {event.leg for event in ends}:
        return _Ground(Outcome.ABANDONED, gone) if gone else None
    lost = [event for event in ends if event.outcome is not Outcome.ABANDONED]
    if lost:
        hows = {event.outcome or Outcome.NO_ANSWER for event in lost}
        return _Ground(hows.pop() if len(hows) == 1 else Outcome.NO_ANSWER, lost)
    settles = gone or ends or rang or _certain(machines)
    if machines and settles:
        return _Ground(Outcome.NO_ANSWER, machines)
    return _Ground(Outcome.ABANDONED, gone) if gone else None


def _of_the_call(event: CallEvent) -> bool:
    return event.leg is None or event.happened is Happened.CONCLUDED


def _may_be_final(event: CallEvent) -> bool:
    """A leg's end can be certain without settling the call: another leg may still be answered."""
    return event.happened not in (Happened.STARTED, Happened.RINGING, Happened.LEG_ENDED)


def _certain(events: Iterable[CallEvent]) -> bool:
    return any(event.confidence is Confidence.CERTAIN for event in events)


def _order(event: CallEvent) -> tuple[datetime, str, str, str, str, str, str]:
    """By time; the rest only makes the order the same each time."""
    return (
        event.at,
        event.key,
        event.happened,
        event.leg or "",
        event.by or "",
        event.outcome or "",
        event.evidence,
    )


def _plainly(event: CallEvent) -> str:
    words = [event.happened, event.by or "", event.outcome or ""]
    return " ".join(word.replace("_", " ") for word in words if word)


@attrs.frozen(kw_only=True)
class Facts:
    """What is known of a call besides its outcome; numbers as the provider wrote them.

    Attributes:
        ended_at: When the caller's own leg was over, else the provider's verdict fell, else the
            last leg was over; None while nothing has ended.
        duration_ms: Of the whole call where that was told, else of the part that was.
    """

    caller: str | None
    line: str | None
    name: str | None
    started_at: datetime
    ended_at: datetime | None
    duration_ms: int | None
    recording_url: str | None
    forwarded_from: str | None


def facts(events: Iterable[CallEvent]) -> Facts:
    """Gather what is known of a call; like `conclude`, from a set and not from a sequence.

    The call's own events are believed before those of its legs, whose caller and line may be
    the platform's, and earlier ones before later ones.

    Raises:
        ValueError: There are no events.
    """
    told = sorted(events, key=lambda event: (event.happened in _OF_A_LEG, *_order(event)))
    if not told:
        raise ValueError("nothing is known of a call without events")

    def first(field: str) -> str | None:
        return next((value for event in told if (value := getattr(event, field))), None)

    return Facts(
        caller=first("caller"),
        line=first("line"),
        name=first("caller_name"),
        started_at=min(event.at for event in told),
        ended_at=_ended_at(told),
        duration_ms=_duration_ms(told),
        recording_url=first("recording_url"),
        forwarded_from=first("forwarded_from"),
    )


def _ended_at(told: Sequence[CallEvent]) -> datetime | None:
    # A provider that gives no time is taken at the time of arrival: the earliest is the truest.
    for happened in (Happened.ENDED, Happened.CONCLUDED, Happened.VOICEMAIL):
        if moments := [event.at for event in told if event.happened is happened]:
            return min(moments)
    over = (event.at for event in told if event.happened is Happened.LEG_ENDED or _machine(event))
    return max(over, default=None)


def _duration_ms(told: Sequence[CallEvent]) -> int | None:
    known = [
        (event.happened is Happened.ENDED, event.happened is Happened.CONCLUDED, event.duration_ms)
        for event in told
        if event.duration_ms is not None
    ]
    return max(known)[-1] if known else None


def _machine(event: CallEvent) -> bool:
    return event.happened is Happened.LEG_ANSWERED and event.by is AnsweredBy.MACHINE
