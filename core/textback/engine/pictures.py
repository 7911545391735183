"""Read what the rules see, on one snapshot, with the versions that the decision rests on."""

from __future__ import annotations

from datetime import datetime

import attrs

from textback.clock import micros, moment
from textback.config.settings import Client
from textback.engine import unsubscribing
from textback.engine.codec import read_caller
from textback.engine.context import Context
from textback.model import Case, End, Kind, Outcome, PhoneNumber
from textback.picture import History, Picture, Suppression
from textback.store import Work, calls, contacts, pauses, suppressions, texts
from textback.store.work import Row


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


def look(
    ctx: Context,
    client: Client,
    case: Case,
    *,
    kind: Kind,
    step: str,
    now: datetime,
    raw: str = "",
    call_ended_at: datetime | None = None,
    address: str | None = None,
) -> Work[Seen]:
    """The picture for one text to the caller of a case, or for one e-mail to *address*."""
    number = case.number
    versions = (0, 0)
    forbidden: tuple[Suppression, ...] = ()
    history = History()
    paused = yield from pauses.of(client.id)
    if number is not None:
        versions = yield from contacts.versions(client.id, number)
        rows = yield from suppressions.of(client.id, ctx.hash_of(number))
        forbidden = tuple(_suppression(row) for row in rows)
        if kind is Kind.FIRST:
            since = micros(now - client.cool_down)
            at = yield from texts.last_first_text(
                client.id, number, since, case.id, shadow=client.mode == "shadow"
            )
            reached = yield from calls.reached(client.id, number, micros(case.opened_at))
            history = History(
                first_text_at=moment(at) if at is not None else None,
                reached_at=moment(reached) if reached is not None else None,
            )
    mailbox = unsubscribing.hash_of(ctx, address) if address is not None else None
    mailbox_versions = (0, 0)
    if mailbox is not None:
        mailbox_versions = yield from contacts.versions(client.id, mailbox)
        rows = yield from suppressions.of(client.id, mailbox)
        forbidden += tuple(_suppression(row) for row in rows)
    picture = Picture(
        now=now,
        kind=kind,
        step=step,
        policy=ctx.policy(client),
        case=case,
        to=number,
        raw=raw,
        channel="sms" if address is None else "email",
        caller=case.caller,
        outcome=case.outcome,
        call_ended_at=call_ended_at,
        suppressions=forbidden,
        history=history,
        paused=paused,
    )
    return Seen(
        picture=picture, versions=versions, address=mailbox, address_versions=mailbox_versions
    )


def unchanged(seen: Seen) -> Work[None]:
    """Make sure that nobody paused or resumed since the picture was made.

    Raises:
        Stale: Somebody did.
    """
    policy = seen.picture.policy
    if (yield from pauses.of(policy.client)) != seen.picture.paused:
        raise contacts.Stale(f"{policy.client} was paused or resumed meanwhile")


def _suppression(row: Row) -> Suppression:
    return Suppression(
        scope=row["client"],
        reason=row["reason"],
        since=moment(row["since"]),
        evidence=row["evidence"],
    )


def case_of(row: Row) -> Case:
    """A case from its row."""
    return Case(
        id=row["case_id"],
        client=row["client"],
        number=_number(row["number"]),
        line=_number(row["line"]),
        opened_at=moment(row["opened_at"]),
        caller=read_caller(row["caller"]),
        outcome=Outcome(row["outcome"]) if row["outcome"] else None,
        end=End(row["end_state"]) if row["end_state"] else None,
        because=row["because"],
        calls=row["calls"],
        replies=row["replies"],
        closed_at=moment(row["closed_at"]) if row["closed_at"] is not None else None,
        closed_because=row["closed_because"],
    )


def _number(value: str | None) -> PhoneNumber | None:
    return PhoneNumber(value) if value is not None else None
