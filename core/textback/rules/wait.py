"""The business may want a moment to ring back itself, before a text goes.

Whoever is spoken with in that time gets no text (`reached`); a caller who writes in it has an open
conversation, which cancels the text that waits.
"""

from __future__ import annotations

from datetime import timedelta

from textback.model import Kind
from textback.picture import Picture, Verdict
from textback.rules.answers import hold, send, spell

NAME = "wait"


def judge(picture: Picture) -> Verdict:
    """Hold a first text until the client's ``wait_before_text`` after the call is over."""
    wait_s = picture.policy.wait_s
    if picture.kind is not Kind.FIRST or not wait_s:
        return send(NAME, "nothing is waited for")
    until = picture.case.opened_at + timedelta(seconds=wait_s)
    if picture.now < until:
        return hold(NAME, until, f"the business has {spell(wait_s)} to ring back", wait_s=wait_s)
    return send(NAME, f"the business had {spell(wait_s)} to ring back", wait_s=wait_s)
