"""Read what the rules see, with the versions that the decision rests on.

On Postgres each statement sees what was committed when it began.  So the versions are read before
all that they stand for: whatever changes in between has raised them by the time of the commit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import attrs

from textback.clock import micros, moment
from textback.config.settings import Client
from textback.engine.cases import unsubscribing
from textback.engine.context import Context
from textback.flow.situation import Situation, situation_of
from textback.model import Basis, Case, Consent, Kind, PhoneNumber
from textback.picture import History, Picture, Policy, Suppression
from textback.store import (
    Work,
    calls,
    consents,
    contacts,
    counters,
    pauses,
    suppressions,
    texts,
)
from textback.store.work import Row

Agreed = tuple[tuple[Consent, ...], datetime | None]

_HOUR_US = 3_600 * 1_000_000
_DAY_US = 24 * _HOUR_US
_WEEK_US = 7 * _DAY_US
_LOOK_BACK_US = 30 * _DAY_US


@attrs.frozen(kw_only=True)
class Seen:
    """A picture, and the versions of the contact that it was made from.

    Attributes:
        address: The keyed hash of the e-mail address, for an e-mail; *address_versions* are its.
    """

    picture: Picture
    versions: tuple[int, int]
    address: str | None = None
    address_versions: tuple[int, int] = (0, 0)


@attrs.frozen(kw_only=True)
class Read:
    """What a picture is made of, as far as it stands in the store."""

    versions: tuple[int, int] = (0, 0)
    suppressions: tuple[Suppression, ...] = ()
    history: History = attrs.field(factory=History)
    paused: str | None = None
    address: str | None = None
    address_versions: tuple[int, int] = (0, 0)


def look(
    ctx: Context,
    client: Client,
    case: Case,
    *,
    kind: Kind,
    now: datetime,
    address: str | None = None,
) -> Work[Read]:
    """Read what the rules see of one text to the caller of a case, or of one e-mail to *address*.

    Of the case, only who called and when matters.  Versions come before what they stand for.
    """
    number = case.number
    versions = (0, 0)
    forbidden: tuple[Suppression, ...] = ()
    history = History()
    paused = yield from pauses.of(client.id)
    if number is not None:
        versions = yield from contacts.versions(client.id, number)
        rows = yield from suppressions.of(client.id, ctx.hash_of(number))
        forbidden = tuple(_suppression(row) for row in rows)
        history = yield from _history(ctx, client, case, number, kind, now)
    mailbox = unsubscribing.hash_of(ctx, address) if address is not None else None
    mailbox_versions = (0, 0)
    if mailbox is not None:
        mailbox_versions = yield from contacts.versions(client.id, mailbox)
        rows = yield from suppressions.of(client.id, mailbox)
        forbidden += tuple(_suppression(row) for row in rows)
    return Read(
        versions=versions,
        suppressions=forbidden,
        history=history,
        paused=paused,
        address=mailbox,
        address_versions=mailbox_versions,
    )


def seen(
    ctx: Context,
    client: Client,
    case: Case,
    read: Read,
    *,
    kind: Kind,
    step: str,
    now: datetime,
    raw: str = "",
    call_ended_at: datetime | None = None,
    retried: bool = False,
) -> Seen:
    """The picture for one text, or one e-mail, of what was read for it."""
    picture = picture_of(
        client,
        ctx.policy(client),
        case,
        situation_of(client, case),
        kind=kind,
        step=step,
        now=now,
        raw=raw,
        channel="sms" if read.address is None else "email",
        call_ended_at=call_ended_at,
        suppressions=read.suppressions,
        history=read.history,
        paused=read.paused,
        retried=retried,
    )
    return Seen(
        picture=picture,
        versions=read.versions,
        address=read.address,
        address_versions=read.address_versions,
    )


def picture_of(
    client: Client, policy: Policy, case: Case, situation: Situation, **seen: Any
) -> Picture:
    """The picture of one text: what follows from client and case, and what else was *seen*.

    Live decisions and those that `what-if` plays over are made of pictures from here.
    """
    return Picture(
        policy=policy,
        case=case,
        to=case.number,
        caller=case.caller,
        outcome=case.outcome,
        vip=situation.vip,
        hours=situation.hours if client.hours or client.location else None,
        **seen,
    )


def _history(
    ctx: Context, client: Client, case: Case, number: PhoneNumber, kind: Kind, now: datetime
) -> Work[History]:
    written = yield from texts.history(
        client.id,
        number,
        case.id,
        **looked_back(client, micros(now)),
        shadow=client.mode == "shadow",
    )
    called = None
    if kind in (Kind.FIRST, Kind.FOLLOW_UP):
        called = yield from calls.history(
            client.id, number, since=micros(case.opened_at), day=micros(now) - _DAY_US
        )
    agreed: Agreed = ((), None)
    if kind not in (Kind.CONFIRMATION, Kind.HELP):
        rows = yield from consents.of(client.id, ctx.hash_of(number))
        agreed = given(rows), _withdrawn_at(rows)
    counted: Mapping[str, int] = {}
    if client.caps.per_hour or client.caps.spend_per_day is not None:
        counted = yield from counters.of(client.id, hour=hour_of(now), day=day_of(client, now))
    return history_of(kind, written, called, counted, agreed)


def looked_back(client: Client, now: int) -> dict[str, int]:
    """Since when texts to and from a number count, by what for, as `texts.history` takes it."""
    cool_us = int(client.cool_down.total_seconds() * 1_000_000)
    return {
        "hour": now - _HOUR_US,
        "day": now - _DAY_US,
        "week": now - _WEEK_US,
        "cool": now - cool_us,
        "since": now - max(cool_us, _LOOK_BACK_US),
    }


def history_of(
    kind: Kind, written: Row, called: Row | None, counted: Mapping[str, int], agreed: Agreed
) -> History:
    """What rules see of the past.

    Args:
        kind: Of the text that is decided on.
        written: As `texts.history` counts.
        called: As `calls.history` does; None if that doesn't matter.
        counted: As `counters.of` does.
        agreed: What the number has consented to, and when it took all back.
    """
    consented, withdrawn_at = agreed
    return History(
        first_text_at=_moment(written["first_at"]),
        reached_at=_moment(called["reached_at"]) if called and kind is Kind.FIRST else None,
        wrote_at=_moment(written["wrote_at"]),
        consents=consented,
        withdrawn_at=withdrawn_at,
        texts_in_day=written["in_day"],
        day_from=_moment(written["day_from"]),
        texts_in_week=written["in_week"],
        week_from=_moment(written["week_from"]),
        answers_in_day=written["answers"],
        replies_in_hour=written["replies"],
        short_calls=called["short"] if called else 0,
        client_in_hour=counted.get(counters.TEXTS, 0),
        client_segments=counted.get(counters.SEGMENTS, 0),
    )


def given(rows: Sequence[Row]) -> tuple[Consent, ...]:
    """What a number gave, from its rows in the store."""
    return tuple(each for row in rows if (each := consent_of(row)) is not None)


def consent_of(row: Row) -> Consent | None:
    """A consent from its row in the store; None if the row says that all was withdrawn."""
    if row["basis"] == consents.WITHDRAWN:
        return None
    return Consent(basis=Basis(row["basis"]), at=moment(row["at"]), evidence=row["evidence"])


def _withdrawn_at(rows: Sequence[Row]) -> datetime | None:
    """When a number last withdrew everything, from the same rows."""
    stamps = [row["at"] for row in rows if row["basis"] == consents.WITHDRAWN]
    return moment(max(stamps)) if stamps else None


def hour_of(now: datetime) -> str:
    """The hour in which a client's texts are counted together."""
    return f"{now.astimezone(UTC):%Y-%m-%d %H}"


def day_of(client: Client, now: datetime) -> str:
    """The day in which the parts of a client's texts are counted together, by its own clock."""
    return f"{now.astimezone(client.time_zone):%Y-%m-%d}"


def _moment(at: int | None) -> datetime | None:
    return moment(at) if at is not None else None


def unchanged(seen: Seen) -> Work[None]:
    """Make sure that nothing happened since the picture was made, nor does until the commit.

    Whether somebody paused is asked last, when nobody can any more.

    Raises:
        Stale: Something did, or somebody paused or resumed.
    """
    client, number = seen.picture.policy.client, seen.picture.to
    if number is not None:
        yield from contacts.compare_and_set(client, number, seen.versions)
    if seen.address is not None:
        yield from contacts.compare_and_set(client, seen.address, seen.address_versions)
    if (yield from pauses.of(client)) != seen.picture.paused:
        raise contacts.Stale(f"{client} was paused or resumed meanwhile")


def _suppression(row: Row) -> Suppression:
    return Suppression(
        scope=row["client"],
        reason=row["reason"],
        since=moment(row["since"]),
        evidence=row["evidence"],
    )
