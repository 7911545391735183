"""What a plugin reports: a webhook as it came in, and what happened in it.

A source says what it was told and judges nothing.  Numbers are as the provider writes them (the
engine brings them to E.164), times are aware datetimes.

Attributes:
    key: The provider's own key of the event, or one made of what never changes: the same event told
        twice has the same key, and it is never made from the time of arrival.
    at: When it happened, by the provider's clock; when it came in, if the provider doesn't say.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from functools import cached_property
from typing import Any
from urllib.parse import parse_qsl

import attrs

from textback.errors import UnreadableWebhook
from textback.model import (
    Basis,
    FailureReason,
    Keyword,
    Media,
    Outcome,
    TextState,
    from_outside,
)
from textback.words import storable


class Happened(StrEnum):
    """What a call event tells."""

    STARTED = "started"  # the call reached the line
    RINGING = "ringing"  # a leg rings at the business
    LEG_ANSWERED = "leg_answered"  # someone or something took that leg, see AnsweredBy
    LEG_ENDED = "leg_ended"  # that leg is over without an answer: its outcome says how
    VOICEMAIL = "voicemail"  # the caller left a message
    ENDED = "ended"  # the caller's own leg is over
    CONCLUDED = "concluded"  # the provider itself gives the verdict on the whole call


class AnsweredBy(StrEnum):
    """Who took a leg, as far as the provider can tell."""

    HUMAN = "human"
    MACHINE = "machine"  # an IVR, a queue, a greeting, a mailbox
    UNKNOWN = "unknown"  # the provider can't tell a mailbox from a person: counts as a person


class Confidence(StrEnum):
    """Whether a later event of the same call may change what this one says."""

    CERTAIN = "certain"  # the provider's final word: judged at once
    LIKELY = "likely"  # judged once the source's ``settle_s`` has passed


@attrs.frozen(kw_only=True, field_transformer=from_outside)
class CallEvent:
    """One thing that a source was told of one call.

    Attributes:
        call: The provider's id of the whole customer call, the same for all its legs.
        happened: What happened.
        caller: The number of the other side: who called, or who was called by the business; None
            if it is withheld.
        line: The number of the business; None if it isn't told.  A missed call to a number that is
            none of the client's lines is left alone.
        leg: The provider's id of the leg that the event is about.
        by: Who took the leg (LEG_ANSWERED).
        outcome: How the leg (LEG_ENDED) or the call (CONCLUDED) ended.
        outgoing: The business made this call; set where the provider tells the direction.
        confidence: Whether a later event may change what this one says.
        caller_name: What the phone shows; for the team, nobody is greeted by it.
        forwarded_from: The number that was dialled, where the call was forwarded to *line*.
        duration_ms: How long it lasted so far, in milliseconds.
        recording_url: Where a message that the caller left can be heard.
        evidence: The words that the verdict rests on, e.g. ``DialCallStatus=no-answer``.
    """

    key: str
    call: str
    happened: Happened
    at: datetime
    caller: str | None = None
    line: str | None = None
    leg: str | None = None
    by: AnsweredBy | None = None
    outcome: Outcome | None = None
    outgoing: bool = False
    confidence: Confidence = Confidence.LIKELY
    caller_name: str | None = None
    forwarded_from: str | None = None
    duration_ms: int | None = None
    recording_url: str | None = None
    evidence: str = ""


@attrs.frozen(kw_only=True, field_transformer=from_outside)
class TextReceived:
    """A text from a caller.

    Attributes:
        number: Who wrote.
        line: The number of the business that it was sent to.
        body: The words, whole: parts of a long text are joined first.
        media: Pictures and files that came with it.
        keyword: What the provider took it for, where it says so; else the engine reads the words.
        provider_id: The provider's id of the text.
    """

    key: str
    at: datetime
    number: str
    line: str
    body: str
    media: tuple[Media, ...] = ()
    keyword: Keyword | None = None
    provider_id: str | None = None


@attrs.frozen(kw_only=True, field_transformer=from_outside)
class TextStatus:
    """What became of a text that we sent.

    Attributes:
        state: How far it is; one that is behind what is known already changes nothing.
        text: Our own ``Text.id``, if it came back.
        provider_id: The provider's id, as in the receipt.
        reason: Why it failed (FAILED).
        code: The provider's own code for that.
        number: Whom it went to; a listing says so, as a store that was restored may not know it.
    """

    key: str
    at: datetime
    state: TextState
    text: str | None = None
    provider_id: str | None = None
    number: str | None = None
    reason: FailureReason | None = None
    code: str | None = None


@attrs.frozen(kw_only=True, field_transformer=from_outside)
class OptOut:
    """The provider says that this number wants no more texts.

    Attributes:
        number: Whose.
        evidence: What was said or done, for the ledger, e.g. ``replied STOP``.
    """

    key: str
    at: datetime
    number: str
    evidence: str


@attrs.frozen(kw_only=True, field_transformer=from_outside)
class OptIn:
    """The provider says that this number wants texts again.

    Attributes:
        number: Whose.
        evidence: What was said or done, for the ledger, e.g. ``replied START``.
    """

    key: str
    at: datetime
    number: str
    evidence: str


@attrs.frozen(kw_only=True, field_transformer=from_outside)
class KeyPressed:
    """The caller pressed keys when they were asked whether they want texts; ``1`` says yes.

    Attributes:
        call: The provider's id of the call, as in its `CallEvent`.
        digits: The keys, in order.
        prompt: The words in which they were asked.
        number: The caller's, if it is told; else it is that of the call.
    """

    key: str
    at: datetime
    call: str
    digits: str
    prompt: str = ""
    number: str | None = None


@attrs.frozen(kw_only=True, field_transformer=from_outside)
class Consented:
    """Somebody agreed to be texted, neither on the phone nor by text; or takes that back.

    Attributes:
        at: When they did.
        number: Whose.
        evidence: What shows it: where, and to which words.
        basis: ``FORM`` or ``CRM``.
        given: False where it is taken back, which is an opt-out like any other.
    """

    key: str
    at: datetime
    number: str
    evidence: str
    basis: Basis = Basis.FORM
    given: bool = True


@attrs.frozen(kw_only=True, field_transformer=from_outside)
class EmailReceived:
    """An e-mail from a caller.

    Attributes:
        sender: The address that it came from.
        subject: One line.
        body: What the caller wrote, without what is quoted below.
        case: Ours, if the address or a header carried it.
    """

    key: str
    at: datetime
    sender: str
    subject: str
    body: str
    case: str | None = None


@attrs.frozen(kw_only=True, field_transformer=from_outside)
class TeamReply:
    """Someone of the business answers a caller.

    Attributes:
        body: The words that are texted to the caller.
        by: Who answers, as the team knows them.
        case: Whose caller is meant, if the notice carried it.
        number: The caller's, where the case isn't known.
    """

    key: str
    at: datetime
    body: str
    by: str
    case: str | None = None
    number: str | None = None


@attrs.frozen(kw_only=True, field_transformer=from_outside)
class Booked:
    """An appointment was made, or moved to another time.

    It is matched to *case*, else to the case of the booking that it replaces, else by *number*,
    else by *email* if exactly one open case has that address.

    Attributes:
        at: When it was made or moved, by the booking tool's clock: of two words on one booking the
            later counts.
        starts_at: When the appointment begins.
        ends_at: When it ends, if the tool says so.
        number: The phone number that the caller gave when booking.
        email: The e-mail address that the caller gave.
        booking: The tool's own id; another for each appointment, and for each who takes part.
        title: What was booked, e.g. ``Cleaning``; without a name, since it is kept.
        case: Our case, if the tool gave back what the link carried.
        replaces: The booking that was moved and is no more; *booking* itself where the tool keeps
            the id.  None for a new appointment.
    """

    key: str
    at: datetime
    booking: str
    starts_at: datetime
    ends_at: datetime | None = None
    title: str = ""
    case: str | None = None
    number: str | None = None
    email: str | None = None
    replaces: str | None = None


@attrs.frozen(kw_only=True, field_transformer=from_outside)
class BookingCancelled:
    """An appointment is no more, for good: a tool that revives one gives it another id.

    Attributes:
        booking: The tool's own id, as in `Booked`.
        moved: Another booking stands in its place, whose `Booked` says so in ``replaces``.
    """

    key: str
    at: datetime
    booking: str
    moved: bool = False


Event = (
    CallEvent
    | TextReceived
    | TextStatus
    | OptOut
    | OptIn
    | KeyPressed
    | Consented
    | EmailReceived
    | TeamReply
    | Booked
    | BookingCancelled
)


@attrs.define(frozen=True, slots=False, kw_only=True)
class WebhookRequest:
    """One HTTP request as a plugin sees it.

    Attributes:
        method: ``GET`` or ``POST``.
        body: As it came in, at most 1 MiB.
        url: The public address, query included, as the provider signed it: made from
            ``server.public_url``, never from what a proxy passed on.
        topic: What follows the plugin's name in the path, e.g. ``dial``; empty if nothing does.
        headers: With names in lower case.
        received_at: When it came in, by the clock that the engine uses.
        remote_ip: The address that it came from: what the web server before textback says if that
            is on the same machine, or is named in ``FORWARDED_ALLOW_IPS``.
    """

    method: str
    url: str
    topic: str
    headers: Mapping[str, str]
    body: bytes
    received_at: datetime
    remote_ip: str = ""

    @cached_property
    def pairs(self) -> list[tuple[str, str]]:
        """The form fields of the body in order, blank ones kept.

        Raises:
            UnreadableWebhook: The body is not text in UTF-8.
        """
        try:
            return parse_qsl(self.body.decode(), keep_blank_values=True, errors="strict")
        except ValueError as error:
            raise UnreadableWebhook("the body is not a form in UTF-8") from error

    @cached_property
    def form(self) -> Mapping[str, str]:
        """The form fields of the body; the first of a repeated name."""
        return {name: storable(value) for name, value in reversed(self.pairs)}

    @cached_property
    def query(self) -> Mapping[str, str]:
        """The parameters in the address; the first of a repeated name."""
        query = self.url.partition("?")[2]
        pairs = parse_qsl(query, keep_blank_values=True)
        return {name: storable(value) for name, value in reversed(pairs)}

    @cached_property
    def json(self) -> Any:
        """The body as JSON; what no database and no provider takes is replaced in its strings.

        Raises:
            UnreadableWebhook: It is not JSON.
        """
        try:
            told = json.loads(self.body)
            plain = self.body.isascii() and b"\\u" not in self.body and b"\0" not in self.body
            return told if plain else _clean(told)
        except (ValueError, RecursionError) as error:  # the latter: a thousand levels deep
            raise UnreadableWebhook("the body is not JSON") from error


def _clean(value: Any) -> Any:
    if isinstance(value, str):
        return storable(value)
    if isinstance(value, list):
        return [_clean(each) for each in value]
    if isinstance(value, dict):
        return {storable(name): _clean(each) for name, each in value.items()}
    return value


@attrs.frozen
class WebhookResponse:
    """What the provider gets for a webhook; 204 without a body where it expects nothing.

    Attributes:
        status: Of HTTP.
        body: Empty where nothing is expected.
        content_type: Of the body.
        headers: More of them, for providers that want something given back in one.
    """

    status: int = 204
    body: str = ""
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] = attrs.field(factory=dict)


@attrs.frozen
class Once:
    """A mark by which a request is known when it comes again.

    Attributes:
        mark: What the provider signs each request with anew, e.g. the id of a token.
        for_s: Seconds that it is remembered: as long as its signature is good for.
    """

    mark: str
    for_s: float


@attrs.frozen
class Reading:
    """What a webhook told, and what to answer once that is committed.

    Attributes:
        events: What happened, in order; none if the webhook tells nothing that matters.
        response: What the provider gets once the events are committed.
        live: Someone is waiting on the phone for this response: it is given even when the store
            can't commit the events.
        once: Committed with the events.  A request whose mark is known is answered 401 and changes
            nothing; one whose commit failed may come again as it is, so that nothing is lost.
    """

    events: tuple[Event, ...] = ()
    response: WebhookResponse = WebhookResponse()
    live: bool = False
    once: Once | None = None
