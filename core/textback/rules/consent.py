"""On what ground a text goes: the caller's call, their own words, and for how long that carries.

Every decision keeps the basis, when it was given, until when it carries and what shows it.  The
packs say how long each carries where the caller may be; of several that which carries longest
counts.  An opt-out ends them all: what was given before carries nothing, even if the caller wants
texts again, which is a ground of its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from textback.model import Basis, Consent, Kind
from textback.picture import Picture, Verdict
from textback.rules.answers import send, suppress
from textback.rules.packs import law_of
from textback.rules.places import place_of

NAME = "consent"
VERSION = 2

LASTS_DAYS = 90
"""Where no pack says how long a basis carries: ours, and no law's."""


def judge(picture: Picture) -> Verdict:
    """Suppress first texts and follow-ups to whom no basis carries any more."""
    if picture.kind in (Kind.CONFIRMATION, Kind.HELP):
        return send(NAME, "the caller has just asked for this text", basis=Basis.REPLIED.value)
    if picture.to is None:
        return send(NAME, "nobody can be texted")
    areas = place_of(picture.to).areas
    lasts = law_of(picture.policy.packs, areas, picture.now.date()).lasts
    known = [
        (each.at + timedelta(days=lasts.get(each.basis.value, LASTS_DAYS)), each)
        for each in _given(picture)
        if not _withdrawn(each.at, picture.history.withdrawn_at)
    ]
    if not known:
        if picture.kind is Kind.REPLY:
            because = "the team writes to somebody who neither called nor wrote"
            return send(NAME, because, basis=None)
        if picture.history.withdrawn_at is not None:
            return suppress(NAME, "the caller has done nothing since they opted out", basis=None)
        return suppress(NAME, "the caller neither called nor wrote", basis=None)
    until, best = max(known, key=lambda each: each[0])
    saw = {
        "basis": best.basis.value,
        "since": best.at.isoformat(),
        "until": until.isoformat(),
        "evidence": best.evidence,
    }
    if until < picture.now and picture.kind is not Kind.REPLY:
        return suppress(NAME, f"{_TOLD[best.basis]}, which carries texts no longer", **saw)
    return send(NAME, _TOLD[best.basis], **saw)


_TOLD = {
    Basis.CALLER_CALLED: "the caller called",
    Basis.REPLIED: "the caller wrote",
    Basis.KEYPRESS: "the caller pressed a key for texts",
    Basis.FORM: "the caller agreed to texts in a form",
    Basis.CRM: "the caller agreed to texts, as a CRM says",
}


def _given(picture: Picture) -> Iterator[Consent]:
    """Everything that lets us write."""
    case, wrote_at = picture.case, picture.history.wrote_at
    if case.outcome is not None:
        evidence = f"case {case.id}"
        yield Consent(basis=Basis.CALLER_CALLED, at=case.opened_at, evidence=evidence)
    if wrote_at is not None:
        evidence = f"text of {wrote_at.isoformat()}"
        yield Consent(basis=Basis.REPLIED, at=wrote_at, evidence=evidence)
    yield from picture.history.consents
    by_crm = picture.caller.consent
    if by_crm is not None and by_crm.at <= picture.now:
        yield by_crm


def _withdrawn(given_at: datetime, at: datetime | None) -> bool:
    return at is not None and given_at < at
