"""Reply: what a text from a caller means for the texts that wait."""

from __future__ import annotations

from textback.events import TextReceived
from textback.flow.keywords import keyword_of
from textback.model import Keyword

STOPS = ("text/1", "follow_up")  # what a reply, a booking or an answered call cancels

CONFIRM_WITHIN_S = 300
"""An opt-out may be confirmed once, within five minutes: 47 CFR 64.1200(a)(12)."""


def meaning(event: TextReceived, *, opted_out: bool) -> Keyword | None:
    """STOP, START or HELP, as the provider took it or by our own reading; None for words."""
    return event.keyword or keyword_of(event.body, opted_out=opted_out)
