"""A first text answers a call that has just been missed; later it would only puzzle.

It counts when the call is first decided on.  For a text that was held, the engine leaves
``call_ended_at`` out of the later pictures.
"""

from __future__ import annotations

from textback.model import Kind
from textback.picture import Picture, Verdict
from textback.rules.answers import send, spell, suppress

NAME = "too_old"


def judge(picture: Picture) -> Verdict:
    """Suppress a first text whose call ended longer ago than the client's ``max_age``."""
    if picture.kind is not Kind.FIRST:
        return send(NAME, "only first texts have to be prompt")
    if picture.call_ended_at is None:
        return send(NAME, "the call was not too old when it was first decided on")
    age_s = (picture.now - picture.call_ended_at).total_seconds()
    saw = {"age_s": age_s, "max_age_s": picture.policy.max_age_s}
    if age_s > picture.policy.max_age_s:
        return suppress(
            NAME,
            f"the call ended {spell(age_s)} ago; calls are answered by text for "
            f"{spell(picture.policy.max_age_s)}",
            **saw,
        )
    return send(NAME, f"the call ended {spell(age_s)} ago", **saw)
