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

import attrs

from textback.model import Caller, Case, Kind, Outcome, PhoneNumber


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
    """

    first_text_at: datetime | None = None
    reached_at: datetime | None = None


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
    """

    client: str
    name: str
    mode: str
    lines: frozenset[PhoneNumber]
    test_phones: frozenset[PhoneNumber]
    staff_phones: frozenset[PhoneNumber]
    cool_down_s: float
    max_age_s: float


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
