"""How a rule answers: one verdict, in a sentence for people who have never seen the code."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from textback.picture import Action, Verdict

_UNITS = (("day", 86_400), ("hour", 3_600), ("minute", 60), ("second", 1))


def send(rule: str, because: str, **saw: object) -> Verdict:
    """Nothing speaks against the text."""
    if saw:
        return Verdict(rule=rule, action=Action.SEND, because=because, saw=saw)
    return _send(rule, because)


@lru_cache(maxsize=1024)
def _send(rule: str, because: str) -> Verdict:
    # Most rules have nothing against most texts, and say so in the same few words.
    return Verdict(rule=rule, action=Action.SEND, because=because)


def shadow(rule: str, because: str, **saw: object) -> Verdict:
    """It would be sent, but the client only watches."""
    return Verdict(rule=rule, action=Action.SHADOW, because=because, saw=saw)


def hold(rule: str, until: datetime | None, because: str, **saw: object) -> Verdict:
    """Not now: ask again at *until*, or once somebody resumes if that is None."""
    return Verdict(rule=rule, action=Action.HOLD, because=because, until=until, saw=saw)


def suppress(rule: str, because: str, **saw: object) -> Verdict:
    """Not at all."""
    return Verdict(rule=rule, action=Action.SUPPRESS, because=because, saw=saw)


def spell(seconds: float) -> str:
    """A duration as people say it, in its two largest units: ``3 hours 5 minutes``.

    Days begin at two of them: ``24 hours``, but ``2 days``.
    """
    left = max(0, int(seconds))
    parts: list[str] = []
    for unit, size in _UNITS:
        count = left // size
        if count and not (unit == "day" and count < 2):
            parts.append(f"{count} {unit}{'' if count == 1 else 's'}")
            left -= count * size
        elif parts:
            break
    return " ".join(parts[:2]) or "0 seconds"
