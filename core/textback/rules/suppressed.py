"""Nobody is texted who opted out, belongs to the team, was blocked, or can't get texts.

The one confirmation of an opt-out and the answer to HELP may go all the same: the caller has just
asked for them (47 CFR 64.1200(a)(12)).  What may have been an opt-out holds only what goes by
itself: people may ask the caller what was meant.  What is wrong with a number as such says nothing
about e-mail; who wants no more e-mail may still be texted, since only the picture of an e-mail has
that.
"""

from __future__ import annotations

from textback.model import Kind
from textback.picture import Picture, Verdict
from textback.rules.answers import send, spell, suppress

NAME = "suppressed"

_DOUBT = "maybe_opt_out"
_WHY = {
    "opt_out": "the caller opted out",
    _DOUBT: "the caller may have opted out; the team must decide",
    "staff": "the number belongs to the team",
    "landline": "the number can't get texts",
    "block": "the number is on the block list",
    "unsubscribed": "the caller unsubscribed from e-mail",
}
_OF_NUMBERS = ("landline", "unreachable")


def judge(picture: Picture) -> Verdict:
    """Suppress what a suppression, the list of staff or a CRM forbids."""
    if picture.kind in (Kind.CONFIRMATION, Kind.HELP):
        return send(NAME, "the caller has just asked for this text")
    by_email = picture.channel == "email"
    passed: tuple[str, ...] = _OF_NUMBERS if by_email else ()
    if picture.kind is Kind.REPLY:
        passed += (_DOUBT,)
    forbidding = [each for each in picture.suppressions if each.reason not in passed]
    if forbidding:
        first = min(forbidding, key=lambda each: (each.reason not in _WHY, each.since))
        why = _WHY.get(first.reason, f"the number is suppressed ({first.reason})")
        where = ", for all clients" if first.scope == "*" else ""
        ago = spell((picture.now - first.since).total_seconds())
        return suppress(
            NAME,
            f"{why} (noted {ago} ago{where})",
            reasons=sorted({each.reason for each in forbidding}),
        )
    if picture.to in picture.policy.staff_phones and not _is_tester(picture):
        return suppress(NAME, "the number is one of the client's staff_phones")
    if picture.caller.do_not_text and not by_email:
        return suppress(NAME, f"the number must not be texted: {picture.caller.do_not_text}")
    return send(NAME, "the number may be texted")


def _is_tester(picture: Picture) -> bool:
    # In test mode the team's own phones play the callers.
    return picture.policy.mode == "test" and picture.to in picture.policy.test_phones
