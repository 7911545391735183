"""A client that is being tested texts only its testers; one that only watches texts nobody."""

from __future__ import annotations

from textback.picture import Picture, Verdict
from textback.rules.answers import send, shadow, suppress

NAME = "mode"


def judge(picture: Picture) -> Verdict:
    """Go by the client's ``mode``; one that isn't known is taken for a test."""
    policy = picture.policy
    match policy.mode:
        case "live":
            return send(NAME, "the client is live", mode=policy.mode)
        case "shadow":
            return shadow(NAME, "the client is in shadow mode, which texts nobody", mode="shadow")
        case _ if picture.to in policy.test_phones:
            return send(NAME, "the number is one of the client's test_phones", mode=policy.mode)
        case _:
            return suppress(
                NAME,
                "the client is in test mode, which texts only its test_phones",
                mode=policy.mode,
            )
