"""What a replay remembers of callers: as little as a decision can rest on."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import attrs

from textback.clock import moment
from textback.config.settings import Client
from textback.engine.cases.pictures import looked_back
from textback.engine.codec import read_number
from textback.engine.replaying.fates import Life
from textback.flow.situation import Situation, situation_of
from textback.model import Caller, Case, Kind, Outcome

_DAY_US = 86_400 * 1_000_000
_AUTOMATIC = (Kind.FIRST, Kind.FOLLOW_UP)
_ANSWERS = (Kind.CONFIRMATION, Kind.HELP)


@attrs.define(eq=False)
class Talk:
    """A case, as it goes on.

    Attributes:
        situation: In which it was opened.
        opened_at: In microseconds, as all times here.
        last_at: When something last happened in it.
        life: Of the call that opened it, while a text of that waits.
        recorded: It is from before; it closes when it was closed.
        talked: Somebody wrote.
        came_to_nothing: Its first text was suppressed, or failed.
        idle_at: When it is closed if nothing happens.
    """

    case: Case
    situation: Situation
    opened_at: int
    last_at: int
    life: Life | None = None
    recorded: bool = False
    talked: bool = False
    came_to_nothing: bool = False
    closed: bool = False
    idle_at: int = 0


def begin(
    client: Client,
    name: str,
    number: str | None,
    line: str | None,
    at: int,
    who: Caller,
    outcome: Outcome | None = None,
) -> Talk:
    """Open a case; without *outcome* it was no call that opened it."""
    case = Case(
        id=name,
        client=client.id,
        number=read_number(number),
        line=read_number(line),
        opened_at=moment(at),
        caller=who,
        outcome=outcome,
    )
    return Talk(case, situation_of(client, case), opened_at=at, last_at=at)


@attrs.define(eq=False)
class Known:
    """What is remembered of a number.

    Attributes:
        talk: The one that is open.
        spoke_at: When the latest call in which they were spoken with began.
        wrote_at: When they last wrote.
        texts: Of ours: when, what, and of which case.
        short_calls: When calls began that ended at once.
        last_at: When something last happened.
    """

    talk: Talk | None = None
    spoke_at: int | None = None
    wrote_at: int | None = None
    texts: tuple[tuple[int, Kind, str], ...] = ()
    short_calls: tuple[int, ...] = ()
    last_at: int = 0

    def written(
        self, case: str, *, hour: int, day: int, week: int, cool: int, since: int
    ) -> dict[str, Any]:
        """What `store.texts.history` would count."""
        first_at: int | None = None
        in_day: list[int] = []
        in_week: list[int] = []
        answers = replies = 0
        for at, kind, of in self.texts:
            if kind in _AUTOMATIC:
                if kind is Kind.FIRST and at >= cool and of != case:
                    first_at = max(first_at or at, at)
                if at > week:
                    in_week.append(at)
                if at > day:
                    in_day.append(at)
            answers += kind in _ANSWERS and at > day
            replies += kind is Kind.REPLY and at > hour
        wrote = self.wrote_at
        return {
            "first_at": first_at,
            "wrote_at": wrote if wrote is not None and wrote >= since else None,
            "in_day": len(in_day),
            "day_from": min(in_day, default=None),
            "in_week": len(in_week),
            "week_from": min(in_week, default=None),
            "answers": answers,
            "replies": replies,
        }

    def called(self, *, since: int, day: int) -> dict[str, Any]:
        """What `store.calls.history` would find."""
        spoke = self.spoke_at
        return {
            "reached_at": spoke if spoke is not None and spoke >= since else None,
            "short": sum(at > day for at in self.short_calls),
        }


class Numbers:
    """All numbers on which a decision can still rest."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._known: dict[str, Known] = {}
        self._swept_at = 0

    def at(self, number: str, now: int) -> Known:
        """A number with which something happens now."""
        known = self._known.get(number)
        if known is None:
            known = self._known[number] = Known()
        known.last_at = now
        return known

    def of(self, number: str) -> Known:
        """A number that is known."""
        return self._known[number]

    def sweep(self, now: int) -> None:
        """Forget what is too old to count; once a day."""
        if now <= self._swept_at + _DAY_US:
            return
        self._swept_at = now
        since = looked_back(self._client, now)
        for number in list(self._old(since)):
            del self._known[number]

    def _old(self, since: dict[str, int]) -> Iterator[str]:
        texts_from = min(since["cool"], since["week"])
        for number, known in self._known.items():
            if known.texts and known.texts[0][0] < texts_from:
                known.texts = tuple(each for each in known.texts if each[0] >= texts_from)
            if known.short_calls:
                known.short_calls = tuple(at for at in known.short_calls if at > since["day"])
            if (
                known.talk is None
                and not known.texts
                and not known.short_calls
                and known.last_at < since["day"]
                and (known.wrote_at or 0) < since["since"]
            ):
                yield number
