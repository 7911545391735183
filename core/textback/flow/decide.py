"""Decide: may this text be sent, and when; by every rule and every plugin that judges."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from textback import dispatch
from textback.flow.segments import segments
from textback.picture import Decision, Picture
from textback.rules import ask_again, ask_all


def decide(picture: Picture, judges: Sequence[dispatch.Impl]) -> Decision:
    """Ask all; the strictest answer wins and all are kept."""
    return ask_all(picture, dispatch.judge(judges, picture) if judges else ())


def decide_on(body: str, picture: Picture, before: Decision) -> Decision:
    """Ask again who reads the words, now that they are written."""
    parts = segments(body) if picture.channel == "sms" else 0
    return ask_again(attrs.evolve(picture, body=body, segments=parts), before)
