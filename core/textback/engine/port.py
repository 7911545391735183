"""The port between the engine and what carries work from one process to another.

Five things are asked of it: to *claim* a subject, to *renew* what is held, to *wake* who can
advance a subject, to hand over, in `attend`, what others woke, and to have something *alone*.  A
subject that is *done* is given back in the commit that leaves nothing to do, with
`textback.store.subjects.renew`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from textback.store import Work, subjects
from textback.store.shared import Advance, Subjects
from textback.store.subjects import LEASE_US


class Queue(Protocol):
    """How subjects are taken and handed over.

    Attributes:
        works: Whether this process advances subjects, or leaves that to others.
        lease_us: How long a subject is held without being renewed.
        renew_after_us: When an actor that waits renews its lease by itself.
    """

    works: bool
    lease_us: int
    renew_after_us: int

    def claim(self, client: str, subject: str, owner: str, now: int) -> Work[int | None]:
        """Take a subject if nobody holds it, and if it is for us; the generation, or None."""

    def renew(self, held: Sequence[tuple[str, str, int]], now: int) -> Work[None]:
        """Hold on to subjects: client, subject, generation."""

    def alone_with(self, client: str, *names: str) -> Work[None]:
        """Let nobody else commit about these from here to our commit, nor see them without it.

        Whoever reads what others may just be adding asks for it first; of several names, in the
        order in which all do.
        """

    def hand_over(self, woken: Subjects) -> Work[None]:
        """Tell those who work, in this transaction, unless we are one of them."""

    def wake(self, woken: Subjects, *, again: bool = False) -> Work[None]:
        """Tell whoever works that subjects have something to do.

        Args:
            woken: Client and subject.
            again: Those who were told did nothing.
        """

    async def attend(self, advance: Advance) -> None:
        """Hand over what is woken until cancelled, or until the connection is lost."""

    async def upkeep(self) -> None:
        """Clear away what is left behind; asked for now and then, in one process."""


class Alone:
    """The only process on its store: whoever finds something to do does it."""

    works = True
    lease_us = LEASE_US
    renew_after_us = LEASE_US // 3

    def claim(self, client: str, subject: str, owner: str, now: int) -> Work[int | None]:
        """Take a subject."""
        return subjects.claim(client, subject, owner, now)

    def renew(self, held: Sequence[tuple[str, str, int]], now: int) -> Work[None]:
        """Actors renew their leases by themselves."""
        del held, now
        yield from ()

    def alone_with(self, client: str, *names: str) -> Work[None]:
        """One writes at a time."""
        del client, names
        yield from ()

    def hand_over(self, woken: Subjects) -> Work[None]:
        """There is nobody else."""
        del woken
        yield from ()

    def wake(self, woken: Subjects, *, again: bool = False) -> Work[None]:
        """There is nobody else."""
        del woken, again
        yield from ()

    async def attend(self, advance: Advance) -> None:
        """Nothing is woken from outside."""
        del advance

    async def upkeep(self) -> None:
        """Nothing is left behind."""
