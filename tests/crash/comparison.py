"""What the carrier, the provider and the store know at the end, compared.

An unknown text is allowed only where a connection broke or the process was killed between intent
and answer; the provider's status callbacks settle those that it took.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from crash.carrier import Kind, Placed
from crash.report import Report
from crash.unknowns import Unknown, unknowns
from support import deployment as d
from support.twilio_api import Taken
from textback.config import load
from textback.store import ledger, open_store


async def compare(
    config: Path, calls: Sequence[Placed], taken: Sequence[Taken], report: Report
) -> None:
    """Write into the report what was lost, done twice, or is in a wrong state."""
    found: dict[str, dict[str, Any]] = {}
    for case in await d.cases(config):
        if case["caller"] in found:
            report.twice.append(f"twice: {case['caller']} has two cases")
        found[case["caller"]] = case
    told, report.ledger = await _ledger(config)
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


def _missed(
    call: Placed, case: Mapping[str, Any] | None, texts: int, unsure: set[str], report: Report
) -> None:
    caller = call.caller
    if case is None:
        if call.known:
            report.lost.append(f"lost: {caller} ({call.kind.value}) has no case")
        return
    end = str(case["end"])
    report.ends[end] += 1
    was_unsure = case["case"] in unsure
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


async def _ledger(config: Path) -> tuple[list[Unknown], str]:
    """The texts that were unsure at some time, and what is wrong with the chain."""
    deployment = load(config).deployment
    store = await open_store(deployment.store.url, deployment.directory)
    try:
        while await store.write(ledger.seal):
            pass
        found = await store.read(unknowns)
        proof = await store.read(lambda: ledger.verify("bright"))
    finally:
        await store.close()
    return found, proof.broken or ""
