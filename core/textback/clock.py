"""Time, as something that can be handed over: the machine's clock, or a virtual one in tests."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Protocol

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


class Clock(Protocol):
    """Tells the time; nothing in textback asks the machine directly."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return datetime.now(UTC)


def micros(at: datetime) -> int:
    """A moment as the store writes it: microseconds since 1970 in UTC."""
    return (at - _EPOCH) // _MICROSECOND


def moment(stamp: int) -> datetime:
    """The reverse of `micros`."""
    return _EPOCH + timedelta(microseconds=stamp)
