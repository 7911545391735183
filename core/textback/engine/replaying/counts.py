"""What a client has sent in this hour and on this day, for its own caps."""

from __future__ import annotations

from collections.abc import Mapping

from textback.clock import moment
from textback.config.settings import Client
from textback.engine.cases.pictures import day_of, hour_of
from textback.model import Kind
from textback.picture import Policy
from textback.store.counters import SEGMENTS, TEXTS


class Counts:
    """As `store.counters` has them, of the period that lasts."""

    def __init__(self, client: Client, policy: Policy) -> None:
        self._client = client
        self._policy = policy
        self._of: dict[str, tuple[str, int]] = {}

    def add(self, number: str, kind: Kind, parts: int, at: int) -> None:
        """Count a text that went."""
        policy = self._policy
        if policy.mode == "test" and number in policy.test_phones:
            return
        if policy.per_hour and kind in (Kind.FIRST, Kind.FOLLOW_UP):
            self._add(TEXTS, hour_of(moment(at)), 1)
        if policy.segments_per_day is not None:
            self._add(SEGMENTS, day_of(self._client, moment(at)), parts)

    def _add(self, name: str, period: str, more: int) -> None:
        last, count = self._of.get(name, ("", 0))
        self._of[name] = (period, (count if last == period else 0) + more)

    def of(self, at: int) -> Mapping[str, int]:
        """What has been counted in the hour and on the day of a moment."""
        if not self._of:
            return {}
        now = {TEXTS: hour_of(moment(at)), SEGMENTS: day_of(self._client, moment(at))}
        return {name: count for name, (period, count) in self._of.items() if now[name] == period}
