"""A machine that answers us is not answered for ever."""

from __future__ import annotations

from textback.model import Kind
from textback.picture import Picture, Verdict
from textback.rules.answers import send, suppress

NAME = "loop_guard"

ANSWERS_IN_DAY = 3  # to STOP and HELP: people need no more of them
REPLIES_IN_HOUR = 30  # of the team, or of what writes for it: nobody types so many


def judge(picture: Picture) -> Verdict:
    """Suppress answers that go on and on between two machines."""
    history = picture.history
    if picture.kind in (Kind.CONFIRMATION, Kind.HELP):
        saw = {"answers_in_day": history.answers_in_day}
        if history.answers_in_day >= ANSWERS_IN_DAY:
            return suppress(
                NAME,
                f"{history.answers_in_day} such texts were answered within a day; "
                "it may be a machine that asks",
                **saw,
            )
        return send(NAME, "few such texts were answered today", **saw)
    if picture.kind is Kind.REPLY:
        saw = {"replies_in_hour": history.replies_in_hour}
        if history.replies_in_hour >= REPLIES_IN_HOUR:
            return suppress(
                NAME,
                f"{history.replies_in_hour} texts were written to this number within an hour; "
                "two machines may be writing to each other",
                **saw,
            )
        return send(NAME, "people write as many texts", **saw)
    return send(NAME, "it answers no text")
