"""The durable intent to send one text, committed before any provider is called."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import attrs

from textback.clock import micros, moment
from textback.engine.cases.pictures import day_of, hour_of
from textback.engine.context import Context
from textback.engine.names import case_subject, text_id
from textback.flow.segments import segments
from textback.model import Case, Kind, PhoneNumber, Text, TextState
from textback.picture import Decision
from textback.store import Work, counters, ledger, texts
from textback.store.work import Row

_NO_CAP = 1_000_000_000
FRESH_FOR = timedelta(seconds=5)  # an intent that was not used by then is decided again


@attrs.frozen(kw_only=True)
class Intent:
    """One attempt: which text, by which plugin.

    Attributes:
        address: Where an e-mail goes; None for an SMS.
        subject: Of an e-mail.
    """

    text: Text
    plugin: str
    address: str | None = None
    subject: str = ""

    @property
    def channel(self) -> str:
        """How it is sent."""
        return "sms" if self.address is None else "email"


def make(
    ctx: Context,
    case: Case,
    *,
    step: str,
    kind: Kind,
    body: str,
    plugin: str,
    attempt: int,
    now: datetime,
    line: PhoneNumber | None = None,
    address: str | None = None,
    subject: str = "",
) -> Intent:
    """An intent for the caller of a case; committed by `commit`."""
    assert case.number is not None
    sender = line or case.line
    assert sender is not None
    identity = text_id(case.id, step, attempt)
    return Intent(
        plugin=plugin,
        address=address,
        subject=subject,
        text=Text(
            id=identity,
            client=case.client,
            case=case.id,
            to=case.number,
            line=sender,
            body=body,
            kind=kind,
            step=step,
            status_url=f"{ctx.address(case.client, plugin)}/sms-status?text={identity}",
            attempted_at=now,
        ),
    )


def commit(ctx: Context, intent: Intent, decision: Decision) -> Work[None]:
    """Write the intent, and the decision that permits it."""
    text = intent.text
    assert text.attempted_at is not None
    at = micros(text.attempted_at)
    yield from texts.put(
        {
            "client": text.client,
            "text_id": text.id,
            "case_id": text.case,
            "step": text.step,
            "kind": text.kind.value,
            "direction": "out",
            "channel": intent.channel,
            "number": text.to,
            "line": text.line,
            "address": intent.address,
            "subject": intent.subject or None,
            "body": text.body,
            "state": TextState.SENDING.value,
            "rank": TextState.SENDING.rank,
            "plugin": intent.plugin,
            "provider_id": None,
            "at": at,
            "segments": segments(text.body) if intent.address is None else 0,
            "media": "[]",
        }
    )
    if intent.address is None:
        for count in _counts(ctx, text):
            yield from counters.add(
                text.client, count.name, count.period, count.more, count.most, at
            )
    yield from decided(
        ctx,
        text.client,
        text.case,
        text.to,
        text.step,
        decision,
        at,
        {"text": text.id, "via": intent.plugin, "body": text.body},
    )


@attrs.frozen
class _Count:
    """What one text adds to one of a client's counters, and how far that may go."""

    name: str
    period: str
    more: int
    most: int


def _counts(ctx: Context, text: Text) -> Iterator[_Count]:
    """How a text counts for the client's caps: every attempt, as long as it may have left.

    A counter that is full makes the commit stale: others have counted since it was decided.
    """
    client = ctx.clients[text.client]
    policy = ctx.policy(client)
    if policy.mode == "test" and text.to in policy.test_phones:
        return
    assert text.attempted_at is not None
    automatic = text.kind in (Kind.FIRST, Kind.FOLLOW_UP)
    if policy.per_hour and automatic:
        yield _Count(counters.TEXTS, hour_of(text.attempted_at), 1, policy.per_hour)
    if policy.segments_per_day is not None:
        most = policy.segments_per_day if automatic or text.kind is Kind.REPLY else _NO_CAP
        day, parts = day_of(client, text.attempted_at), segments(text.body)
        yield _Count(counters.SEGMENTS, day, parts, most)


def over(ctx: Context, intent: Intent, because: str, reason: str | None = None) -> Work[None]:
    """An attempt surely did not leave: its text has failed, and counts for no cap."""
    text = intent.text
    yield from never_left(ctx, intent)
    yield from texts.advance(
        text.client, text.id, TextState.FAILED, ctx.now(), reason=reason, error=because
    )


def never_left(ctx: Context, intent: Intent) -> Work[None]:
    """An attempt surely did not leave: what was counted for it is free for another text.

    To be called before its text is moved on; of one that a provider told of nothing is given back.
    """
    text = intent.text
    row = yield from texts.get(text.client, text.id)
    may_have_left = (TextState.SENDING.value, TextState.UNKNOWN.value)
    if intent.address is not None or row is None or row["state"] not in may_have_left:
        return
    for count in _counts(ctx, text):
        yield from counters.give_back(text.client, count.name, count.period, count.more)


def decided(
    ctx: Context,
    client: str,
    case_id: str,
    number: str | None,
    step: str,
    decision: Decision,
    at: int,
    more: dict[str, Any] | None = None,
) -> Work[None]:
    """Write a decision to the ledger, with every rule's answer."""
    yield from ledger.write(
        client,
        "decided",
        case_subject(case_id),
        ctx.hash_of(number) if number else None,
        {
            "step": step,
            "action": decision.action.name.lower(),
            "rule": decision.rule,
            "because": decision.because,
            "verdicts": [
                {
                    "rule": verdict.rule,
                    "version": verdict.version,
                    "action": verdict.action.name.lower(),
                    "because": verdict.because,
                    **({"saw": dict(verdict.saw)} if verdict.saw else {}),
                }
                for verdict in decision.verdicts
            ],
            **(more or {}),
        },
        at,
    )


def read(ctx: Context, row: Row) -> Intent:
    """An intent as it was committed."""
    identity, plugin = row["text_id"], row["plugin"]
    return Intent(
        plugin=plugin,
        address=row["address"],
        subject=row["subject"] or "",
        text=Text(
            id=identity,
            client=row["client"],
            case=row["case_id"],
            to=PhoneNumber(row["number"]),
            line=PhoneNumber(row["line"]),
            body=row["body"],
            kind=Kind(row["kind"]),
            step=row["step"],
            status_url=f"{ctx.address(row['client'], plugin)}/sms-status?text={identity}",
            attempted_at=moment(row["at"]),
            provider_id=row["provider_id"],
        ),
    )
