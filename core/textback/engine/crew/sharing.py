"""The port of a process that shares its store with others, whatever carries the wake-ups."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from time import monotonic
from typing import Literal, Protocol

from textback.clock import Clock, micros
from textback.store import Work, subjects
from textback.store.shared import Advance, Subjects, leases
from textback.store.subjects import LEASE_US

FAR_US = 20_000  # the clocks of two machines are never nearer; less than that is not corrected


class Carrier(Protocol):
    """What carries wake-ups: PgQueuer, or LISTEN and NOTIFY."""

    workers: tuple[str, ...]

    async def prepare(self) -> None:
        """Make in the database what is needed."""

    def wake(self, subjects: Subjects, *, again: bool = False) -> Work[None]:
        """Say it in this transaction."""

    async def attend(self, advance: Advance) -> None:
        """Hear it."""

    async def upkeep(self) -> None:
        """Clear away."""


def carrier_of(kind: Literal["pgqueuer", "notify"], url: str, owner: str) -> Carrier:
    """The carrier that ``store.queue`` names."""
    if kind == "pgqueuer":
        from textback.store.shared.pgq import PgQueue  # imports pydantic

        return PgQueue(url)
    from textback.store.shared.listening import NotifyQueue

    return NotifyQueue(url, owner)


class Shared:
    """Leases that a heartbeat holds, and wake-ups for those who work."""

    lease_us = leases.LEASE_US
    renew_after_us = LEASE_US  # the heartbeat renews all of them, long before

    def __init__(self, carrier: Carrier, *, works: bool) -> None:
        self.carrier = carrier
        self.works = works

    def claim(self, client: str, subject: str, owner: str, now: int) -> Work[int | None]:
        """Take a subject, if we work; one whose holder died is freed by who is on duty."""
        if not self.works:
            return None
        return (
            yield from subjects.claim(
                client, subject, owner, now, lease_us=self.lease_us, expired=False
            )
        )

    def renew(self, held: Sequence[tuple[str, str, int]], now: int) -> Work[None]:
        """One statement for all that this process holds."""
        yield from leases.renew(held, now + self.lease_us)

    def alone_with(self, client: str, *names: str) -> Work[None]:
        """By locks of the database that end with the transaction."""
        yield from leases.alone_with([f"{client}/{name}" for name in names])

    def hand_over(self, woken: Subjects) -> Work[None]:
        """Who works does it himself; what he can't is found by the timers."""
        if not self.works:
            yield from self.carrier.wake(woken)

    def wake(self, woken: Iterable[tuple[str, str]], *, again: bool = False) -> Work[None]:
        """To everybody who works."""
        yield from self.carrier.wake(woken, again=again)

    async def attend(self, advance: Advance) -> None:
        """Hear of wake-ups."""
        await self.carrier.attend(advance)

    async def upkeep(self) -> None:
        """Clear away."""
        await self.carrier.upkeep()


class SharedClock:
    """The database's time: leases and due times of several machines are compared by one clock.

    Between two looks at it this goes on by the machine's monotonic clock: whoever sets the
    machine's time ends no lease with it, and makes nothing due.
    """

    def __init__(self, machine: Clock) -> None:
        self._began = machine.now()
        self._pulse = monotonic()
        self._ahead = timedelta(0)

    def now(self) -> datetime:
        """The present moment, aware, in UTC."""
        return self._machine() + self._ahead

    def machine(self) -> int:
        """What this machine takes the time for, in microseconds."""
        return micros(self._machine())

    def _machine(self) -> datetime:
        return self._began + timedelta(seconds=monotonic() - self._pulse)

    def told(self, server: int, asked: int, answered: int) -> None:
        """The server said its time between two moments of `machine`."""
        ahead = timedelta(microseconds=server - (asked + answered) // 2)
        unsure_us = FAR_US + (answered - asked)
        if abs(ahead - self._ahead) > timedelta(microseconds=unsure_us):
            self._ahead = ahead
