"""A first text says sorry for a call that nobody took; not to somebody spoken with since."""

from __future__ import annotations

from textback.model import Kind
from textback.picture import Picture, Verdict
from textback.rules.answers import send, spell, suppress

NAME = "reached"


def judge(picture: Picture) -> Verdict:
    """Suppress a first text if the caller got through meanwhile, or the business rang back."""
    if picture.kind is not Kind.FIRST:
        return send(NAME, "only a first text says sorry for a missed call")
    reached_at = picture.history.reached_at
    if reached_at is None:
        return send(NAME, "nobody spoke with the caller since")
    ago_s = (picture.now - reached_at).total_seconds()
    return suppress(
        NAME, f"somebody spoke with the caller since, {spell(ago_s)} ago", reached_s=ago_s
    )
