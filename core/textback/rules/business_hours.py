"""Some businesses text only while they are open, others only while nobody is there."""

from __future__ import annotations

from textback.model import Kind
from textback.picture import Picture, Verdict
from textback.rules.answers import send, suppress

NAME = "business_hours"


def judge(picture: Picture) -> Verdict:
    """Suppress a first text outside of the client's ``text_hours``; VIPs get theirs always."""
    wanted = picture.policy.text_hours
    if picture.kind is not Kind.FIRST or wanted == "always" or picture.hours is None:
        return send(NAME, "the hours of the business don't matter to this text")
    state = "open" if picture.hours == "open" else "closed"
    saw = {"hours": picture.hours, "text_hours": wanted}
    if state == wanted:
        return send(NAME, f"the business was {state} when the call ended", **saw)
    if picture.vip:
        return send(NAME, "VIPs are texted at any hour of the business", **saw)
    return suppress(NAME, f"the business was {state}, and texts only while it is {wanted}", **saw)
