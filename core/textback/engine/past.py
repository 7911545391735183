"""What happened to one client, as the store has it: in the order of time, in portions.

Nothing here is judged again: that a call was missed, that a text was an order, when a number was
suppressed, is taken as it was found then.
"""

from __future__ import annotations

import heapq
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any

import attrs

from textback.clock import moment
from textback.engine import opting
from textback.engine.codec import read_caller
from textback.model import Basis, Caller, Consent, Kind, Outcome
from textback.picture import Suppression
from textback.store import consents, past
from textback.store.forgetting import GONE
from textback.store.work import Row, Statement, Unit

Read = Callable[[Unit[Any]], Awaitable[Any]]

IDLE = "nothing happened for "
"""How the reason begins for which a case is closed in which nothing happens any more."""

_FOR_EVER = 1 << 62
_LIFTED = (opting.OPT_OUT, opting.DOUBT, "block")  # what can be taken back


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
    """The caller wrote (words, no order), or somebody of the team did."""

    at: int
    id: str
    number: str
    line: str | None
    team: bool
    by_text: bool


@attrs.frozen(kw_only=True)
class Texted:
    """A text of ours that isn't decided on again.

    An answer to STOP or HELP; a first text or follow-up from before the part of the past that is
    played again.
    """

    at: int
    number: str
    kind: Kind
    shadow: bool


@attrs.frozen(kw_only=True)
class Closed:
    """A case was closed; *idle* if only as nothing happened any more."""

    at: int
    number: str
    because: str
    idle: bool


@attrs.frozen(kw_only=True)
class Opened:
    """A case that was open at the beginning."""

    at: int
    case: str
    number: str
    line: str | None
    outcome: Outcome | None
    who: Caller


Event = Missed | Spoke | Wrote | Texted | Closed | Opened


@attrs.frozen(kw_only=True)
class Orders:
    """What forbade or held texts, and from when until when.

    Attributes:
        suppressions: By the keyed hash of the number: from, until, what.
        pauses: From, until, why.
        consents: By the keyed hash of the number: when, and what was given; None: all was taken
            back.
    """

    suppressions: Mapping[str, Sequence[tuple[int, int, Suppression]]]
    pauses: Sequence[tuple[int, int, str]]
    consents: Mapping[str, Sequence[tuple[int, Consent | None]]] = attrs.field(factory=dict)

    def forbidding(self, hashed: str, at: int) -> tuple[Suppression, ...]:
        """What forbade texts to a number at a moment."""
        found = self.suppressions.get(hashed, ())
        return tuple(each for began, ended, each in found if began < at <= ended)

    def given(self, hashed: str, at: int) -> tuple[tuple[Consent, ...], int | None]:
        """What a number had given at a moment, the latest of each basis; when it took all back."""
        latest: dict[Basis, Consent] = {}
        withdrawn_at = None
        for stamp, each in self.consents.get(hashed, ()):
            if stamp > at:
                continue
            if each is None:
                withdrawn_at = max(stamp, withdrawn_at or stamp)
            elif each.basis not in latest or latest[each.basis].at < each.at:
                latest[each.basis] = each
        return tuple(latest.values()), withdrawn_at

    def paused(self, at: int) -> str | None:
        """Why texts were held at a moment, if they were."""
        return next((because for began, ended, because in self.pauses if began <= at < ended), None)

    def resumed(self, at: int) -> int | None:
        """When the pauses that held texts at a moment were all over; None if they last."""
        while True:
            ends = [ended for began, ended, _ in self.pauses if began <= at < ended]
            if not ends:
                return at
            at = max(ends)
            if at >= _FOR_EVER:
                return None


async def orders(read: Read, client: str) -> Orders:
    """Read a client's suppressions and pauses, those of the whole deployment included."""
    rows = await read(partial(past.orders, client))
    lasting = await read(partial(past.suppressed, client))
    return Orders(
        suppressions=_suppressions(rows, lasting),
        pauses=_pauses(rows, await read(partial(past.paused, client))),
        consents=_consents(rows, await read(partial(past.consented, client))),
    )


def _consents(
    rows: Sequence[Row], lasting: Sequence[Row]
) -> Mapping[str, Sequence[tuple[int, Consent | None]]]:
    """What was given and taken back; what the ledger has no longer is told by what lasts."""
    found: dict[str, list[tuple[int, Consent | None]]] = defaultdict(list)
    for row in rows:
        content = json.loads(row["content"]) if row["number_hash"] and row["content"] else {}
        each = None
        if row["kind"] == "suppressed" and content.get("reason") == opting.OPT_OUT:
            found[row["number_hash"]].append((row["at"], None))
        elif "basis" in content:
            stamp = content.get("given_at")
            each = Consent(
                basis=Basis(content["basis"]),
                at=datetime.fromisoformat(stamp) if stamp else moment(row["at"]),
                evidence=content["evidence"],
            )
            found[row["number_hash"]].append((row["at"], each))
    for row in lasting:
        each = None
        if row["basis"] != consents.WITHDRAWN:
            at = moment(row["at"])
            each = Consent(basis=Basis(row["basis"]), at=at, evidence=row["evidence"])
        found[row["number_hash"]].append((row["at"], each))
    return found


