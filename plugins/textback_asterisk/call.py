"""One call that goes on, and what is told of it.

Until the caller hangs up, the dialplan may yet dial another phone.  So the dialplan itself is told
of as one more phone, which rings as long as it has the caller; and so is a queue.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import attrs

from textback.events import AnsweredBy, CallEvent, Happened
from textback.model import Outcome, PhoneNumber
from textback_asterisk.ami import Message

HELD: Final = "the dialplan"  # the leg that stands for it

_UNKNOWN: Final = frozenset({"", "<unknown>"})
_PRESENTATION, _RESTRICTED = 0x60, 0x20  # ITU-T Q.931, section 4.5.10, octet 3a


@attrs.define(kw_only=True)
class Call:
    """A call that goes on.

    Attributes:
        line: The client's line that was called; None if the business makes this call.
        caller: As Asterisk writes it; None if it isn't known yet, or withheld.
        told: Its beginning was told.
        channels: Those that are there now.
        legs: Names of the channels that were dialled, by their ids.
        dialled: The numbers that were dialled outside, by the ids of the channels.
        unconfirmed: Those of them that were picked up, where a key must be pressed then.
        mailboxes: Names of dialled channels behind which a mailbox is.
        queues: How often it has come into each queue.
    """

    id: str
    line: PhoneNumber | None
    caller: str | None = None
    name: str | None = None
    withheld: bool = False
    told: bool = False
    channels: set[str] = attrs.field(factory=set)
    legs: dict[str, str] = attrs.field(factory=dict)
    dialled: dict[str, str] = attrs.field(factory=dict)
    unconfirmed: set[str] = attrs.field(factory=set)
    mailboxes: set[str] = attrs.field(factory=set)
    queues: dict[str, int] = attrs.field(factory=dict)

    def learn(self, message: Message) -> None:
        """Who calls, from a message about the first channel; what was known first is kept."""
        presentation = message.get("cid-callingpres", "").partition(" ")[0]
        if presentation.isdigit() and int(presentation) & _PRESENTATION == _RESTRICTED:
            self.withheld, self.caller, self.name = True, None, None
        if self.withheld:
            return
        number, name = message.get("calleridnum", ""), message.get("calleridname", "")
        if self.caller is None and number not in _UNKNOWN:
            self.caller = number
        if self.name is None and name not in _UNKNOWN:
            self.name = name

    def begin(self, at: datetime, *, wait: bool) -> Iterator[CallEvent]:
        """Its beginning, once: as soon as the caller is known, or something else is told.

        Args:
            at: When.
            wait: The verdict waits until the dialplan has the caller no more.
        """
        if self.told or self.line is None:
            return
        self.told = True
        words = "a call from outside"
        yield self.event("started", Happened.STARTED, at, caller_name=self.name, evidence=words)
        if wait:
            yield self.event("held", Happened.RINGING, at, leg=HELD, evidence=words)

    def over(self, at: datetime, evidence: str) -> Iterator[CallEvent]:
        """The caller is gone."""
        yield self.ended("left", at, HELD, Outcome.ABANDONED, evidence)
        yield self.event("ended", Happened.ENDED, at, evidence=evidence)

    def rings(self, key: str, at: datetime, leg: str, evidence: str) -> CallEvent:
        """A phone rings, or a queue holds the caller."""
        return self.event(key, Happened.RINGING, at, leg=leg, evidence=evidence)

    def ended(self, key: str, at: datetime, leg: str, outcome: Outcome, evidence: str) -> CallEvent:
        """One of these is over, without an answer."""
        return self.event(key, Happened.LEG_ENDED, at, leg=leg, outcome=outcome, evidence=evidence)

    def taken(
        self, key: str, at: datetime, leg: str, by: AnsweredBy, evidence: str, **more: Any
    ) -> CallEvent:
        """Somebody or something took it."""
        return self.event(key, Happened.LEG_ANSWERED, at, leg=leg, by=by, evidence=evidence, **more)

    def event(self, key: str, happened: Happened, at: datetime, **more: Any) -> CallEvent:
        """An event of this call; *key* is made of ids and words that Asterisk gave."""
        given = {"line": self.line, "caller": self.caller, **more}
        return CallEvent(key=f"{self.id}/{key}", call=self.id, happened=happened, at=at, **given)


def time_of(message: Message) -> datetime | None:
    """When something happened; Asterisk says so only with ``timestampevents = yes``."""
    try:
        return datetime.fromtimestamp(float(message["timestamp"]), UTC)
    except (KeyError, ValueError, OverflowError, OSError):
        return None


def age_of(message: Message) -> timedelta:
    """How long a listed channel has been there: ``00:01:23``."""
    parts = message.get("duration", "").split(":")
    if len(parts) != 3 or not all(part.isdigit() for part in parts):
        return timedelta()
    hours, minutes, seconds = map(int, parts)
    return timedelta(hours=hours, minutes=minutes, seconds=seconds)
