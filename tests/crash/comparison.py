"""What the carrier, the provider and the store know at the end, compared.

An unknown text is allowed only where a connection broke or the process was killed between intent
and answer; the provider's status callbacks settle those that it took.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from crash.carrier import Kind, Placed
from crash.report import Report
from crash.unknowns import Unknown, unknowns
from support.twilio_api import Taken
from textback.config import load
from textback.store import every, ledger, open_store, statement
from textback.store.work import Row

_CASES = statement("SELECT case_id, number, end_state FROM cases")
_TEXTS = statement("""
    SELECT state, count(*) AS number FROM steps WHERE name = 'text/1' GROUP BY state
""")


async def compare(
    config: Path, calls: Sequence[Placed], taken: Sequence[Taken], report: Report
) -> None:
    """Write into the report what was lost, done twice, or is in a wrong state."""
    rows, told, report.ledger = await _known(config)
    found: dict[str, Row] = {}
    for case in rows:
        if case["number"] in found:
            report.twice.append(f"twice: {case['number']} has two cases")
        found[case["number"]] = case
    unsure = {each.case for each in told}
    report.unknowns.update(each.how for each in told)
    phones = Counter(text.to for text in taken)
    report.texts = len(taken)
    strangers = phones.keys() - {call.caller for call in calls}
    report.wrong += [f"wrong: {number} was texted and never called" for number in strangers]
    for call in calls:
        if call.kind is Kind.ANSWERED:
            if phones[call.caller]:
                report.wrong.append(f"wrong: {call.caller} was answered and texted")
        else:
            _missed(call, found.get(call.caller), phones[call.caller], unsure, report)


def _missed(call: Placed, case: Row | None, texts: int, unsure: set[str], report: Report) -> None:
    caller = call.caller
    if case is None:
        if call.known:
            report.lost.append(f"lost: {caller} ({call.kind.value}) has no case")
        return
    end = str(case["end_state"])
    report.ends[end] += 1
    was_unsure = case["case_id"] in unsure
    report.unknown += was_unsure
    report.settled += was_unsure and end == "sent"
    report.never_left += was_unsure and end == "unknown"
    match texts, end:
        case 1, "sent":
            pass
        case 0, "unknown" if was_unsure:
            pass
        case 0, _:
            report.lost.append(f"lost: {caller} got no text, its end is {end}")
        case 1, _:
            report.wrong.append(f"wrong: {caller} was texted, its end is {end}")
        case count, _:
            report.twice.append(f"twice: {caller} got {count} texts")


async def _known(config: Path) -> tuple[Sequence[Row], list[Unknown], str]:
    """All cases, the texts that were unsure at some time, and what is wrong with the chain."""
    deployment = load(config).deployment
    store = await open_store(deployment.store.url, deployment.directory)
    try:
        while await store.write(ledger.seal):
            pass
        cases = await store.read(lambda: every(_CASES))
        found = await store.read(unknowns)
        proof = await store.read(lambda: ledger.verify("bright"))
    finally:
        await store.close()
    return cases, found, proof.broken or ""


async def quiet(config: Path, calls: int) -> bool:
    """Whether as many calls have cases, and every first text has come to something."""
    deployment = load(config).deployment
    store = await open_store(deployment.store.url, deployment.directory)
    try:
        rows = await store.read(lambda: every(_TEXTS))
    finally:
        await store.close()
    counts = {row["state"]: row["number"] for row in rows}
    return counts.get("done", 0) == sum(counts.values()) >= calls
