"""A caller gets at most one first text in a while, however often they call."""

from __future__ import annotations

from textback.model import Kind
from textback.picture import Picture, Verdict
from textback.rules.answers import send, spell, suppress

NAME = "cool_down"


def judge(picture: Picture) -> Verdict:
    """Suppress a first text within the client's ``cool_down`` of the last; testers have none."""
    policy = picture.policy
    if picture.kind is not Kind.FIRST:
        return send(NAME, "only first texts have a cool-down")
    if policy.mode == "test" and picture.to in policy.test_phones:
        return send(NAME, "test_phones have no cool-down in test mode")
    last = picture.history.first_text_at
    if last is None:
        return send(NAME, "no first text was sent to this number before")
    since_s = (picture.now - last).total_seconds()
    saw = {"since_s": since_s, "cool_down_s": policy.cool_down_s}
    if since_s < policy.cool_down_s:
        return suppress(
            NAME,
            f"texted {spell(since_s)} ago; at most one first text in {spell(policy.cool_down_s)}",
            **saw,
        )
    return send(NAME, f"the last first text was {spell(since_s)} ago", **saw)
