"""Nobody is texted who opted out, belongs to the team, was blocked, or can't get texts.

The one confirmation of an opt-out and the answer to HELP may go all the same: the caller has just
asked for them (47 CFR 64.1200(a)(12)).  What is wrong with a number as such says nothing about
e-mail; who wants no more e-mail may still be texted, since only the picture of an e-mail has that.
"""

from __future__ import annotations

from textback.model import Kind
from textback.picture import Picture, Verdict
from textback.rules.answers import send, spell, suppress

NAME = "suppressed"

_WHY = {
    "opt_out": "the caller opted out",
    "maybe_opt_out": "the caller may have opted out; the team must decide",
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
    forbidding = [
        each for each in picture.suppressions if not (by_email and each.reason in _OF_NUMBERS)
    ]
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
