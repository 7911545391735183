"""While somebody has paused texting, everything waits."""

from __future__ import annotations

from textback.picture import Picture, Verdict
from textback.rules.answers import hold, send

NAME = "paused"


def judge(picture: Picture) -> Verdict:
    """Hold every kind of text until somebody resumes."""
    if picture.paused is not None:
        return hold(NAME, None, f"texting is paused: {picture.paused}")
    return send(NAME, "texting is not paused")
