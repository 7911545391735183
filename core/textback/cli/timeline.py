"""A missed call as lines on a time axis: what a world saw, and what the store says was decided."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import attrs

from textback.cli.common import data, print_json
from textback.clock import moment
from textback.engine.ledger import story
from textback.flow.segments import encoding, segments
from textback.model import TextState
from textback.store import Store, Work, calls, cases, steps
from textback.store.steps import CANCELLED, DONE, PARKED
from textback.store.work import Row
from textback.testing.world import Happening, World, shown

MOST_CASES = 100

# The order of the flow: it decides between lines of the same moment.
ORDER = (
    "detect",
    "reply",
    "booking",
    "identify",
    "decide",
    "deliver",
    "record",
    "notify",
    "cancel",
    "park",
    "close",
)

_COLOURS = {
    "detect": "yellow",
    "decide": "cyan",
    "deliver": "bold green",
    "reply": "bold magenta",
    "booking": "bold magenta",
    "park": "red",
}


@attrs.frozen(kw_only=True)
class Line:
    """One line of the story.

    Attributes:
        key: Tells lines of the store apart, so that each is told once.
        detail: For programs; people read *what*, and what `more_for_people` makes of this.
    """

    at: datetime
    step: str
    what: str
    key: str
    detail: Mapping[str, Any] = attrs.field(factory=dict)


Tell = Callable[[Line], None]
"""Tells one line."""


def seen(happening: Happening, number: int) -> Line:
    """A line of what somebody in the world saw."""
    detail = dict(happening.detail)
    if happening.step == "deliver" and "subject" not in detail:  # an e-mail has no segments
        detail |= {"segments": segments(detail["body"]), "encoding": encoding(detail["body"])}
    return Line(
        at=happening.at,
        step=happening.step,
        what=happening.what,
        key=f"world/{number}",
        detail=detail,
    )


def remembered(client: str, call_ids: Sequence[str], now: datetime) -> Work[list[Line]]:
    """What the store says of a client's calls and cases by now, in the order of the flow.

    Args:
        client: Whose.
        call_ids: The calls to tell of; cases are all told of.
        now: The time of what has none of its own.
    """
    lines: list[Line] = []
    decided: dict[str, datetime] = {}
    rows = yield from cases.listing(client, 0, MOST_CASES)
    for row in rows:
        told = yield from story.read(row, prove=False)
        at = moment(told.ledger[0]["at"]) if told.ledger else now
        decided |= {call["call_id"]: at for call in told.calls[:1]}
        lines += _of_steps(told.steps, _last_words(told.ledger), at, now)
        lines += filter(None, map(_of_ledger, told.ledger))
        lines += _held_back(told)
    for call_id in call_ids:
        call = yield from calls.get(client, call_id)
        concluded = yield from steps.get(client, f"call/{call_id}", "conclude")
        if call is not None and concluded is not None and concluded.state == DONE:
            lines.append(_detected(call, decided.get(call_id, now)))
    return sorted(lines, key=in_order)


def in_order(line: Line) -> tuple[datetime, int]:
    """By time, then by the order of the flow."""
    return line.at, ORDER.index(line.step)


def printer(start: datetime, *, as_json: bool) -> Tell:
    """Prints lines, for people or for programs; times are seconds since *start*."""

    def for_programs(line: Line) -> None:
        t = round((line.at - start).total_seconds(), 3)
        at = line.at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        print_json({"t": t, "step": line.step, "what": line.what, "at": at, **line.detail})
        sys.stdout.flush()  # told as it happens, through a pipe too

    def for_people(line: Line) -> None:
        shown = _ago((line.at - start).total_seconds())
        colour = _COLOURS.get(line.step, "default")
        data.print(f"[dim]{shown:>10}[/dim]  [{colour}]{line.step:<9}[/{colour}] ", end="")
        data.print(line.what.replace("\n", " / "), markup=False)
        for more in more_for_people(line):
            data.print(f"{'':21} {more}", markup=False, style="dim")

    return for_programs if as_json else for_people


def more_for_people(line: Line) -> Iterator[str]:
    """What stands below a line: rules, segments, the words of a notice."""
    detail = line.detail
    for verdict in detail.get("rules", ()):
        yield f"{verdict['rule']}: {verdict['action']}, {verdict['because']}"
    if "segments" in detail:
        parts = detail["segments"]
        yield f"{parts} segment{'' if parts == 1 else 's'}, {detail['encoding']}"
    if "subject" in detail:
        yield from detail["body"].splitlines()
    if line.step == "notify":
        yield f"by {detail['plugin']}:"
    for said in detail.get("lines", ()):
        yield from said.splitlines()


def _ago(seconds: float) -> str:
    """Seconds for a short story, days and hours for a long one."""
    if seconds < 60:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    days, hours = divmod(hours, 24)
    clock = f"{hours:02}:{minutes:02}:{rest:02}"
    return f"{days}d {clock}" if days else clock


class Teller:
    """Tells what is new at each look: what the store says, and what was seen in a world."""

    def __init__(
        self,
        client: str,
        world: World,
        store: Store,
        call_ids: Callable[[], Sequence[str]],
        tell: Tell,
    ) -> None:
        self._client = client
        self._world = world
        self._store = store
        self._call_ids = call_ids
        self._tell = tell
        self._told: set[str] = set()

    async def look(self) -> None:
        """Tell what has come since the last look.

        What is seen while the store is read waits for the next look, so that a decision is always
        told before its effects.
        """
        happened = len(self._world.happened)
        now, call_ids = self._world.clock.now(), self._call_ids()
        lines = await self._store.read(lambda: remembered(self._client, call_ids, now))
        lines += map(seen, self._world.happened[:happened], range(happened))
        for line in sorted(lines, key=in_order):
            if line.key not in self._told:
                self._told.add(line.key)
                self._tell(line)


def _detected(call: Row, at: datetime) -> Line:
    outcome = str(call["outcome"] or "nobody told how it ended").replace("_", " ")
    return Line(
        at=at,
        step="detect",
        what=f"the call is concluded: {outcome} ({call['evidence']})",
        key=f"detect/{call['call_id']}",
        detail={
            "call": call["call_id"],
            "outcome": call["outcome"],
            "evidence": call["evidence"],
            "end": call["end_state"],
        },
    )


def _last_words(ledger: Iterable[Row]) -> dict[str, str]:
    """What was decided last of each step."""
    contents = [json.loads(row["content"]) for row in ledger if row["content"]]
    return {each["step"]: each["action"] for each in contents if "action" in each}


def _of_steps(
    known: Iterable[steps.Step], decided: Mapping[str, str], opened: datetime, now: datetime
) -> Iterator[Line]:
    """Who called, which was asked before the case was opened; and what will not be done."""
    for step in known:
        key = f"{step.state}/{step.subject}/{step.name}"
        if step.name == "identify" and step.state == DONE:
            result = step.result or {}
            missing = list(result.get("missing", ()))
            what = "the caller is known" if result.get("known") else "nobody knows the caller"
            what += f"; no answer in time from {', '.join(missing)}" if missing else ""
            detail = {"known": bool(result.get("known")), "missing": missing}
            yield Line(at=opened, step="identify", what=what, key=key, detail=detail)
        elif _was_dropped(step) and decided.get(step.name) != "suppress":  # which tells it itself
            because = (step.result or {})["because"]
            yield Line(
                at=now,
                step="cancel",
                what=f"{step.name} will not go: {because}",
                key=key,
                detail={"name": step.name, "because": because},
            )
        elif step.state in (CANCELLED, PARKED):
            yield Line(
                at=now,
                step="cancel" if step.state == CANCELLED else "park",
                what=f"{step.name} will not go: {step.error}",
                key=key,
                detail={"name": step.name, "because": step.error},
            )


def _was_dropped(step: steps.Step) -> bool:
    """Whether there was nothing to send when a text's time had come."""
    return step.state == DONE and (step.result or {}).get("state") == "suppressed"