def _suppressions(
    rows: Sequence[Row], lasting: Sequence[Row]
) -> Mapping[str, Sequence[tuple[int, int, Suppression]]]:
    """From when until when which suppression held, by the keyed hash of the number.

    The ledger has when each began, and that something was taken back, but not what: it is what
    does not last until now.
    """
    now: dict[str, dict[tuple[str, str], Row]] = defaultdict(dict)
    for row in lasting:
        now[row["number_hash"]][row["client"], row["reason"]] = row
    began: dict[str, dict[tuple[str, str], int]] = defaultdict(dict)
    found: dict[str, list[tuple[int, int, Suppression]]] = defaultdict(list)

    def end(hashed: str, key: tuple[str, str], at: int) -> None:
        since = began[hashed].pop(key)
        found[hashed].append((since, at, _suppression(key, since)))

    for row in rows:
        hashed, at = row["number_hash"], row["at"]
        if hashed is None or row["kind"] not in ("suppressed", "resumed"):
            continue
        if row["kind"] == "resumed":
            for key in list(began[hashed]):
                lasts = now[hashed].get(key)
                if key[1] in _LIFTED and (lasts is None or lasts["since"] > at):
                    end(hashed, key, at)
        elif row["content"]:  # else it was erased; what lasts is in the table all the same
            content = json.loads(row["content"])
            key = (content.get("scope", row["client"]), content["reason"])
            began[hashed].setdefault(key, at)
            doubt = (row["client"], opting.DOUBT)
            if content["reason"] == opting.OPT_OUT and doubt in began[hashed]:
                end(hashed, doubt, at)
    for hashed, kept in now.items():
        for key, row in kept.items():
            since = began[hashed].get(key, row["since"])
            found[hashed].append(
                (since, _FOR_EVER, _suppression(key, row["since"], row["evidence"]))
            )
    return found


def _suppression(key: tuple[str, str], since: int, evidence: str = "") -> Suppression:
    return Suppression(scope=key[0], reason=key[1], since=moment(since), evidence=evidence)


def _pauses(rows: Sequence[Row], lasting: Sequence[Row]) -> Sequence[tuple[int, int, str]]:
    open_: dict[str, tuple[int, str]] = {}
    found: list[tuple[int, int, str]] = []
    for row in rows:
        if row["kind"] == "paused":
            because = json.loads(row["content"])["because"] if row["content"] else "paused"
            open_.setdefault(row["client"], (row["at"], because))
        elif row["kind"] == "unpaused" and row["client"] in open_:
            began, because = open_.pop(row["client"])
            found.append((began, row["at"], because))
    found += [(row["since"], _FOR_EVER, row["because"]) for row in lasting]
    return found


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
        _Source(_call, partial(_rows, read, past.CALLS, client, since, since, until)),
        _Source(_text, partial(_rows, read, past.TEXTS, client, since, lookback, until)),
        _Source(_closed, partial(_rows, read, past.CLOSED, client, since, since, until)),
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
    """One kind of rows, of which the next is looked at."""

    def __init__(
        self, make: Callable[[Row], Event | None], rows: Callable[[], AsyncIterator[Row]]
    ) -> None:
        self.make = make
        self._rows = rows()
        self.row: Row | None = None
        self.stamp = _FOR_EVER

    async def step(self) -> None:
        """Look at the next row."""
        self.row = await anext(self._rows, None)
        self.stamp = self.row["stamp"] if self.row is not None else _FOR_EVER


async def _rows(
    read: Read, query: Statement, client: str, since: int, first: int, until: int
) -> AsyncIterator[Row]:
    after = (first - 1, "")
    while True:
        rows = await read(partial(past.portion, query, client, since, after, until))
        for row in rows:
            yield row
        if len(rows) < past.AT_A_TIME:
            return
        after = (rows[-1]["stamp"], rows[-1]["id"])


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
    )


def _closed(row: Row) -> Event:
    because = row["closed_because"] or ""
    return Closed(
        at=row["stamp"], number=row["number"], because=because, idle=because.startswith(IDLE)
    )


def _opened(row: Row) -> Event:
    return Opened(
        at=row["opened_at"],
        case=row["case_id"],
        number=row["number"],
        line=row["line"],
        outcome=Outcome(row["outcome"]) if row["outcome"] else None,
        who=read_caller(row["caller"]),
    )
