"""Texts that were unsure: how each came to be so, and how it was settled."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from textback.store.work import Row, Work, every, statement

_TOLD = statement("""
    SELECT subject, kind, content FROM ledger
    WHERE kind IN ('unknown', 'sent', 'delivered', 'failed') ORDER BY seq
""")
_SETTLED: Mapping[str, str] = {
    "sent": "the provider's answer",
    "delivered": "a status callback",
    "failed": "a refusal",
}


@attrs.frozen
class Unknown:
    """A text that was unsure at some time.

    Attributes:
        how: It came to be so, and what settled it.
    """

    case: str
    how: str


def unknowns() -> Work[list[Unknown]]:
    """All that the sealed ledger tells of."""
    stories: dict[str, list[dict[str, Any]]] = defaultdict(list)
    rows: Sequence[Row] = yield from every(_TOLD)
    for row in rows:
        told = {**json.loads(row["content"]), "kind": row["kind"]}
        stories[row["subject"].removeprefix("case/")].append(told)
    return [
        Unknown(case, f"{told['because']}; {_settled(told['text'], story)}")
        for case, story in stories.items()
        for told in story
        if told["kind"] == "unknown"
    ]


def _settled(text: str, story: Sequence[Mapping[str, Any]]) -> str:
    later = [told for told in story if told["kind"] != "unknown" and told["text"] == text]
    # Where it was found at the provider, a status callback came, too.
    for told in sorted(later, key=lambda told: not told["because"]):
        return f"settled: {told['because'] or _SETTLED[told['kind']]}"
    if any(told["text"] != text for told in story):
        return "settled: it had not left, and another was sent"
    return "not settled"
