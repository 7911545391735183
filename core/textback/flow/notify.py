"""Notify: what the team is told, in sentences for people who have never seen the code."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

import attrs

from textback.config.settings import Client
from textback.model import (
    Call,
    Case,
    End,
    Media,
    Notice,
    NoticeKind,
    Outcome,
    PhoneNumber,
    TextState,
)
from textback.phones import display, region_of

HOW = {
    Outcome.NO_ANSWER: "nobody answered",
    Outcome.BUSY: "the line was busy",
    Outcome.DECLINED: "the call was declined",
    Outcome.ABANDONED: "the caller hung up while it rang",
    Outcome.VOICEMAIL: "the caller left a voicemail",
    Outcome.FAILED: "the call could not be put through",
    Outcome.OUT_OF_HOURS: "it came out of hours",
}

LIKELY_SPAM = 0.5
"""The spam score of a caller from which on the team is told of it."""


@attrs.frozen(kw_only=True)
class Facts:
    """What a notice is made of: the case as it stands now."""

    client: Client
    case: Case
    at: datetime
    call: Call | None = None
    text: str | None = None
    text_state: TextState | None = None
    channel: str = "sms"
    held_until: datetime | None = None
    next_at: datetime | None = None
    media: tuple[Media, ...] = ()


@attrs.frozen(kw_only=True)
class Appointment:
    """What was booked.

    Attributes:
        was: When it was to be before it was moved, if that is known.
        number: The one that the booking gives, if it isn't the one that called.
    """

    starts_at: datetime
    title: str = ""
    was: datetime | None = None
    number: PhoneNumber | None = None

    @property
    def what(self) -> str:
        """Its title, or what stands for one."""
        return _one_line(self.title) or "an appointment"


def missed_call(facts: Facts) -> Notice:
    """The first call of a case: who, when, what the caller got or why nothing, what is next."""
    case = facts.case
    outcome = case.outcome or Outcome.NO_ANSWER
    lines = [f"{who(case, begins=True)} called {_line(case)} at {_local(facts)}: {HOW[outcome]}."]
    if facts.call is not None and facts.call.recording_url:
        lines.append(f"Recording: {facts.call.recording_url}")
    if case.number is not None:
        lines.append("They are known." if case.caller.known else "They are new, as far as we know.")
        if (case.caller.spam_score or 0.0) >= LIKELY_SPAM:
            lines.append(
                f"A lookup takes the number for likely spam ({case.caller.spam_score:.2f})."
            )
    lines.append(_what_was_sent(facts))
    return _notice(NoticeKind.MISSED_CALL, facts, f"Missed call from {who(case)}", lines)


def called_again(facts: Facts, calls: int) -> Notice:
    """One more missed call in an open case; the caller is not texted again."""
    title = f"{who(facts.case, begins=True)} called again ({calls})"
    lines = [
        f"{title} at {_local(facts)}; no text was sent, as the conversation is open.",
        "A call back would be best.",
    ]
    return attrs.evolve(_notice(NoticeKind.CALLED_AGAIN, facts, title, lines), calls=calls)


def replied(facts: Facts, doubt: str = "") -> Notice:
    """The caller wrote; *doubt* are the words that may be an opt-out, for the team to decide."""
    how = " by e-mail" if facts.channel == "email" else ""
    wrote = f"{who(facts.case, begins=True)} wrote{how}"
    title = f"{wrote}, and may want no more texts" if doubt else wrote
    lines = [f"{wrote} at {_local(facts)}:", facts.text or ""]
    lines += [f"Attachment: {media.url}" for media in facts.media]
    if doubt:
        lines += _decide(facts, doubt)
    lines.append(f'Answer with: textback reply {facts.case.id} "..."')
    return _notice(NoticeKind.REPLY, facts, title, lines)


def _decide(facts: Facts, doubt: str) -> list[str]:
    number, client = facts.case.number, facts.client
    scope = "" if client.opt_out_scope == "deployment" else f" --client {client.id}"
    return [
        f'"{doubt}" may be an opt-out: nothing is sent by itself until you decide.',
        f"If it is one: textback suppress {number}{scope} --reason opt_out",
        f"If not: textback suppress {number} --client {client.id} --lift",
    ]


def left_voicemail(facts: Facts) -> Notice:
    """A recording came after the team was told of the call."""
    title = f"{who(facts.case, begins=True)} left a voicemail"
    lines = [f"{title}."]
    if facts.call is not None and facts.call.recording_url:
        lines.append(f"Recording: {facts.call.recording_url}")
    return _notice(NoticeKind.VOICEMAIL, facts, title, lines)


def opted_out(facts: Facts) -> Notice:
    """The caller wants no more texts."""
    title = f"{who(facts.case, begins=True)} opted out"
    lines = [f"{title} at {_local(facts)} and will not be texted again.", "Calling is still fine."]
    if facts.text:
        lines.insert(1, f"They wrote: {_one_line(facts.text)}")
    return _notice(NoticeKind.OPTED_OUT, facts, title, lines)


def unsubscribed(facts: Facts) -> Notice:
    """The caller wants no more e-mail; texts are another matter."""
    title = f"{who(facts.case, begins=True)} unsubscribed from e-mail"
    lines = [f"{title} at {_local(facts)} and will not be mailed again.", "Calling is still fine."]
    return _notice(NoticeKind.OPTED_OUT, facts, title, lines)


def booked(facts: Facts, appointment: Appointment) -> Notice:
    """An appointment came of the case."""
    title = (
        f"{who(facts.case, begins=True)} booked {appointment.what} for {_when(appointment, facts)}"
    )
    lines = [f"{title}.", "Follow-ups have stopped.", *_other_number(facts, appointment)]
    return _notice(NoticeKind.BOOKED, facts, title, lines)


def booking_moved(facts: Facts, appointment: Appointment) -> Notice:
    """An appointment is at another time; who moved it, tools don't always say."""
    title = f"{_with(facts, appointment)} was moved to {_when(appointment, facts)}"
    lines = [f"{title}."]
    if appointment.was is not None and appointment.was != appointment.starts_at:
        lines.append(f"It was to be {_people(appointment.was, facts.client)}.")
    lines += _other_number(facts, appointment)
    return _notice(NoticeKind.BOOKING_MOVED, facts, title, lines)


