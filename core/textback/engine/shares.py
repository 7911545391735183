"""Fair shares: how much is taken on of each client at once, and of all together.

One client's flood, or its slow provider, must not use up what the others need.  Webhooks above a
client's share are answered 503, so that its provider tries again; calls and cases above it wait
for their turn, which is durable: their steps are due, and are found again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from textback.config.settings import Limits
from textback.engine.context import Wake
from textback.errors import StoreBusy
from textback.store import Store

AT_EASE = 10  # of one client, fewer than that: nobody waits for anybody
QUEUED = 2_000  # subjects of one client whose turn is remembered; more are found by their due steps


class Shares:
    """What of each client is under way."""

    def __init__(self, limits: Limits, store: Store) -> None:
        self._limits = limits
        self._store = store
        self._webhooks: Counter[str] = Counter()
        self._work: Counter[str] = Counter()
        self._queued: dict[str, dict[str, Wake]] = {}

    @contextmanager
    def webhook(self, client: str) -> Iterator[None]:
        """While this lasts, one more webhook of a client is read and stored.

        Raises:
            StoreBusy: As many are already as one client may have.
        """
        if self._webhooks[client] >= self._limits.webhooks_of_client:
            raise StoreBusy(f"{self._webhooks[client]} webhooks of this client are under way")
        self._webhooks[client] += 1
        try:
            yield
        finally:
            _less(self._webhooks, client)

    def refuse_if_behind(self) -> None:
        """See that what comes in now can be stored soon.

        Raises:
            StoreBusy: Too many units wait for their commit, or have waited for too long.
        """
        waiting = self._store.waiting
        if len(waiting) >= self._limits.commits:
            raise StoreBusy(f"the store is behind: {len(waiting)} units wait for their commit")
        if (age_s := waiting.oldest_s()) > self._limits.commit_age.total_seconds():
            raise StoreBusy(f"the store is behind: a unit has waited {age_s:.0f} s for its commit")

    def begin(self, wake: Wake, *, at_once: bool) -> bool:
        """Take on a call or case; False if it has to wait for its turn.

        Args:
            wake: The one.
            at_once: It doesn't wait.
        """
        client = wake.client
        if not at_once and self._is_full(client):
            queued = self._queued.setdefault(client, {})
            if wake.subject in queued:
                if wake.generation is not None:
                    queued[wake.subject] = wake
            elif len(queued) < QUEUED:
                queued[wake.subject] = wake
            return False
        self._work[client] += 1
        return True

    def end(self, client: str) -> Wake | None:
        """Let go of one; whose turn is next."""
        _less(self._work, client)
        queued = self._queued.get(client)
        if not queued or self._is_full(client):
            return None
        wake = queued.pop(next(iter(queued)))
        if not queued:
            del self._queued[client]
        return wake

    def at_ease(self, client: str) -> bool:
        """Whether so little of a client is under way that what comes now is begun at once."""
        return self._work[client] + self._webhooks[client] < AT_EASE

    @property
    def full(self) -> list[str]:
        """The clients of which as much is taken on as may be."""
        return [client for client in self._work if self._is_full(client)]

    def _is_full(self, client: str) -> bool:
        return self._work[client] >= self._limits.work_of_client


def _less(counts: Counter[str], client: str) -> None:
    counts[client] -= 1
    if not counts[client]:
        del counts[client]
