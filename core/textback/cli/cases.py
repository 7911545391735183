"""``cases`` and ``why``: what happened, as a list and as a story."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from functools import partial
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import attrs
import typer
from rich.table import Table

from textback.cli.common import (
    DEFAULT_CONFIG,
    ClientOption,
    ConfigOption,
    JsonOption,
    Remembered,
    client_of,
    data,
    fail,
    print_json,
    run,
    say,
)
from textback.clock import moment
from textback.engine.ledger import story
from textback.phones import display, region_of
from textback.rules import RULES
from textback.store import cases as stored
from textback.store.contacts import DEPLOYMENT
from textback.store.forgetting import GONE
from textback.store.steps import Step
from textback.words import counted

SHOWN = 100  # cases in the table, if nobody asks for more
ALL = 1 << 60
AT_A_TIME = 200  # cases read from one snapshot
RULE_NAMES = tuple(sorted(rule.NAME for rule in RULES))  # plugins may have more


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(cases)
    app.command()(why)


def cases(
    client: ClientOption = "*",
    as_json: JsonOption = False,
    rule: Annotated[
        str,
        typer.Option(
            "--why", help="Only those that this rule decided, e.g. cool-down.", show_default=False
        ),
    ] = "",
    most: Annotated[
        int | None,
        typer.Option(help="Only the newest; 100 in the table and all with --json.", min=1),
    ] = None,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """List the cases: who called, what it came to, and what waits."""

    async def work() -> None:
        async with Remembered(config) as remembered:
            if client != "*" and client not in remembered.config.broken:
                client_of(remembered.config, client)
            limit = most or (ALL if as_json else SHOWN)
            portions = (
                _decided_by(remembered, client, rule, limit)
                if rule
                else _newest(remembered, client, limit)
            )
            found, table = 0, _table()
            async for portion in portions:
                found += len(portion)
                for each in portion:
                    if as_json:
                        print_json(each)
                    else:
                        _add(table, each)
            if not as_json:
                data.print(table)
            if rule and not found:
                say(f'no case was decided by "{rule}"; rules are: {", ".join(RULE_NAMES)}')

    run(work())


async def _newest(
    remembered: Remembered, client: str, most: int
) -> AsyncIterator[list[dict[str, Any]]]:
    """The newest cases in portions, the oldest of them first."""
    place: tuple[int, str] | None = (0, "")
    if most < ALL:
        place = await remembered.read(partial(stored.place_of_newest, client, most))
    while place is not None:
        unit = partial(story.summaries_since, client, place, AT_A_TIME)
        portion, place = await remembered.read(unit)
        yield portion


async def _decided_by(
    remembered: Remembered, client: str, rule: str, most: int
) -> AsyncIterator[list[dict[str, Any]]]:
    places = await remembered.read(partial(story.decided_by, client, rule, most))
    for first in range(0, len(places), AT_A_TIME):
        yield await remembered.read(partial(story.summaries, places[first : first + AT_A_TIME]))


def _table() -> Table:
    table = Table(box=None, header_style="bold")
    for column in ("case", "client", "caller", "outcome", "end", "state", "calls", "opened (UTC)"):
        table.add_column(column)
    return table


def _add(table: Table, case: dict[str, Any]) -> None:
    table.add_row(
        case["case"],
        case["client"],
        case["caller"] or nobody(case["closed_because"]),
        case["outcome"] or "-",
        case["end"] or "-",
        case["state"],
        str(case["calls"]),
        case["opened_at"][:16].replace("T", " "),
    )


def nobody(closed_because: str | None) -> str:
    """Why a case has no number."""
    return "forgotten" if closed_because == GONE else "withheld"


def why(
    case: Annotated[str, typer.Argument(help="The case, as `cases` and notices name it.")],
    as_json: JsonOption = False,
    config: ConfigOption = DEFAULT_CONFIG,
) -> None:
    """Tell a case's story: what came, what was concluded, what rules said, what was done."""

    async def work() -> None:
        async with Remembered(config) as remembered:
            row = await remembered.read(partial(story.named, case))
            if row is None:
                fail(f'there is no case "{case}"; see: textback cases')
            told = await remembered.read(lambda: story.read(row))
            known = remembered.config.clients.get(row["client"])
            zone = known.time_zone if known else ZoneInfo("UTC")
            if as_json:
                print_json(_as_json(told))
            else:
                for line in sentences(told, zone):
                    data.print(line, markup=False)
            if told.proof is not None and told.proof.broken:
                say(f"the ledger does not hold: {told.proof.broken}")
                raise SystemExit(1)

    run(work())


def _as_json(told: story.Story) -> dict[str, Any]:
    return {
        "case": told.case["case_id"],
        "client": told.case["client"],
        "end": told.case["end_state"],
        "because": told.case["because"],
        "events": [
            {
                "received_at": each.at.isoformat(),
                "plugin": each.plugin,
                "happened": each.event.happened.value,
                "evidence": each.event.evidence,
            }
            for each in told.told
        ],
        "calls": [
            {
                "call": row["call_id"],
                "outcome": row["outcome"],
                "evidence": row["evidence"],
                "end": row["end_state"],
                "started_at": story.iso(row["started_at"]),
                "ended_at": story.iso(row["ended_at"]),
            }
            for row in told.calls
        ],
        "decisions": [
            {"at": story.iso(row["at"]), **json.loads(row["content"])}
            for row in told.ledger
            if row["kind"] == "decided" and row["content"] is not None
        ],
        "texts": [story.text_of(row) for row in told.texts],
        "steps": [story.step_of(step) for step in told.steps],
        "ledger": attrs.asdict(told.proof) if told.proof is not None else None,
    }


