"""On what ground a text goes: the caller's call, their own words, and for how long that carries.

Every decision keeps the basis, when it was given, until when it carries and what shows it.  The
packs say how long each carries where the caller may be.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from textback.model import Kind
from textback.picture import Picture, Verdict
from textback.rules.answers import send, suppress
from textback.rules.packs import law_of
from textback.rules.places import place_of

NAME = "consent"
VERSION = 1

LASTS_DAYS = 90
"""Where no pack says how long a basis carries: ours, and no law's."""


def judge(picture: Picture) -> Verdict:
    """Suppress first texts and follow-ups to whom no basis carries any more."""
    if picture.kind in (Kind.CONFIRMATION, Kind.HELP):
        return send(NAME, "the caller has just asked for this text", basis="replied")
    if picture.to is None:
        return send(NAME, "nobody can be texted")
    areas = place_of(picture.to).areas
    lasts = law_of(picture.policy.packs, areas, picture.now.date()).lasts
    known = [
        (since + timedelta(days=lasts.get(basis, LASTS_DAYS)), basis, since, evidence)
        for basis, since, evidence in _bases(picture)
    ]
    if not known:
        because = "the team writes to somebody who neither called nor wrote"
        if picture.kind is Kind.REPLY:
            return send(NAME, because, basis=None)
        return suppress(NAME, "the caller neither called nor wrote", basis=None)
    until, basis, since, evidence = max(known)
    saw = {
        "basis": basis,
        "since": since.isoformat(),
        "until": until.isoformat(),
        "evidence": evidence,
    }
    if until < picture.now and picture.kind is not Kind.REPLY:
        return suppress(NAME, f"{_TOLD[basis]}, which carries texts no longer", **saw)
    return send(NAME, _TOLD[basis], **saw)


_TOLD = {"caller_called": "the caller called", "replied": "the caller wrote"}


def _bases(picture: Picture) -> Iterator[tuple[str, datetime, str]]:
    """What the caller did that lets us write: basis, when, and what shows it."""
    case, wrote_at = picture.case, picture.history.wrote_at
    if case.outcome is not None:
        yield "caller_called", case.opened_at, f"case {case.id}"
    if wrote_at is not None:
        yield "replied", wrote_at, f"text of {wrote_at.isoformat()}"
