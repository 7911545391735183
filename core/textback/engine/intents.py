"""The durable intent to send one text, committed before any provider is called."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import attrs

from textback.clock import micros, moment
from textback.engine.context import Context
from textback.engine.names import case_subject, text_id
from textback.engine.pictures import day_of, hour_of
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
        yield from _count(ctx, text, segments(text.body), at)
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


def _count(ctx: Context, text: Text, parts: int, at: int) -> Work[None]:
    """Count a text for the client's caps; every attempt counts, as each may have left.

    Raises:
        Stale: A cap was reached since it was decided.
    """
    client = ctx.clients[text.client]
    policy = ctx.policy(client)
    if policy.mode == "test" and text.to in policy.test_phones:
        return
    automatic = text.kind in (Kind.FIRST, Kind.FOLLOW_UP)
    capped = automatic or text.kind is Kind.REPLY
    now = moment(at)
    if policy.per_hour and automatic:
        hour = hour_of(now)
        yield from counters.add(client.id, counters.TEXTS, hour, 1, policy.per_hour, at)
    if policy.segments_per_day is not None:
        most = policy.segments_per_day if capped else _NO_CAP
        day = day_of(client, now)
        yield from counters.add(client.id, counters.SEGMENTS, day, parts, most, at)


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
