"""What a rule sees, and what it answers.

A picture is frozen and complete: a rule reads nothing else, so that it can be asked again, about
the past, or about a change that nobody has made yet.

Attributes:
    client: The client's name: that of its file, without ``.toml``.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import IntEnum
from typing import Any
from zoneinfo import ZoneInfo

import attrs

from textback.model import Caller, Case, Consent, Kind, Outcome, PhoneNumber


class Action(IntEnum):
    """What a verdict asks for; of several verdicts the highest wins."""

    SEND = 0  # nothing is in the way
    SHADOW = 1  # would be sent, but the client only watches
    HOLD = 2  # not now, but perhaps later
    SUPPRESS = 3  # never


@attrs.frozen(kw_only=True)
class Verdict:
    """One rule's answer, in a sentence that a person understands.

    Attributes:
        rule: Who says so: the rule's name, or the plugin's.
        action: What it asks for.
        because: The sentence, as `why` shows it.
        until: For HOLD, when to ask again; None means until somebody resumes.
        saw: What the rule looked at, for the ledger.
        version: Of the rule, raised when it decides otherwise than before.
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
    """A number that may not be texted, or an address that may not be mailed, and why.

    Attributes:
        scope: The client's name, or ``*`` for the whole deployment.
        reason: ``opt_out``, ``staff``, ``landline``, ``block``; of an address ``unsubscribed``.
        since: When it began.
        evidence: What it rests on.
    """

    scope: str
    reason: str
    since: datetime
    evidence: str = ""


@attrs.frozen(kw_only=True)
class History:
    """What happened between this client and this number before.

    Attributes:
        first_text_at: The latest first text of another case.
        reached_at: When they spoke, after the call that a first text answers.
        wrote_at: When the caller last wrote words, not STOP or the like.
        consents: To what the caller agreed otherwise, the latest of each basis.
        withdrawn_at: When they last opted out: what was given before carries nothing any more.
        texts_in_day: First texts and follow-ups in the last 24 hours.
        day_from: When the earliest of them went.
        texts_in_week: First texts and follow-ups in the last seven days.
        week_from: When the earliest of them went.
        answers_in_day: Our answers to STOP and HELP in the last 24 hours.
        replies_in_hour: What the team wrote in the last hour.
        short_calls: Calls in the last 24 hours that ended as soon as they had begun.
        client_in_hour: Texts of the client to anybody, in this hour.
        client_segments: What the client's texts were billed as, on this day.
    """

    first_text_at: datetime | None = None
    reached_at: datetime | None = None
    wrote_at: datetime | None = None
    consents: tuple[Consent, ...] = ()
    withdrawn_at: datetime | None = None
    texts_in_day: int = 0
    day_from: datetime | None = None
    texts_in_week: int = 0
    week_from: datetime | None = None
    answers_in_day: int = 0
    replies_in_hour: int = 0
    short_calls: int = 0
    client_in_hour: int = 0
    client_segments: int = 0


@attrs.frozen(kw_only=True)
class Policy:
    """The client's settings that rules ask for; made once from its file.

    Attributes:
        name: The business's name.
        mode: ``test``, ``shadow`` or ``live``.
        lines: The client's phone numbers.
        test_phones: Those that are texted in test mode.
        staff_phones: Those of the team.
        cool_down_s: Seconds in which a caller gets at most one first text.
        max_age_s: Seconds after which a call is not texted any more.
        zone: Where the business is.
        packs: The rule packs that hold; ``recipient`` stands for those of the recipient's place.
        first_text_at_night: Whether a first text may go at night, at once.
        wait_s: Seconds that a first text waits for somebody of the business to ring back.
        text_hours: When first texts go at all: ``always``, ``open`` or ``closed``.
        regions: Whose numbers are texted, by country; all, if empty.
        spam_score: From which on a caller is taken for spam, 0 to 1.
        per_caller_day: Texts to one caller in 24 hours; 0 for no cap.
        per_hour: Texts of the client in an hour; 0 for no cap.
        segments_per_day: What the money for a day pays; None for no cap.
    """

    client: str
    name: str
    mode: str
    lines: frozenset[PhoneNumber]
    test_phones: frozenset[PhoneNumber]
    staff_phones: frozenset[PhoneNumber]
    cool_down_s: float
    max_age_s: float
    zone: ZoneInfo | None = None
    packs: tuple[str, ...] = ("recipient",)
    first_text_at_night: bool = True
    wait_s: float = 0
    text_hours: str = "always"
    regions: frozenset[str] = frozenset()
    spam_score: float = 0.8
    per_caller_day: int = 0
    per_hour: int = 0
    segments_per_day: int | None = None


@attrs.frozen(kw_only=True)
class Picture:
    """Everything that decides on one text.

    Attributes:
        now: The moment of the decision.
        kind: Why it is sent.
        step: Which text of the case it is, e.g. ``text/1``.
        policy: The client's settings that matter here.
        case: The conversation that it belongs to.
        raw: What the provider said of the number.
        caller: Who it is, as far as anyone knows.
        outcome: How the call ended (FIRST).
        suppressions: Why the number may not be texted; none if it may.
        history: What happened with this number before.
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
