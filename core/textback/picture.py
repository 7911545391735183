"""What a rule sees, and what it answers.

A picture is frozen and complete: a rule reads nothing else, so that it can be asked again, about
the past, or about a change that nobody has made yet.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import IntEnum
from typing import Any
from zoneinfo import ZoneInfo

import attrs

from textback.model import Caller, Case, Kind, Outcome, PhoneNumber


class Action(IntEnum):
    """What a verdict asks for; of several verdicts the highest wins."""

    SEND = 0
    SHADOW = 1  # would be sent, but the client only watches
    HOLD = 2
    SUPPRESS = 3


@attrs.frozen(kw_only=True)
class Verdict:
    """One rule's answer, in a sentence that a person understands.

    Attributes:
        rule: Who says so: the rule's name, or the plugin's.
        until: For HOLD, when to ask again; None means until somebody resumes.
        saw: What the rule looked at, for the ledger.
    """

    rule: str
    action: Action
    because: str
    until: datetime | None = None
    saw: Mapping[str, Any] = attrs.field(factory=dict)
    version: int = 1


@attrs.frozen(kw_only=True)
class Decision:
    """What all verdicts come to: the strictest, in the words of the one who gave it.

    Attributes:
        rule: Whose verdict it is; empty for SEND, to which everybody agrees.
        until: For HOLD, when to ask again; None means until somebody resumes.
        verdicts: Every answer, in the order of asking.
    """

    action: Action
    because: str
    rule: str = ""
    until: datetime | None = None
    verdicts: tuple[Verdict, ...] = ()


@attrs.frozen(kw_only=True)
class Suppression:
    """A number that may not be texted, or an address that may not be mailed, and why."""

    scope: str  # the client's name, or "*" for the whole deployment
    reason: str  # "opt_out", "staff", "landline", "block"; of an address "unsubscribed"
    since: datetime
    evidence: str = ""


@attrs.frozen(kw_only=True)
class History:
    """What happened between this client and this number before."""

    first_text_at: datetime | None = None  # the latest first text of another case
    reached_at: datetime | None = None  # they spoke, after the call that a first text answers
    wrote_at: datetime | None = None  # when the caller last wrote words, not STOP or the like
    texts_in_day: int = 0  # first texts and follow-ups in the last 24 hours
    day_from: datetime | None = None  # when the earliest of them went
    texts_in_week: int = 0  # and in the last seven days
    week_from: datetime | None = None
    answers_in_day: int = 0  # our answers to STOP and HELP in the last 24 hours
    replies_in_hour: int = 0  # what the team wrote in the last hour
    short_calls: int = 0  # calls in the last 24 hours that ended as soon as they had begun
    client_in_hour: int = 0  # texts of the client to anybody, in this hour
    client_segments: int = 0  # that the client's texts were billed as, on this day


@attrs.frozen(kw_only=True)
class Policy:
    """The client's settings that rules ask for; made once from its file."""

    client: str
    name: str
    mode: str
    lines: frozenset[PhoneNumber]
    test_phones: frozenset[PhoneNumber]
    staff_phones: frozenset[PhoneNumber]
    cool_down_s: float
    max_age_s: float
    zone: ZoneInfo | None = None  # where the business is
    packs: tuple[str, ...] = ("recipient",)
    first_text_at_night: bool = True
    wait_s: float = 0
    text_hours: str = "always"  # or "open", "closed"
    regions: frozenset[str] = frozenset()  # whose numbers are texted; all, if empty
    spam_score: float = 0.8  # from which on a caller is taken for spam
    per_caller_day: int = 0  # 0: no cap
    per_hour: int = 0
    segments_per_day: int | None = None  # what the money for a day pays


@attrs.frozen(kw_only=True)
class Picture:
    """Everything that decides on one text.

    Attributes:
        to: None if the number is withheld or isn't a phone number; *raw* has what was said.
        channel: ``sms`` or ``email``; *to* is the caller's number for both.
        call_ended_at: The end of the call that the text answers (FIRST), else None.
        paused: Why everything is held, if it is.
        retried: The text was tried before, in an earlier run of its step.
        vip: The client or a CRM says that the caller is one.
        hours: How the business was when the call ended: ``open``, ``closed``, ``holiday``; None if
            its file has no hours.
        body: The words, once they are written; rules are asked before and after.
        segments: That the words will be billed as.
    """

    now: datetime
    kind: Kind
    step: str
    policy: Policy
    case: Case
    to: PhoneNumber | None
    raw: str = ""
    channel: str = "sms"
    caller: Caller = Caller()
    outcome: Outcome | None = None
    call_ended_at: datetime | None = None
    suppressions: tuple[Suppression, ...] = ()
    history: History = History()
    paused: str | None = None
    retried: bool = False
    vip: bool = False
    hours: str | None = None
    body: str | None = None
    segments: int = 0
