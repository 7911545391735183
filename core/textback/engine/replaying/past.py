"""What happened to one client, as the store has it: in the order of time, in portions.

Nothing here is judged again: that a call was missed, that a text was an order, when a number was
suppressed, is taken as it was found then.
"""

from __future__ import annotations

import heapq
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from functools import partial
from typing import Any

import attrs

from textback.engine.codec import read_caller
from textback.engine.names import CALLED_AGAIN
from textback.model import Caller, Kind, Outcome
from textback.store import past
from textback.store.forgetting import GONE
from textback.store.work import Row, Statement, Unit

Read = Callable[[Unit[Any]], Awaitable[Any]]

IDLE = "nothing happened for "
"""How the reason begins for which a case is closed in which nothing happens any more."""

FOR_EVER = 1 << 62


@attrs.frozen(kw_only=True)
class Missed:
    """A missed call, at the moment of its decision.

    Attributes:
        started_at: In microseconds, as all times here.
        who: The caller, as the case knows them now.
        end: What it came to; ``held`` while that isn't known.
        words: The first text that was written then, if one was; empty if it was pruned since.
    """

    at: int
    call: str
    caller: str | None
    raw: str
    line: str | None
    started_at: int
    ended_at: int
    outcome: Outcome
    case: str
    who: Caller
    end: str
    because: str
    words: str | None


@attrs.frozen(kw_only=True)
class Spoke:
    """Somebody spoke with the caller: they got through, or were rung back."""

    at: int
    number: str
    started_at: int
    because: str


@attrs.frozen(kw_only=True)
class Wrote:
    """The caller wrote (words, no order), or somebody of the team did.

    Attributes:
        parts: What it was billed as, if it was a text of ours.
    """

    at: int
    id: str
    number: str
    line: str | None
    team: bool
    by_text: bool
    parts: int


@attrs.frozen(kw_only=True)
class Texted:
    """A text of ours that isn't decided on again.

    An answer to STOP or HELP; a first text or follow-up from before the part of the past that is
    played again.

    Attributes:
        parts: What it was billed as.
    """

    at: int
    number: str
    kind: Kind
    shadow: bool
    parts: int


@attrs.frozen(kw_only=True)
class Closed:
    """A case was closed.

    Attributes:
        follows: From what else is told: nothing happened any more, or the caller called again.
    """

    at: int
    number: str
    because: str
    follows: bool


@attrs.frozen(kw_only=True)
class Opened:
    """A case that was open at the beginning."""

    at: int
    case: str
    number: str
    line: str | None
    who: Caller


Event = Missed | Spoke | Wrote | Texted | Closed | Opened


async def events(
    read: Read, client: str, since: int, until: int, lookback: int
) -> AsyncIterator[Event]:
    """Everything that bears on a client's texts, in the order of time.

    Args:
        read: Runs a unit on the store.
        client: Whose.
        since: When the part of the past begins that is played again.
        until: Its end.
        lookback: From when on earlier texts count.
    """
    for row in await read(partial(past.open_at, client, since)):
        yield _opened(row)
    sources = [
        _Source(_call, partial(_portion, read, past.CALLS, client, since, until), since),
        _Source(_text, partial(_portion, read, past.TEXTS, client, since, until), lookback),
        _Source(_closed, partial(_portion, read, past.CLOSED, client, since, until), since),
    ]
    for source in sources:
        await source.step()
    ready: list[tuple[int, int, Event]] = []
    count = 0
    while True:
        source = min(sources, key=lambda each: each.stamp)
        while ready and ready[0][0] <= source.stamp:
            yield heapq.heappop(ready)[2]
        if source.row is None:
            break
        event = source.make(source.row)
        if event is not None:
            count += 1
            heapq.heappush(ready, (event.at, count, event))
        await source.step()
    while ready:
        yield heapq.heappop(ready)[2]


class _Source:
    """One kind of rows, of which the next is looked at.

    Args:
        make: The event that a row tells of.
        portion: Reads the rows after a place: ``stamp`` and ``id`` of the last one before.
        since: The ``stamp`` at which it begins.
    """

    def __init__(
        self,
        make: Callable[[Row], Event | None],
        portion: Callable[[tuple[int, str]], Awaitable[Sequence[Row]]],
        since: int,
    ) -> None:
        self.make = make
        self.row: Row | None = None
        self.stamp = FOR_EVER
        self._portion = portion
        self._after = (since - 1, "")
        self._rows: Iterator[Row] = iter(())
        self._more = True

    async def step(self) -> None:
        """Look at the next row."""
        self.row = next(self._rows, None)
        if self.row is None and self._more:
            rows = await self._portion(self._after)
            self._more = len(rows) >= past.AT_A_TIME
            if rows:
                self._after = (rows[-1]["stamp"], rows[-1]["id"])
            self._rows = iter(rows)
            self.row = next(self._rows, None)
        self.stamp = self.row["stamp"] if self.row is not None else FOR_EVER


async def _portion(
    read: Read, query: Statement, client: str, since: int, until: int, after: tuple[int, str]
) -> Sequence[Row]:
    rows: Sequence[Row] = await read(partial(past.portion, query, client, since, after, until))
    return rows


def _call(row: Row) -> Event | None:
    outcome, number = Outcome(row["outcome"]), row["caller"]
    at = row["decided_at"] if row["decided_at"] is not None else row["stamp"]
    if outcome.missed:
        if row["case_id"] is None or row["because"] == GONE:
            return None  # not yet decided on, or forgotten
        return Missed(
            at=at,
            call=row["id"],
            caller=number,
            raw=row["caller_raw"],
            line=row["line"],
            started_at=row["started_at"],
            ended_at=row["stamp"],
            outcome=outcome,
            case=row["case_id"],
            who=read_caller(row["who"]) if row["who"] else Caller(),
            end=row["end_state"] or "held",
            because=row["because"],
            words=row["words"],
        )
    if number is None or (outcome is Outcome.OUTGOING and "answered" not in row["evidence"]):
        return None
    got_through = outcome is Outcome.ANSWERED
    return Spoke(
        at=at,
        number=number,
        started_at=row["started_at"],
        because="the caller got through" if got_through else "the business rang back",
    )


def _text(row: Row) -> Event | None:
    if row["direction"] == "out" and row["kind"] != "reply":
        if row["state"] == "failed" or row["channel"] != "sms":
            return None
        return Texted(
            at=row["stamp"],
            number=row["number"],
            kind=Kind(row["kind"]),
            shadow=row["state"] == "queued",
            parts=row["segments"] or 0,
        )
    if row["direction"] == "in" and row["kind"] != "received":
        return None  # STOP, START, HELP: what they changed is in the ledger
    return Wrote(
        at=row["stamp"],
        id=row["id"],
        number=row["number"],
        line=row["line"],
        team=row["direction"] == "out",
        by_text=row["channel"] == "sms",
        parts=(row["segments"] or 0) if row["direction"] == "out" else 0,
    )


def _closed(row: Row) -> Event:
    because = row["closed_because"] or ""
    follows = because.startswith(IDLE) or because == CALLED_AGAIN
    return Closed(at=row["stamp"], number=row["number"], because=because, follows=follows)


def _opened(row: Row) -> Event:
    return Opened(
        at=row["opened_at"],
        case=row["case_id"],
        number=row["number"],
        line=row["line"],
        who=read_caller(row["caller"]),
    )