def booking_cancelled(facts: Facts, appointment: Appointment) -> Notice:
    """An appointment is no more; the case stays closed, so the team must act."""
    title = f"{_with(facts, appointment)} on {_when(appointment, facts)} was cancelled"
    lines = [f"{title}.", "Nothing is texted by itself; a call would be best."]
    return _notice(NoticeKind.BOOKING_CANCELLED, facts, title, lines)


def troubled(facts: Facts, because: str) -> Notice:
    """A later text failed, or nobody knows whether it left."""
    unsure = facts.text_state is TextState.UNKNOWN
    kind = NoticeKind.UNCONFIRMED if unsure else NoticeKind.FAILED
    what = "an e-mail" if facts.channel == "email" else "a text"
    title = f"{what} to {who(facts.case)}"
    title = f"Unconfirmed: {title}" if unsure else f"{title[0].upper()}{title[1:]} failed"
    lines = [f"{title}: {because}.", _RESEND if unsure else "It is not sent again."]
    return attrs.evolve(_notice(kind, facts, title, lines), reason=because)


def who(case: Case, *, begins: bool = False) -> str:
    """A caller as people say it, perhaps to begin a sentence: name and number, as far as known."""
    if case.number is None:
        return "A withheld number" if begins else "a withheld number"
    number = display(case.number, region_of(case.line) if case.line else None)
    if not case.caller.name:
        return number
    # As the US writes them, numbers begin with a bracket of their own.
    shown = number if number.startswith("(") else f"({number})"
    return f"{_one_line(case.caller.name)} {shown}"


_RESEND = "It is not sent again by itself, so that nobody gets it twice."


def _what_was_sent(facts: Facts) -> str:
    case = facts.case
    match case.end:
        case End.SENT:
            return f"They were texted: {facts.text}"
        case End.SHADOWED:
            return f"They would have been texted, but textback only watches: {facts.text}"
        case End.UNKNOWN:
            return f"It is not known whether our text left ({case.because}). {_RESEND}"
        case End.FAILED:
            return f"Our text could not be sent: {case.because}."
        case End.SUPPRESSED:
            return f"They were not texted: {case.because}."
        case _ if facts.held_until is not None:
            return (
                f"The text waits until {_people(facts.held_until, facts.client)}: {case.because}."
            )
        case _ if case.because:
            return f"The text waits: {case.because}."
        case _:
            return "The text is on its way."


def _notice(kind: NoticeKind, facts: Facts, title: str, lines: Sequence[str]) -> Notice:
    case = facts.case
    follow_up = (
        f"A follow-up is due {_people(facts.next_at, facts.client)}." if facts.next_at else None
    )
    return Notice(
        kind=kind,
        client=facts.client.id,
        client_name=facts.client.name,
        case=case.id,
        at=facts.at,
        local_time=_local(facts),
        title=_one_line(title),
        lines=(*lines, *([follow_up] if follow_up else ()), *_record(case)),
        number=case.number,
        line=case.line,
        name=case.caller.name,
        known=bool(case.caller.known),
        url=case.caller.url,
        owner=case.caller.owner,
        outcome=case.outcome,
        calls=case.calls,
        text=facts.text,
        text_state=facts.text_state,
        reason=case.because if case.end is not End.SENT else None,
        next=follow_up,
        media=facts.media,
    )


def _with(facts: Facts, appointment: Appointment) -> str:
    what = appointment.what
    return f"{what[0].upper()}{what[1:]} with {who(facts.case)}"


def _when(appointment: Appointment, facts: Facts) -> str:
    return _people(appointment.starts_at, facts.client)


def _other_number(facts: Facts, appointment: Appointment) -> list[str]:
    """People book for others, and pass links on."""
    if appointment.number is None:
        return []
    region = region_of(facts.case.line) if facts.case.line else None
    return [f"The booking gives another number: {display(appointment.number, region)}."]


def _record(case: Case) -> Iterator[str]:
    """Where the contact stands, and whose it is."""
    if case.caller.url:
        owner = f" ({_one_line(case.caller.owner)})" if case.caller.owner else ""
        yield f"Contact{owner}: {case.caller.url}"


def _line(case: Case) -> str:
    return display(case.line, region_of(case.line)) if case.line else "your number"


def _local(facts: Facts) -> str:
    return _people(facts.at, facts.client)


def _people(at: datetime, client: Client) -> str:
    local = at.astimezone(client.time_zone)
    return f"{local:%a %d %b %Y, %H:%M} {local.tzname()}"


def _one_line(words: str | None) -> str:
    return " ".join((words or "").split())
