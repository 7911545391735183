"""How a call can go, as the events that a source tells of it, one after the other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

import attrs

from textback.events import AnsweredBy, CallEvent, Happened
from textback.model import Outcome
from textback.phones import display, region_of


class Play(StrEnum):
    """What happens to a call."""

    ANSWERED = "answered"
    RINGS_OUT = "rings_out"
    BUSY = "busy"
    DECLINED = "declined"
    GIVES_UP = "gives_up"  # the caller hangs up while it rings
    VOICEMAIL = "voicemail"
    FAILED = "failed"
    OUT_OF_HOURS = "out_of_hours"
    OUTGOING = "outgoing"  # the business calls, and is answered
    GROUP_ANSWERED = "group_answered"  # three phones ring; two are cancelled, then one answers
    GROUP_MISSED = "group_missed"  # three phones ring, and nobody answers


PLAYED_FOR = {
    Outcome.ANSWERED: Play.ANSWERED,
    Outcome.NO_ANSWER: Play.RINGS_OUT,
    Outcome.BUSY: Play.BUSY,
    Outcome.DECLINED: Play.DECLINED,
    Outcome.ABANDONED: Play.GIVES_UP,
    Outcome.VOICEMAIL: Play.VOICEMAIL,
    Outcome.FAILED: Play.FAILED,
    Outcome.OUT_OF_HOURS: Play.OUT_OF_HOURS,
    Outcome.OUTGOING: Play.OUTGOING,
}
"""The plainest play that has an outcome."""

_HOW = {
    Play.ANSWERED: "somebody answers",
    Play.RINGS_OUT: "nobody answers",
    Play.BUSY: "the line is busy",
    Play.DECLINED: "the call is declined",
    Play.GIVES_UP: "the caller hangs up while it rings",
    Play.VOICEMAIL: "the caller leaves a voicemail",
    Play.FAILED: "the call can't be put through",
    Play.OUT_OF_HOURS: "the business is closed",
    Play.GROUP_ANSWERED: "three phones ring, and one is answered",
    Play.GROUP_MISSED: "three phones ring, and nobody answers",
}

ANONYMOUS = "anonymous"
"""What a carrier says for a withheld number (RFC 3325)."""


@attrs.frozen(kw_only=True)
class Scene:
    """One call that is to be played.

    Attributes:
        id: The carrier's id of the call.
        caller: As the carrier writes it; `ANONYMOUS` for a withheld number.
        at: When the call reaches the line.
        ring_s: Seconds that the phones of the business ring.
        talk_s: Seconds that people talk then, or that the message to the mailbox is long.
    """

    id: str
    caller: str
    line: str
    at: datetime
    ring_s: float = 20.0
    talk_s: float = 45.0


def spoken(play: Play, caller: str, line: str) -> str:
    """A call in a sentence, numbers as people write them."""
    who = "a withheld number" if caller == ANONYMOUS else display(caller, region_of(caller))
    business = display(line, region_of(line))
    if play is Play.OUTGOING:
        return f"{business} calls {who}, who answers"
    return f"{who} calls {business}: {_HOW[play]}"


def script(play: Play, scene: Scene) -> tuple[CallEvent, ...]:
    """The events of a call in the order in which they happen; keys are ``{call}/{number}``.

    Each is only likely, as no real source is ever sure before its settle time has passed.
    """
    told: list[CallEvent] = []

    def tell(happened: Happened, after_s: float, **more: Any) -> None:
        told.append(
            CallEvent(
                key=f"{scene.id}/{len(told) + 1}",
                call=scene.id,
                happened=happened,
                at=scene.at + timedelta(seconds=after_s),
                caller=scene.caller,
                line=scene.line,
                evidence=" ".join((happened.value, *(str(value) for value in more.values()))),
                **more,
            )
        )

    _PLAYS[play](tell, scene.ring_s, scene.ring_s + scene.talk_s)
    return tuple(told)


Tell = Callable[..., None]
Way = Callable[[Tell, float, float], None]  # when the ringing ends, when the talk

_LEGS = ("front-desk", "office", "mobile")


def _one_leg(outcome: Outcome) -> Way:
    """The only phone that rings is not answered."""

    def play(tell: Tell, ring_s: float, end_s: float) -> None:
        rings = outcome not in (Outcome.BUSY, Outcome.FAILED)
        after_s = ring_s if rings else 0.0
        tell(Happened.STARTED, 0)
        if rings:
            tell(Happened.RINGING, 0, leg=_LEGS[0])
        tell(Happened.LEG_ENDED, after_s, leg=_LEGS[0], outcome=outcome)
        tell(Happened.ENDED, after_s, duration_ms=_ms(after_s))

    return play


def _answered(tell: Tell, ring_s: float, end_s: float) -> None:
    tell(Happened.STARTED, 0)
    tell(Happened.RINGING, 0, leg=_LEGS[0])
    tell(Happened.LEG_ANSWERED, ring_s, leg=_LEGS[0], by=AnsweredBy.HUMAN)
    tell(Happened.ENDED, end_s, duration_ms=_ms(end_s))


def _voicemail(tell: Tell, ring_s: float, end_s: float) -> None:
    """The carrier's own mailbox takes the call, and says so once there is a message."""
    tell(Happened.STARTED, 0)
    tell(Happened.RINGING, 0, leg=_LEGS[0])
    tell(Happened.LEG_ENDED, end_s, leg=_LEGS[0], outcome=Outcome.NO_ANSWER)
    tell(Happened.VOICEMAIL, end_s)
    tell(Happened.ENDED, end_s, duration_ms=_ms(end_s))


