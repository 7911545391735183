"""The way to one account of a provider: so much at once, so much a second, nothing while it fails.

What is refused here was not sent, so another sender may be tried at once, and a step waits for its
next try instead of for a time-out.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from weakref import WeakValueDictionary

from aiolimiter import AsyncLimiter

from textback.clock import Clock
from textback.errors import MaybeSent, NotAsked, NotSent, Refused

AT_ONCE: Final = 20  # requests of one account under way, where its plugin doesn't say
WAIT_S: Final = 5.0  # for a place among an account's requests
FAILURES: Final = 5  # in a row: then the account isn't asked for a while
FIRST_REST, LONGEST_REST = timedelta(seconds=10), timedelta(minutes=1)


class Gate:
    """Limits and breaker of one account; ``async with gate:`` is one request.

    A request that leaves with `NotSent`, `MaybeSent` or a `Refused` that says "later" has failed.
    After `FAILURES` in a row nobody is let through until the account has rested; then one request
    tries, and the rest doubles if that fails, too.  Cancelled requests count as nothing.

    Args:
        name: Whose account, for messages.
        clock: For the rests.
        max_at_once: Requests under way; more wait for their turn, up to `WAIT_S`.
        max_per_s: Requests begun in a second; None for as many as there are.
        on_change: Told whenever the account begins or ceases to rest.
    """

    def __init__(
        self,
        name: str,
        clock: Clock,
        *,
        max_at_once: int = AT_ONCE,
        max_per_s: float | None = None,
        on_change: Callable[[bool], None] | None = None,
    ) -> None:
        self._name = name
        self._clock = clock
        self._room = asyncio.Semaphore(max_at_once)
        self._pace = _pace(max_per_s) if max_per_s is not None else None
        self._on_change = on_change
        self._failures = 0
        self._rest = FIRST_REST
        self._rests_until: datetime | None = None
        self._on_trial = False

    async def __aenter__(self) -> None:
        await self.enter()

    async def __aexit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        self.leave(None if isinstance(error, asyncio.CancelledError) else _failed(error))

    async def enter(self, wait_s: float = WAIT_S) -> None:
        """Get a place for one request; each that was given must be given back by `leave`.

        Raises:
            NotAsked: The account rests, or there was no place within *wait_s* seconds.
        """
        trial = self._let_in()
        try:
            if self._room.locked() or self._pace is not None:
                async with asyncio.timeout(wait_s):
                    await self._take()
            else:
                await self._room.acquire()
        except BaseException as error:
            if trial:
                self._on_trial = False
            if isinstance(error, TimeoutError):
                words = "was not asked: too many requests of this account are under way"
                raise NotAsked(f"{self._name} {words}") from None
            raise

    def leave(self, failed: bool | None) -> None:
        """Give a place back, and say how it went; None if that says nothing of the account."""
        self._room.release()
        self._on_trial = False
        if failed is None:
            return
        rested = self._rests_until is not None
        if failed:
            self._failures += 1
            if self._failures >= FAILURES:
                self._rests_until = self._clock.now() + self._rest
                self._rest = min(self._rest * 2, LONGEST_REST)
        elif self._failures:
            self._failures, self._rest, self._rests_until = 0, FIRST_REST, None
        if self._on_change is not None and rested != (self._rests_until is not None):
            self._on_change(self._rests_until is not None)

    def _let_in(self) -> bool:
        """Whether this request is the one that tries whether the account works again."""
        if self._rests_until is None:
            return False
        left_s = (self._rests_until - self._clock.now()).total_seconds()
        if left_s > 0 or self._on_trial:
            words = f"was not asked: its last {self._failures} requests failed, it rests a while"
            raise NotAsked(f"{self._name} {words}", retry_after=max(left_s, 1.0))
        self._on_trial = True
        return True

    async def _take(self) -> None:
        await self._room.acquire()
        try:
            if self._pace is not None:
                await self._pace.acquire()
        except BaseException:
            self._room.release()
            raise


class Gates:
    """The gates of a deployment: one for each account, however many clients use it.

    Args:
        clock: For the rests.
        on_change: Told of plugin, account and whether it rests now.
    """

    def __init__(self, clock: Clock, on_change: Callable[[str, str, bool], None]) -> None:
        self._clock = clock
        self._on_change = on_change
        self._gates: WeakValueDictionary[tuple[str, str], Gate] = WeakValueDictionary()

    def of(self, client: str, name: str, use: str, settings: object) -> Gate:
        """The gate of one plugin table.

        Its settings ``max_at_once`` and ``max_per_s`` are the limits, the first who asks for an
        account sets them; its property ``account`` says whose they are, the table's own if it has
        none.
        """
        account = str(getattr(settings, "account", None) or f"{client}/{name}")
        gate = self._gates.get((use, account))
        if gate is None:
            gate = Gate(
                use,
                self._clock,
                max_at_once=getattr(settings, "max_at_once", AT_ONCE),
                max_per_s=getattr(settings, "max_per_s", None),
                on_change=lambda rests: self._on_change(use, account, rests),
            )
            self._gates[use, account] = gate
        return gate


def _pace(max_per_s: float) -> AsyncLimiter:
    return AsyncLimiter(max_per_s, 1.0) if max_per_s >= 1 else AsyncLimiter(1, 1.0 / max_per_s)


def _failed(error: BaseException | None) -> bool | None:
    match error:
        case None:
            return False
        case NotSent() | MaybeSent():
            return True
        case Refused():
            return not error.permanent and error.retry_after is None
        case _:
            return None