def _of_ledger(row: Row) -> Line | None:
    """A decision with every rule's answer, or the end of a case."""
    content = json.loads(row["content"]) if row["content"] else {}
    at, key = moment(row["at"]), f"ledger/{row['entry']}"
    if row["kind"] == "closed":
        because = content.get("because", "")
        detail = {"because": because}
        return Line(at=at, step="close", what=f"closed: {because}", key=key, detail=detail)
    if row["kind"] == "joined":
        what = f"called again ({content.get('calls')}): joined the case, not texted"
        return Line(at=at, step="decide", what=what, key=key, detail={"action": "join"})
    if row["kind"] != "decided":
        return None
    return Line(
        at=at,
        step="decide",
        what=f"{content['step']}: {content['action']}, {content['because']}",
        key=key,
        detail={
            "name": content["step"],
            "action": content["action"],
            "because": content["because"],
            "rules": [
                {name: verdict[name] for name in ("rule", "action", "because")}
                for verdict in content["verdicts"]
            ],
        },
    )


def _held_back(told: story.Story) -> Iterator[Line]:
    """The texts that would have gone if the client did more than watch."""
    for row in told.texts:
        if row["state"] == TextState.QUEUED.value:
            yield Line(
                at=moment(row["at"]),
                step="deliver",
                what=f"{shown(row['number'])} would have got: {row['body']}",
                key=f"text/{row['text_id']}",
                detail={
                    "name": row["step"],
                    "sent": False,
                    "body": row["body"],
                    "segments": row["segments"],
                    "encoding": encoding(row["body"]),
                },
            )
