"""What forbade, held or carried a client's texts in the past: suppressions, pauses, consents.

The ledger has when each began, and what was taken back; the tables have what lasts.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial

import attrs

from textback.clock import moment
from textback.engine.cases import opting
from textback.engine.cases.pictures import Agreed, consent_of
from textback.engine.replaying.past import FOR_EVER, Read
from textback.model import Basis, Consent
from textback.picture import Suppression
from textback.store import past
from textback.store.work import Row


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
        found = self.suppressions.get(hashed)
        if found is None:
            return ()
        return tuple(each for began, ended, each in found if began < at <= ended)

    def given(self, hashed: str, at: int) -> Agreed:
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
        return tuple(latest.values()), moment(withdrawn_at) if withdrawn_at else None

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
        consents=_consents(rows, await read(partial(past.consented, client))),
    )


def _consents(
    rows: Sequence[Row], lasting: Sequence[Row]
) -> Mapping[str, Sequence[tuple[int, Consent | None]]]:
    """What was given and taken back; what the ledger has no longer is told by what lasts."""
    found: dict[str, list[tuple[int, Consent | None]]] = defaultdict(list)
    for row in rows:
        content = json.loads(row["content"]) if row["number_hash"] and row["content"] else {}
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
        found[row["number_hash"]].append((row["at"], consent_of(row)))
    return found


def _suppressions(
    rows: Sequence[Row], lasting: Sequence[Row]
) -> Mapping[str, Sequence[tuple[int, int, Suppression]]]:
    """From when until when which suppression held, by the keyed hash of the number.

    The ledger has when each began, and when which was taken back.
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
        if not row["content"]:  # it was erased; what lasts is in the table all the same
            continue
        content = json.loads(row["content"])
        if row["kind"] == "resumed":
            for each in content["lifted"]:
                if (key := (each["scope"], each["reason"])) in began[hashed]:
                    end(hashed, key, at)
        else:
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
