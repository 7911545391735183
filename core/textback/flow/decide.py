"""Decide: may this text be sent, and when; by every rule and every plugin that judges."""

from __future__ import annotations

from collections.abc import Sequence

from textback import dispatch
from textback.picture import Decision, Picture
from textback.rules import ask_all


def decide(picture: Picture, judges: Sequence[dispatch.Impl]) -> Decision:
    """Ask all; the strictest answer wins and all are kept."""
    return ask_all(picture, dispatch.judge(judges, picture) if judges else ())
