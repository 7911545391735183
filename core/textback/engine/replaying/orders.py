"""What forbade or held a client's texts in the past: suppressions and pauses, from when until when.

The ledger has when each began, and what was taken back; the tables have what lasts.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial

import attrs

from textback.clock import moment
from textback.engine import opting
from textback.engine.replaying.past import FOR_EVER, Read
from textback.picture import Suppression
from textback.store import past
from textback.store.work import Row

_LIFTED = (opting.OPT_OUT, opting.DOUBT, "block")  # what can be taken back


@attrs.frozen(kw_only=True)
class Orders:
    """What forbade or held texts, and from when until when.

    Attributes:
        suppressions: By the keyed hash of the number: from, until, what.
        pauses: From, until, why.
    """

    suppressions: Mapping[str, Sequence[tuple[int, int, Suppression]]]
    pauses: Sequence[tuple[int, int, str]]

    def forbidding(self, hashed: str, at: int) -> tuple[Suppression, ...]:
        """What forbade texts to a number at a moment."""
        found = self.suppressions.get(hashed)
        if found is None:
            return ()
        return tuple(each for began, ended, each in found if began < at <= ended)

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
            if at >= FOR_EVER:
                return None


async def orders(read: Read, client: str) -> Orders:
    """Read a client's suppressions and pauses, those of the whole deployment included."""
    rows = await read(partial(past.orders, client))
    lasting = await read(partial(past.suppressed, client))
    return Orders(
        suppressions=_suppressions(rows, lasting),
        pauses=_pauses(rows, await read(partial(past.paused, client))),
    )


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
                (since, FOR_EVER, _suppression(key, row["since"], row["evidence"]))
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
    found += [(row["since"], FOR_EVER, row["because"]) for row in lasting]
    return found
