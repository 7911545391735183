"""Time that moves only when it is told to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta


class VirtualClock:
    """A clock for tests and simulations; it never goes backwards.

    Args:
        start: The first moment, aware.
    """

    def __init__(self, start: datetime) -> None:
        self._now = start.astimezone(UTC)

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return self._now

    def advance_to(self, moment: datetime) -> None:
        """Let the time be *moment*.

        Raises:
            ValueError: That is in the past.
        """
        if moment < self._now:
            raise ValueError(f"{moment} is before {self._now}: a clock doesn't go backwards")
        self._now = moment.astimezone(UTC)

    def advance(self, by: timedelta) -> None:
        """Let time pass.

        Raises:
            ValueError: *by* is negative.
        """
        self.advance_to(self._now + by)
