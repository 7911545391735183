"""A text needs a phone number to go to: no landline, and not one of the client's own lines.

A landline is what a lookup took for one.  It may be enabled for texts all the same: a caller who
has written from it, or asks for a text, proves it.
"""

from __future__ import annotations

from textback.model import Kind
from textback.phones import withheld
from textback.picture import Picture, Verdict
from textback.rules.answers import send, suppress

NAME = "textable"

LANDLINE = "landline"

_SHOWN = 40  # characters of what the provider said instead of a number


def judge(picture: Picture) -> Verdict:
    """Suppress without a number, for landlines, and for calls between the client's own lines."""
    if picture.channel == "email":
        return send(NAME, "an e-mail needs no phone number")
    if picture.to is None:
        if withheld(picture.raw):
            return suppress(NAME, "the number was withheld")
        said = " ".join(picture.raw.split())[:_SHOWN]
        return suppress(NAME, f'"{said}" is not a phone number that can be texted')
    if picture.to in picture.policy.lines:
        return suppress(NAME, "the caller is one of the client's own lines")
    if picture.caller.line_type == LANDLINE and not _has_texted(picture):
        return suppress(NAME, "the number is a landline, which can't get texts")
    return send(NAME, "the caller has a phone number")


def _has_texted(picture: Picture) -> bool:
    asked = picture.kind in (Kind.CONFIRMATION, Kind.HELP)
    return asked or picture.case.replies > 0
