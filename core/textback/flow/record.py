"""Record: what CRMs are told, and under which keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from textback.config.settings import Client
from textback.flow.choice import choose
from textback.flow.situation import situation_of
from textback.model import Activity, ActivityKind, Call, Case, Lead, Media, Outcome, PhoneNumber


def lead(client: Client, case: Case, number: PhoneNumber) -> Lead:
    """The lead of a case, by the first ``[[lead]]`` of the client's file that fits it."""
    rule = choose(client.lead, situation_of(client, case))
    return Lead(
        client=client.id,
        case=case.id,
        number=number,
        line=case.line,
        called_at=case.opened_at,
        outcome=case.outcome or Outcome.NO_ANSWER,
        name=case.caller.name,
        email=case.caller.email,
        tag=rule.tag if rule else None,
        pipeline=rule.pipeline if rule else None,
        stage=rule.stage if rule else None,
        owner=rule.owner if rule else None,
        fields=rule.fields if rule else {},
    )


def call_activity(call: Call, number: PhoneNumber) -> Activity:
    """A call, for the contact's record."""
    return Activity(
        kind=ActivityKind.CALL,
        at=call.started_at,
        number=number,
        line=call.line,
        outcome=call.outcome,
        duration_ms=call.duration_ms,
    )


def text_activity(
    *,
    incoming: bool,
    body: str,
    at: datetime,
    number: PhoneNumber,
    line: PhoneNumber | None,
    channel: str = "sms",
    media: Sequence[Media] = (),
) -> Activity:
    """A text or e-mail of ours, or a reply, for the contact's record."""
    return Activity(
        kind=ActivityKind.REPLY if incoming else ActivityKind.TEXT,
        at=at,
        number=number,
        line=line,
        body=body,
        channel=channel,
        incoming=incoming,
        media=tuple(media),
    )


def booking_activity(
    what: str, title: str, starts_at: datetime, number: PhoneNumber, line: PhoneNumber | None
) -> Activity:
    """An appointment that was made (``booking``), ``moved`` or ``cancelled``: when it is to be."""
    body = title if what == "booking" else f"{what.capitalize()}: {title or 'an appointment'}"
    return Activity(kind=ActivityKind.BOOKING, at=starts_at, number=number, line=line, body=body)


def key(case: str, step: str) -> str:
    """The key of a step towards a CRM: the same for every try, another for everything else."""
    return f"{case}/{step}"
