"""Telephony sessions: what each party of a call is told to do, as events of one call.

A session is one customer call, whoever it goes through.  Each party has notifications of its own;
what was seen of a call from outside to a menu and on to a user:

    party 1  Outbound, no extension    Setup, Answered, Disconnected      the caller
    party 2  Inbound, the menu's       Setup, Disconnected
    party 3  Inbound, the user's       Setup, Proceeding, Answered, ...

So "Answered" of the caller's own party only says that the call reached the account.  A queue or
menu that holds the caller is told of as a phone that still rings: as long as it does, somebody may
yet be reached.

https://developers.ringcentral.com/guide/voice/telephony-session-notifications
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import attrs

from textback.errors import UnreadableWebhook
from textback.events import AnsweredBy, CallEvent, Happened
from textback.model import Outcome, PhoneNumber
from textback_ringcentral.answers import object_of, objects_of, read_time, text_of
from textback_ringcentral.numbers import among

RINGS: Final = frozenset({"setup", "proceeding"})
MAILBOX: Final = frozenset({"voicemail", "vmscreening", "voicemailscreening"})
# What comes after an answer says that there was one, in case its own notification is lost.  "Gone"
# is a party that went on in another session: a transfer by the one who took the call.
TAKEN: Final = frozenset({"answered", "hold", "parked", "gone", "faxreceive"})
OVER: Final = "disconnected"

# Reasons of a party that is over without an answer.  With any other it decides nothing: the call
# was passed on, another agent took it, or the caller gave up.
ENDINGS: Final[Mapping[str, Outcome]] = {
    "NoAnswer": Outcome.NO_ANSWER,
    "Timeout": Outcome.NO_ANSWER,
    "TargetBusy": Outcome.BUSY,
    "Rejected": Outcome.DECLINED,
    "CallReplied": Outcome.DECLINED,  # the user had a short sentence read to the caller
    "Voicemail": Outcome.VOICEMAIL,
    "InternalError": Outcome.FAILED,
    "InvalidNumber": Outcome.FAILED,
    "NoSuchUser": Outcome.FAILED,
}

IsMachine = Callable[[str], Awaitable[bool]]


@attrs.frozen(kw_only=True)
class Party:
    """One end of a session.

    Attributes:
        extension: Whose it is; None for a party that is outside of the account.
        caller, called: Who calls whom; an extension's number may stand in place of a phone number.
        caller_extension: The caller is an extension of this account.
        called_extension: So is who is called.
    """

    id: str
    outbound: bool
    code: str
    extension: str | None = None
    reason: str = ""
    caller: str | None = None
    caller_name: str | None = None
    caller_extension: str | None = None
    called: str | None = None
    called_extension: str | None = None

    @property
    def is_caller(self) -> bool:
        """It is the one who calls the account from outside."""
        return self.outbound and self.extension is None and self.caller_extension is None

    @property
    def is_calling_out(self) -> bool:
        """It is an extension that calls somebody outside."""
        outside = self.called_extension is None and (self.called or "").startswith("+")
        return self.outbound and self.extension is not None and outside

    @property
    def from_inside(self) -> bool:
        """An extension made this call, to whomever."""
        return self.caller_extension is not None or (self.outbound and self.extension is not None)


@attrs.frozen(kw_only=True)
class Session:
    """What one notification tells of a session.

    Attributes:
        sequence: Which of the session's notifications it is.
        customer: It is a call, and not a conference, a greeting that is recorded, or the like.
    """

    id: str
    sequence: str
    at: datetime
    customer: bool
    parties: tuple[Party, ...]


def read(body: Mapping[str, Any], at: datetime) -> Session:
    """A notification's body.

    Args:
        body: As RingCentral sends it.
        at: When it was sent, if it doesn't say when it happened.

    Raises:
        UnreadableWebhook: It lacks the session or the parties.
    """
    session, parties = body.get("telephonySessionId"), body.get("parties")
    if not isinstance(session, str) or not session or not isinstance(parties, list):
        raise UnreadableWebhook("a telephony session has no telephonySessionId or parties")
    return Session(
        id=session,
        sequence=str(body.get("sequence")),
        at=read_time(body.get("eventTime")) or at,
        customer=object_of(body.get("origin")).get("type", "Call") == "Call",
        parties=tuple(_party(each) for each in objects_of(parties)),
    )


def line_of(session: Session, lines: Sequence[PhoneNumber]) -> PhoneNumber | None:
    """The client's line that was called from outside; None if these parties don't show one."""
    for party in session.parties:
        if not party.from_inside and (called := among(lines, party.called)) is not None:
            return called
    return None


async def told(
    session: Session,
    line: PhoneNumber | None,
    lines: Sequence[PhoneNumber],
    is_machine: IsMachine,
) -> tuple[CallEvent, ...]:
    """What a notification means.

    Args:
        session: What was read.
        line: The client's line that was called, as far as is known of this session.
        lines: All of them.
        is_machine: Whether an extension is none of a person.
    """
    events: list[CallEvent] = []
    for party in session.parties if session.customer else ():
        if party.is_calling_out:
            events += _calls_out(session, party)
        elif party.is_caller and line is not None:
            events += _calls_in(session, party, line)
        elif not party.outbound:
            events += await _rung(session, party, line, lines, is_machine)
    return tuple(events)


def _calls_in(session: Session, party: Party, line: PhoneNumber) -> list[CallEvent]:
    started = _started(session, party, line)
    if party.code != OVER:
        return [started]
    ended = attrs.evolve(started, key=f"{session.id}/ended", happened=Happened.ENDED)
    return [started, ended]


def _calls_out(session: Session, party: Party) -> list[CallEvent]:
    """The business calls somebody: never missed, but it may be the call-back of a caller."""
    event = CallEvent(
        key=f"{session.id}/started",
        call=session.id,
        happened=Happened.STARTED,
        at=session.at,
        caller=party.called,
        line=party.caller,
        outgoing=True,
        evidence="an extension calls out",
    )
    return [event]


async def _rung(
    session: Session,
    party: Party,
    line: PhoneNumber | None,
    lines: Sequence[PhoneNumber],
    is_machine: IsMachine,
) -> list[CallEvent]:
    """A party that is called: a user, a queue, a menu, or a phone outside.

    Of calls to other lines only that somebody took them is told: it closes the caller's case, and
    where the line isn't known yet, nobody is texted who was served.
    """
    if line is None and party.from_inside and party.extension is not None:
        return []  # colleagues among themselves
    by = await _taken_by(party, lines, is_machine) if party.code in TAKEN else None
    if by is not None:
        return [_leg(session, party, line, Happened.LEG_ANSWERED, by=by)]
    if line is None:
        return []
    if party.code in RINGS or party.code in TAKEN:
        event = _leg(session, party, line, Happened.RINGING)
    elif party.code in MAILBOX:
        event = _leg(session, party, line, Happened.CONCLUDED, outcome=Outcome.VOICEMAIL)
    elif party.code == OVER:
        outcome = ENDINGS.get(party.reason, Outcome.ABANDONED)
        event = _leg(session, party, line, Happened.LEG_ENDED, outcome=outcome)
    else:
        return []
    # In case the caller's own party isn't told of.
    return [event] if party.from_inside else [_started(session, party, line), event]


async def _taken_by(
    party: Party, lines: Sequence[PhoneNumber], is_machine: IsMachine
) -> AnsweredBy | None:
    """Who took the call; None if it is a machine that leads on to people."""
    if party.extension is not None:
        return None if await is_machine(party.extension) else AnsweredBy.HUMAN
    if among(lines, party.called) is not None:
        return None  # nobody's extension, at the company's number: its greeting
    return AnsweredBy.UNKNOWN  # a phone outside, which may have a mailbox


def _started(session: Session, party: Party, line: PhoneNumber) -> CallEvent:
    return CallEvent(
        key=f"{session.id}/started",
        call=session.id,
        happened=Happened.STARTED,
        at=session.at,
        caller=party.caller,
        line=line,
        caller_name=party.caller_name,
        evidence=_evidence(party),
    )


def _leg(
    session: Session,
    party: Party,
    line: PhoneNumber | None,
    happened: Happened,
    *,
    by: AnsweredBy | None = None,
    outcome: Outcome | None = None,
) -> CallEvent:
    customer = party.caller
    if party.from_inside:  # it goes out, unless a colleague passes on a call from outside
        customer = party.called if line is None else None
    return CallEvent(
        key=f"{session.id}/{session.sequence}/{party.id}",
        call=session.id,
        happened=happened,
        at=session.at,
        caller=customer,
        line=line,
        leg=party.id,
        by=by,
        outcome=outcome,
        evidence=_evidence(party),
    )


def _evidence(party: Party) -> str:
    return f"party {party.id.rpartition('-')[2]}: {party.code} {party.reason}".rstrip()


def _party(told: Mapping[str, Any]) -> Party:
    caller, called = object_of(told.get("from")), object_of(told.get("to"))
    status = object_of(told.get("status"))
    return Party(
        id=str(told.get("id")),
        outbound=told.get("direction") == "Outbound",
        code=str(status.get("code")).lower(),
        extension=text_of(told.get("extensionId")),
        reason=text_of(status.get("reason")) or "",
        caller=text_of(caller.get("phoneNumber")),
        caller_name=text_of(caller.get("name")),
        caller_extension=text_of(caller.get("extensionId")),
        called=text_of(called.get("phoneNumber")),
        called_extension=text_of(called.get("extensionId")),
    )
