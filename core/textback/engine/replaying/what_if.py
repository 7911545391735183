"""What other files would have made of the past: two replays of it, compared call by call."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Iterator
from typing import Final

import attrs

from textback.config.settings import Client
from textback.engine.context import policy_of
from textback.engine.names import FIRST_TEXT
from textback.engine.replaying.fates import Fate, Life
from textback.engine.replaying.judged import Judged
from textback.engine.replaying.orders import orders
from textback.engine.replaying.past import Missed, Read, events
from textback.engine.replaying.replay import Replay
from textback.engine.replaying.tools import Tools

LOOKBACK_US: Final = 30 * 86_400 * 1_000_000
TOLD_EVERY: Final = 500  # calls

NONE: Final = Fate(what="none", at=0)


@attrs.frozen(kw_only=True)
class Difference:
    """One text of which something else would have become.

    Attributes:
        step: ``text/1`` for the first text, else the follow-up.
        change: In short, e.g. ``sent -> suppressed by cool_down``.
    """

    client: str
    call: Missed
    step: str
    change: str
    before: Fate
    after: Fate


@attrs.define(kw_only=True)
class Summary:
    """What it all comes to.

    Attributes:
        calls: Missed calls that were played.
        differing: Those of them with a difference.
        changes: How often which, by step and change.
        agreeing: Those of which today's files make what really became of them.
        disagreeing: The others, by why.
        other_words: First texts that really went, but with other words than today's files give.
    """

    calls: int = 0
    differing: int = 0
    changes: Counter[tuple[str, str]] = attrs.field(factory=Counter)
    agreeing: int = 0
    disagreeing: Counter[str] = attrs.field(factory=Counter)
    other_words: int = 0


@attrs.define(kw_only=True, eq=False)
class Comparison:
    """The past of one client, by today's files and by others.

    Attributes:
        read: Runs a unit on the store.
        hash_of: The keyed hash of a number.
        since: When the past begins, in microseconds.
        until: And ends.
        found: Told of each difference.
        progress: Told how many more calls were played.
    """

    read: Read
    hash_of: Callable[[str], str]
    since: int
    until: int
    found: Callable[[Difference], None]
    progress: Callable[[int], None]
    summary: Summary = attrs.field(factory=Summary)

    async def run(self, today: tuple[Client, Tools], other: tuple[Client, Tools]) -> None:
        """Play a client's past by both files, and compare."""
        client = today[0].id
        known = await orders(self.read, client)
        lives: dict[str, Life] = {}
        pair = Pair(client=client, comparison=self, lives=lives, composed=today[1].composes)
        judged = Judged(
            shares=_judging(today) == _judging(other), same_words=_wording(today) == _wording(other)
        )
        replays = (
            Replay(*today, known, self.hash_of, judged, pair.by_today),
            Replay(*other, known, self.hash_of, judged, pair.by_other),
        )
        longest = max(each.cool_down.total_seconds() for each, _ in (today, other))
        lookback = self.since - max(LOOKBACK_US, int(longest * 1_000_000))
        played = 0
        async for event in events(self.read, client, self.since, self.until, lookback):
            judged.forget()
            for replay in replays:
                replay.happen(event)
            if isinstance(event, Missed):
                played += 1
                if played % TOLD_EVERY == 0:
                    self.progress(TOLD_EVERY)
                    await asyncio.sleep(0)
        for replay in replays:
            replay.end(self.until)
        self.summary.calls += played
        self.progress(played % TOLD_EVERY)


@attrs.define(kw_only=True, eq=False)
class Pair:
    """Two lives of each call, until both are there."""

    client: str
    comparison: Comparison
    lives: dict[str, Life]
    composed: bool
    _others: dict[str, Life] = attrs.field(factory=dict)

    def by_today(self, life: Life) -> None:
        """Today's files are done with a call."""
        self._agree(life)
        self._one(self.lives, self._others, life)

    def by_other(self, life: Life) -> None:
        """The other files are."""
        self._one(self._others, self.lives, life)

    def _one(self, mine: dict[str, Life], theirs: dict[str, Life], life: Life) -> None:
        call = life.call.call
        other = theirs.pop(call, None)
        if other is None:
            mine[call] = life
            return
        before, after = (life, other) if mine is self.lives else (other, life)
        found = list(differences(self.client, before, after))
        summary = self.comparison.summary
        summary.differing += bool(found)
        for each in found:
            summary.changes[(each.step, each.change)] += 1
            self.comparison.found(each)

    def _agree(self, life: Life) -> None:
        summary, call, fate = self.comparison.summary, life.call, life.fates[FIRST_TEXT]
        if fate.what != call.end:
            by = f" ({fate.rule})" if fate.rule else ""
            summary.disagreeing[f"{call.end} then, {fate.what}{by} in the replay"] += 1
            return
        summary.agreeing += 1
        if fate.body and call.words and fate.body != call.words:
            summary.other_words += 1


def _judging(side: tuple[Client, Tools]) -> tuple[object, ...]:
    """All of a client's files and plugins that rules and judges ask for."""
    client, tools = side
    return policy_of(client), tools.judging, bool(client.hours or client.location)


def _wording(side: tuple[Client, Tools]) -> tuple[object, ...]:
    """All of a client's files and plugins that its words depend on."""
    return (attrs.evolve(side[0], file="", plugins={}), side[1].books, side[1].composes)


def differences(client: str, before: Life, after: Life) -> Iterator[Difference]:
    """What is not the same in two lives of a call."""
    for step in dict.fromkeys([*before.fates, *after.fates]):
        was, now = before.fates.get(step, NONE), after.fates.get(step, NONE)
        change = _change(was, now)
        if change:
            yield Difference(
                client=client, call=before.call, step=step, change=change, before=was, after=now
            )


def _change(was: Fate, now: Fate) -> str:
    if (was.what, was.held) != (now.what, now.held):
        return f"{_shortly(was)} -> {_shortly(now)}"
    if was.rule != now.rule and was.what == "held":
        return f"{_shortly(was)} -> {_shortly(now)}"
    if was.rule != now.rule:
        return f"{was.what} by {was.rule or 'what happened'} -> by {now.rule or 'what happened'}"
    if was.what in ("sent", "shadowed"):
        if was.template != now.template:
            return "other template"
        if was.body != now.body:
            return "other words"
        if was.at != now.at:
            return "other time"
    if was.what == "held" and was.at != now.at:
        return "other time"
    return ""


def _shortly(fate: Fate) -> str:
    if fate.what == "held" and not fate.rule:
        return "not due yet"
    by = f" by {fate.rule}" if fate.rule and fate.what in ("suppressed", "held") else ""
    held = f"held by {fate.held}, then " if fate.held else ""
    return f"{held}{fate.what}{by}"