def sentences(told: story.Story, zone: ZoneInfo) -> list[str]:
    """The story of a case in the order in which it happened."""
    case = told.case
    number = case["number"]
    who = (
        display(number, region_of(case["line"] or number))
        if number
        else f"a {nobody(case['closed_because'])} number"
    )
    lines = [f"Case {case['case_id']} of {case['client']}: {who}."]
    for call in told.calls:
        lines += _call(told, call, zone)
    for row in told.ledger:
        lines += _entry(row, zone)
    lines += [_reply(row, zone) for row in told.texts if row["direction"] == "in"]
    lines += [_booking(row, zone) for row in told.bookings if row["starts_at"] is not None]
    lines.append("What was done:")
    lines += [f"  {_step(step, zone)}" for step in told.steps]
    lines.append(_standing(told, zone))
    if told.proof is not None:
        lines.append(
            f"The ledger does NOT hold: {told.proof.broken}."
            if told.proof.broken
            else f"The ledger holds: {counted(told.proof.sealed, 'sealed row')},"
            " each covering the one before."
        )
    return lines


def _call(told: story.Story, call: Any, zone: ZoneInfo) -> list[str]:
    plugin, _, name = call["call_id"].partition("/")
    lines = [f"{_at(call['started_at'], zone)}: a call came in ({plugin} {name})."]
    lines += [
        f"  {each.plugin} told: {each.event.happened.value.replace('_', ' ')}"
        + (f" ({each.event.evidence})" if each.event.evidence else "")
        + "."
        for each in told.told
        if f"{each.plugin}/{each.event.call}" == call["call_id"] or call["same_as"] is None
    ]
    outcome = (call["outcome"] or "not known").replace("_", " ")
    lines.append(f"  Concluded: {outcome}, because of {call['evidence'] or 'nothing told'}.")
    if call["end_state"]:
        because = f": {call['because']}" if call["because"] else ""
        lines.append(f"  It came to: {call['end_state']}{because}.")
    return lines


def _entry(row: Any, zone: ZoneInfo) -> list[str]:
    at = _at(row["at"], zone)
    if row["content"] is None:
        return [f"{at}: {row['kind']} (the content was erased)."]
    content = json.loads(row["content"])
    match row["kind"]:
        case "decided":
            via = f", by {content['via']}" if "via" in content else ""
            lines = [f"{at}: {content['step']}: {content['action']}{via}; {content['because']}."]
            lines += [f"  {_verdict(verdict)}." for verdict in content["verdicts"]]
            return lines + ([f"  \u201c{content['body']}\u201d"] if content.get("body") else [])
        case "sent" | "delivered" | "failed" | "unknown":
            because = f": {content['because']}" if content.get("because") else ""
            return [f"{at}: {content['text']} {row['kind']} by {content['via']}{because}."]
        case "joined":
            return [f"{at}: called again ({content['calls']}); joined, not texted."]
        case "suppressed":
            what = reason({"scope": row["client"], **content})
            return [f"{at}: not to be texted any more, {what}: {content['evidence']}."]
        case "resumed":
            what = " and ".join(map(reason, content["lifted"]))
            return [f"{at}: taken back, {what}: {content['evidence']}."]
        case _:
            because = content.get("because") or content.get("evidence") or ""
            kind = row["kind"].replace("_", " ")
            return [f"{at}: {kind}{': ' + because if because else ''}."]


def reason(suppression: Mapping[str, str]) -> str:
    """Why a number is not texted, in words; for all clients, if it is so."""
    words = suppression["reason"].replace("_", " ")
    return words + (" (all clients)" if suppression["scope"] == DEPLOYMENT else "")


def _verdict(verdict: Any) -> str:
    """A rule's answer; that of `consent` with what shows it."""
    shown = verdict.get("saw", {}).get("evidence")
    return f"{verdict['rule']}: {verdict['action']}, {verdict['because']}" + (
        f" ({shown})" if shown else ""
    )


def _reply(row: Any, zone: ZoneInfo) -> str:
    return f"{_at(row['at'], zone)}: the caller wrote \u201c{row['body']}\u201d."


def _booking(row: Any, zone: ZoneInfo) -> str:
    what = row["title"] or "an appointment"
    if not row["cancelled"]:
        return f"{_at(row['starts_at'], zone)}: booked, {what}."
    became = "called off" if row["replaced_by"] is None else "moved"
    return f"{_at(row['starts_at'], zone)}: was booked, {what}; {became}."


def _step(step: Step, zone: ZoneInfo) -> str:
    due = f", due {_at(step.due_at, zone)}" if step.due_at and step.state == "waiting" else ""
    tries = f", {step.attempts} tries" if step.attempts > 1 else ""
    because = step.error or (step.result or {}).get("because")
    error = f": {because}" if because else ""
    by = f" ({step.detail['by']})" if "by" in step.detail else ""
    return f"{step.name}{by}: {step.state}{due}{tries}{error}"


def _standing(told: story.Story, zone: ZoneInfo) -> str:
    case = told.case
    if case["closed_at"] is not None:
        return f"Closed {_at(case['closed_at'], zone)}: {case['closed_because']}."
    return f"The case is {story.state(case, told.steps)}."


def _at(stamp: int, zone: ZoneInfo) -> str:
    return f"{moment(stamp).astimezone(zone):%Y-%m-%d %H:%M:%S %Z}"