def _out_of_hours(tell: Tell, ring_s: float, end_s: float) -> None:
    tell(Happened.STARTED, 0)
    tell(Happened.CONCLUDED, 0, outcome=Outcome.OUT_OF_HOURS)
    tell(Happened.ENDED, 0, duration_ms=0)


def _outgoing(tell: Tell, ring_s: float, end_s: float) -> None:
    tell(Happened.STARTED, 0, outgoing=True)
    tell(Happened.LEG_ANSWERED, ring_s, leg="customer", by=AnsweredBy.HUMAN)
    tell(Happened.ENDED, end_s, outgoing=True, duration_ms=_ms(end_s))


def _group(*, answered: bool) -> Way:
    def play(tell: Tell, ring_s: float, end_s: float) -> None:
        *losers, winner = _LEGS
        tell(Happened.STARTED, 0)
        for leg in _LEGS:
            tell(Happened.RINGING, 0, leg=leg)
        if answered:
            for leg in losers:  # told before the answer, as real carriers do
                tell(Happened.LEG_ENDED, ring_s, leg=leg, outcome=Outcome.ABANDONED)
            tell(Happened.LEG_ANSWERED, ring_s, leg=winner, by=AnsweredBy.HUMAN)
            tell(Happened.ENDED, end_s, duration_ms=_ms(end_s))
            return
        for leg in _LEGS:
            tell(Happened.LEG_ENDED, ring_s, leg=leg, outcome=Outcome.NO_ANSWER)
        tell(Happened.ENDED, ring_s, duration_ms=_ms(ring_s))

    return play


def _ms(seconds: float) -> int:
    return round(seconds * 1000)


_PLAYS: dict[Play, Way] = {
    Play.ANSWERED: _answered,
    Play.RINGS_OUT: _one_leg(Outcome.NO_ANSWER),
    Play.BUSY: _one_leg(Outcome.BUSY),
    Play.DECLINED: _one_leg(Outcome.DECLINED),
    Play.GIVES_UP: _one_leg(Outcome.ABANDONED),
    Play.VOICEMAIL: _voicemail,
    Play.FAILED: _one_leg(Outcome.FAILED),
    Play.OUT_OF_HOURS: _out_of_hours,
    Play.OUTGOING: _outgoing,
    Play.GROUP_ANSWERED: _group(answered=True),
    Play.GROUP_MISSED: _group(answered=False),
}
