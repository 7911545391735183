"""A text needs a phone number to go to, and not one of the client's own lines."""

from __future__ import annotations

from textback.phones import withheld
from textback.picture import Picture, Verdict
from textback.rules.answers import send, suppress

NAME = "textable"

_SHOWN = 40  # characters of what the provider said instead of a number


def judge(picture: Picture) -> Verdict:
    """Suppress without a number, and for calls between the client's own lines."""
    if picture.channel == "email":
        return send(NAME, "an e-mail needs no phone number")
    if picture.to is None:
        if withheld(picture.raw):
            return suppress(NAME, "the number was withheld")
        said = " ".join(picture.raw.split())[:_SHOWN]
        return suppress(NAME, f'"{said}" is not a phone number that can be texted')
    if picture.to in picture.policy.lines:
        return suppress(NAME, "the caller is one of the client's own lines")
    return send(NAME, "the caller has a phone number")
