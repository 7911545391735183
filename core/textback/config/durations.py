"""Durations as people write them: ``"90s"``, ``"15m"``, ``"2h"``, ``"1d"``, ``"1h30m"``."""

from __future__ import annotations

import re
from datetime import timedelta

from textback.errors import ConfigError

_SECONDS = {"w": 604_800, "d": 86_400, "h": 3_600, "m": 60, "s": 1}
_PART = re.compile(r"(\d{1,9})([wdhms])", re.ASCII)

LONGEST = timedelta(days=20 * 365)

PATTERN = r"^(\d{1,9}[wdhms])+$"
"""What a duration looks like, for the JSON Schema."""


def read_duration(text: str) -> timedelta:
    """The duration that *text* writes.

    Raises:
        ConfigError: It isn't written as a number and a unit: s, m, h, d or w.
    """
    if not re.fullmatch(PATTERN, text, re.ASCII):
        raise ConfigError('is no duration; write e.g. "90s", "15m", "2h" or "1d"')
    seconds = sum(int(count) * _SECONDS[unit] for count, unit in _PART.findall(text))
    if seconds > LONGEST.total_seconds():
        raise ConfigError(f"is longer than {LONGEST.days // 365} years")
    return timedelta(seconds=seconds)


def write_duration(duration: timedelta) -> str:
    """A duration of whole seconds in days, hours, minutes and seconds, e.g. ``1d`` or ``1h30m``."""
    left = int(duration.total_seconds())
    parts = []
    for unit in "dhms":
        count, left = divmod(left, _SECONDS[unit])
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"
