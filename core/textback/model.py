"""The things that textback speaks of.

All are frozen.  Phone numbers are E.164 strings, times aware datetimes in UTC, durations
milliseconds unless the name says otherwise.  ``docs/reference/words.md`` explains the terms.

Attributes:
    client: The client's name: that of its file, without ``.toml``.
    case: The id of the case that it belongs to.
    number: The caller's.
    line: The number of the business that was called.
    outcome: How the call ended.
    media: Pictures and files that came with the words.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any, NewType
from zoneinfo import ZoneInfo

import attrs

from textback.words import storable

PhoneNumber = NewType("PhoneNumber", str)
"""A phone number in E.164, e.g. ``+13035550100``; made by `textback.phones.normalise`."""


def _told(value: Any) -> Any:
    return value if value is None else storable(str(value))


def from_outside(cls: type, fields: Sequence[attrs.Attribute[Any]]) -> list[attrs.Attribute[Any]]:
    """For `attrs.frozen`: what a provider or plugin gives as words is storable words.

    A number becomes a string, and what no database takes is replaced; None stays None.
    """
    del cls
    words: tuple[Any, ...] = ("str", "str | None")  # as annotations stand in the source
    return [
        each.evolve(converter=_told) if each.type in words and each.converter is None else each
        for each in fields
    ]


class Outcome(StrEnum):
    """How a call ended."""

    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    BUSY = "busy"
    DECLINED = "declined"
    ABANDONED = "abandoned"  # the caller gave up while it rang
    VOICEMAIL = "voicemail"
    FAILED = "failed"
    OUT_OF_HOURS = "out_of_hours"  # only where the provider says so
    OUTGOING = "outgoing"  # the business made the call

    @property
    def missed(self) -> bool:
        """Whether nobody spoke with the caller."""
        return self not in (Outcome.ANSWERED, Outcome.OUTGOING)


class End(StrEnum):
    """What a missed call came to: exactly one of these."""

    SENT = "sent"
    SUPPRESSED = "suppressed"
    FAILED = "failed"
    UNKNOWN = "unknown"  # nobody knows whether the text left; may become sent or failed, once
    JOINED = "joined"  # the caller already had an open case
    SHADOWED = "shadowed"  # would have been sent, but the client only watches


class TextState(StrEnum):
    """How far a text is; it never moves backwards, see `rank`."""

    QUEUED = "queued"
    SENDING = "sending"  # the intent is committed
    UNKNOWN = "unknown"  # the request may have left and no answer came
    SENT = "sent"  # a provider took it
    DELIVERED = "delivered"
    FAILED = "failed"
    RECEIVED = "received"  # a text that came in

    @property
    def rank(self) -> int:
        """A state replaces only one of lower rank."""
        return _RANKS[self]


_RANKS = {
    TextState.QUEUED: 0,
    TextState.SENDING: 1,
    TextState.UNKNOWN: 2,
    TextState.SENT: 3,
    TextState.FAILED: 4,
    TextState.DELIVERED: 4,
    TextState.RECEIVED: 5,
}


class FailureReason(StrEnum):
    """Why a text failed, the same for all providers."""

    OPTED_OUT = "opted_out"
    INVALID_NUMBER = "invalid_number"
    UNREACHABLE = "landline_or_unreachable"
    UNREGISTERED = "unregistered_sender"
    FILTERED = "spam_filtered"
    RATE_LIMITED = "rate_limited"
    NO_FUNDS = "insufficient_funds"
    AUTH = "auth"
    TEMPORARY = "temporary"
    UNKNOWN = "unknown"


class Keyword(StrEnum):
    """A text that is an order to the program that sends, not a word to the business."""

    STOP = "stop"
    START = "start"
    HELP = "help"


class Kind(StrEnum):
    """Why a text is sent; rules treat them differently."""

    FIRST = "first"
    FOLLOW_UP = "follow_up"
    REPLY = "reply"  # someone of the business writes
    CONFIRMATION = "confirmation"  # the one answer to STOP
    HELP = "help"  # the answer to HELP
    NOTICE = "notice"  # to the team, not to the caller


class Basis(StrEnum):
    """On what ground somebody may be texted."""

    CALLER_CALLED = "caller_called"  # they called, and nobody could take it
    REPLIED = "replied"  # they wrote to the business
    KEYPRESS = "keypress"  # they pressed a key when they were asked on the phone
    FORM = "form"  # they agreed in a form
    CRM = "crm"  # a CRM says that they agreed


@attrs.frozen(kw_only=True)
class Consent:
    """That somebody agreed to be texted.

    Attributes:
        basis: By which way.
        at: When they did.
        evidence: What shows it: where, and to which words.
    """

    basis: Basis
    at: datetime
    evidence: str


@attrs.frozen(field_transformer=from_outside)
class Media:
    """A picture or file that came with a text.

    Attributes:
        url: Where the provider keeps it; most want credentials to give it.
        content_type: What it is, e.g. ``image/jpeg``.
    """

    url: str
    content_type: str = "application/octet-stream"


@attrs.frozen(kw_only=True)
class Call:
    """One customer call, however many legs, webhooks and sources told of it.

    Attributes:
        id: ``{plugin}/{provider's call id}`` of the source that told of it first.
        caller: None if the number is withheld or can't be written as E.164; *caller_raw* has
            what the provider said.
        case: The case that it opened or joined.
        started_at: When it reached the line.
        caller_raw: What the provider said of the caller's number.
        caller_name: What the phone shows; for the team.
        ended_at: When it ended; None as long as it goes on.
        duration_ms: How long it lasted, in milliseconds.
        recording_url: Where a message that the caller left can be heard.
        evidence: The words that the outcome rests on.
    """

    id: str
    client: str
    line: PhoneNumber | None
    caller: PhoneNumber | None
    started_at: datetime
    caller_raw: str = ""
    caller_name: str | None = None
    ended_at: datetime | None = None
    outcome: Outcome | None = None
    duration_ms: int | None = None
    recording_url: str | None = None
    evidence: str = ""
    case: str | None = None


@attrs.frozen(kw_only=True, field_transformer=from_outside)
class Caller:
    """Who called, as far as anyone knows.

    ``identify_caller`` answers with the fields it knows; the answers are merged field by field in
    the client's order.

    Attributes:
        number: The number that was asked for.
        email: Where follow-ups by e-mail go.
        zone: The caller's time zone, if it isn't that of the number.
        owner: Whose contact it is, as the CRM gives it.
        name: For the team.
        first_name: To greet with; left out where several contacts share the number.
        known: A CRM has a contact with this number.
        vip: A CRM says that texts and leads for VIPs are meant.
        language: What the caller speaks, as BCP 47 writes it, e.g. ``es`` or ``es-MX``.
        url: Where the contact can be opened in the CRM.
        line_type: ``mobile``, ``landline``, ``voip``, or what else a lookup calls it; a landline
            isn't texted.
        spam_score: How likely the number is a nuisance, from 0 (not at all) to 1, by a lookup.
        do_not_text: A CRM or lookup says that this number must not be texted; says why.
        consent: A CRM says that they agreed to be texted.
    """

    number: PhoneNumber | None = None
    name: str | None = None
    first_name: str | None = None
    email: str | None = None
    known: bool | None = None
    vip: bool | None = None
    language: str | None = None
    zone: ZoneInfo | None = None
    url: str | None = None
    owner: str | None = None
    line_type: str | None = None
    spam_score: float | None = None
    do_not_text: str | None = None
    consent: Consent | None = None


@attrs.frozen(kw_only=True)
class Case:
    """The one open conversation with one caller of one client.

    Attributes:
        id: Ours, short enough for an address.
        number: The caller's; None if it was withheld.
        line: The number of the business that was called last.
        opened_at: When its first call ended.
        caller: Who it is, as far as anyone knows.
        outcome: How its first call ended.
        end: The end of its first call; None while it is not known.
        because: Why it came to that end, in a sentence.
        calls: How many missed calls belong to it.
        replies: How often the caller wrote.
        closed_at: None while the case is open.
        closed_because: None while the case is open.
    """

    id: str
    client: str
    number: PhoneNumber | None
    line: PhoneNumber | None
    opened_at: datetime
    caller: Caller = Caller()
    outcome: Outcome | None = None
    end: End | None = None
    because: str = ""
    calls: int = 1
    replies: int = 0
    closed_at: datetime | None = None
    closed_because: str | None = None


@attrs.frozen(kw_only=True)
class Text:
    """One SMS to send.

    Attributes:
        id: Ours; a sender puts it where the provider gives it back (status address or reference).
        to: Whom it goes to.
        line: The line last called: the number to send from, unless the sender's settings say else.
        body: The words, whole; it may be longer than one part.
        kind: Why it is sent.
        step: Which text of the case it is, e.g. ``text/1``.
        provider_id: For `find_text`, the provider's id, if it gave one.
        status_url: The sender's own webhook address with topic ``sms-status`` and ``?text={id}``.
        attempted_at: When the intent was committed; for `find_text`.
    """

    id: str
    client: str
    case: str
    to: PhoneNumber
    line: PhoneNumber
    body: str
    kind: Kind = Kind.FIRST
    step: str = "text/1"
    status_url: str = ""
    attempted_at: datetime | None = None
    provider_id: str | None = None


@attrs.frozen(field_transformer=from_outside)
class Receipt:
    """A provider took a text (or a mail).

    Attributes:
        provider_id: The provider's id of it, by which its status is known.  A number becomes a
            string; what no database takes is replaced, as it is in webhooks.
        state: How far the provider says it is.
    """

    provider_id: str
    state: TextState = TextState.SENT


@attrs.frozen
class Absent:
    """The provider surely never got the text: a new intent is allowed."""


@attrs.frozen
class CannotTell:
    """The provider doesn't show the text, which proves nothing."""


@attrs.frozen(kw_only=True)
class Lead:
    """What a CRM is told of a missed call; from ``[[lead]]`` in the client's file.

    Attributes:
        called_at: When the call ended.
        name: What is known of the caller's name; fills only what is empty.
        email: Likewise.
        tag: To be added; none that is there is taken away.
        pipeline: Of the deal: its label or id in the CRM.
        stage: Of the contact or deal: its label or id.
        owner: Who is to own the contact.
        fields: Custom fields and their values.
    """

    client: str
    case: str
    number: PhoneNumber
    line: PhoneNumber | None
    called_at: datetime
    outcome: Outcome
    name: str | None = None
    email: str | None = None
    tag: str | None = None
    pipeline: str | None = None
    stage: str | None = None
    owner: str | None = None
    fields: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen(field_transformer=from_outside)
class CrmRef:
    """A record in a CRM.

    Attributes:
        id: The CRM's own; later steps address the record by it.  A number becomes a string.
        url: Where a person opens it, if that is known.
    """

    id: str
    url: str | None = None


class ActivityKind(StrEnum):
    """What is logged with a contact."""

    CALL = "call"
    TEXT = "text"
    REPLY = "reply"
    BOOKING = "booking"


@attrs.frozen(kw_only=True)
class Activity:
    """Something that happened with a contact, for the CRM's record.

    Attributes:
        kind: What happened.
        at: When.
        body: The words of a text or reply, or of a booking; empty for a call.
        channel: Of a text or reply: ``sms`` or ``email``.
        outcome: How a call ended.
        duration_ms: How long a call lasted, in milliseconds.
        incoming: The caller did it: called, wrote, booked.
    """

    kind: ActivityKind
    at: datetime
    number: PhoneNumber
    line: PhoneNumber | None = None
    body: str = ""
    channel: str = "sms"
    outcome: Outcome | None = None
    duration_ms: int | None = None
    incoming: bool = True
    media: tuple[Media, ...] = ()


class NoticeKind(StrEnum):
    """Why the team is told something."""

    MISSED_CALL = "missed_call"
    CALLED_AGAIN = "called_again"
    REPLY = "reply"
    OPTED_OUT = "opted_out"
    BOOKED = "booked"
    BOOKING_MOVED = "booking_moved"
    BOOKING_CANCELLED = "booking_cancelled"
    VOICEMAIL = "voicemail"  # a recording came after the team was told of the call
    UNCONFIRMED = "unconfirmed"  # nobody knows whether a text left
    FAILED = "failed"  # a text failed after a provider had taken it


@attrs.frozen(kw_only=True)
class Notice:
    """What the team is told.

    Attributes:
        kind: Why the team is told.
        client_name: The business's name, as callers know it.
        at: The moment that it is about.
        number: The caller's; None if it was withheld.
        name: The caller's, as the CRM or the phone has it.
        known: A CRM has a contact with this number.
        url: Where the contact can be opened in the CRM.
        calls: How many missed calls the case has.
        next: What comes by itself, in a sentence; None if nothing.
        title: One line, e.g. ``Anna Example called again (2)``.
        lines: The story in sentences, one a line, numbers and times as people write them.
        text: The exact text that the caller got, or wrote; None if there was none.
        text_state: How far our text is; None if none was sent.
        reason: Why no text was sent, in a sentence.
        owner: Whose contact it is, as the CRM gives it.
        local_time: The moment of the call in the client's zone, as people read it.
        key: Which notice of the case it is, e.g. ``call/2``: the same each time it is told.
    """

    kind: NoticeKind
    client: str
    client_name: str
    case: str
    at: datetime
    local_time: str
    title: str
    lines: tuple[str, ...]
    number: PhoneNumber | None = None
    line: PhoneNumber | None = None
    name: str | None = None
    known: bool = False
    url: str | None = None
    owner: str | None = None
    outcome: Outcome | None = None
    calls: int = 1
    text: str | None = None
    text_state: TextState | None = None
    reason: str | None = None
    next: str | None = None
    media: tuple[Media, ...] = ()
    key: str = ""


@attrs.frozen(kw_only=True)
class Booking:
    """An appointment that came of a case."""

    id: str
    client: str
    case: str | None
    starts_at: datetime
    ends_at: datetime | None = None
    title: str = ""
    cancelled: bool = False


@attrs.frozen(kw_only=True)
class Email:
    """One e-mail to send; headers such as List-Unsubscribe are made from it by the sender.

    Attributes:
        id: Ours, the same for each try of one intent; the Message-ID is made from it.
        to: The caller's address.
        subject: One line.
        body: The words, as plain text.
        client_name: The business's name, as callers know it.
        unsubscribe_url: GET shows a button, POST unsubscribes at once (RFC 8058).
    """

    id: str
    client: str
    case: str
    to: str
    subject: str
    body: str
    client_name: str = ""
    unsubscribe_url: str = ""


class Severity(StrEnum):
    """How bad a finding of a check is."""

    ERROR = "error"
    WARNING = "warning"
    OK = "ok"


@attrs.frozen
class Finding:
    """What a plugin's `check` found at the provider, in words, with what to do.

    Attributes:
        severity: How bad it is.
        message: A sentence for who runs the client: what is wrong, where, and what to do.
    """

    severity: Severity
    message: str


@attrs.frozen
class Change:
    """What `connect` changed, or would change, at the provider.

    Attributes:
        what: Which setting of which thing, e.g. ``+13035550100: voice webhook``.
        before: What it was; None if it wasn't set.
        after: What it is now.
    """

    what: str
    before: str | None
    after: str


@attrs.frozen
class Addresses:
    """The addresses of this installation for one plugin of one client.

    Attributes:
        base: This plugin's own webhook address; ``topic(name)`` gives one with a topic.
        lines: The client's, whose provider is to be told of them; nobody else's are touched.
    """

    base: str
    lines: tuple[PhoneNumber, ...] = ()

    def topic(self, name: str) -> str:
        """The webhook address of one topic."""
        return f"{self.base}/{name}" if name else self.base


@attrs.frozen
class Erased:
    """What a plugin erased of a number, and where more of it may be held.

    Attributes:
        records: How many are gone.
        elsewhere: Where a person must erase the rest, in words; empty if there is none.
    """

    records: int = 0
    elsewhere: str = ""


@attrs.frozen(kw_only=True)
class Committed:
    """Something that has been committed, for `observe`: never a body, the number masked.

    Attributes:
        what: Which kind of entry of the ledger it is.
        at: When it was committed.
        case: The case that it is about, if it is about one.
        detail: Its place in the ledger's chain: ``seq`` and ``chain``, the hash up to it.
    """

    what: str
    client: str
    at: datetime
    case: str | None = None
    detail: Mapping[str, Any] = attrs.field(factory=dict)
