"""What every part of the engine works with."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import lru_cache
from typing import Any

import attrs

from textback.clock import Clock, micros
from textback.config.settings import Client, Limits
from textback.dispatch import Impl
from textback.engine.metrics import Metrics
from textback.engine.port import Alone, Queue
from textback.events import TextReceived
from textback.model import PhoneNumber
from textback.phones import normalise, region_of
from textback.picture import Policy
from textback.plugins import Stack, Stacks
from textback.services import Log
from textback.store import Store
from textback.store.steps import Step


@attrs.frozen
class Wake:
    """A subject with something to do now.

    Attributes:
        generation: Of the lease, if we hold it already.
        started: Steps that were committed as running: they are run without being read again.
        prepared: What the commit made ready for them, by step.
    """

    client: str
    subject: str
    generation: int | None = None
    started: tuple[Step, ...] = ()
    prepared: Mapping[str, Any] = attrs.field(factory=dict)


@attrs.define(eq=False, kw_only=True)
class Context:
    """The deployment as the engine sees it.

    Attributes:
        hash_of: The keyed hash of a number, under which suppressions and the ledger know it.
        owner: Who we are, in leases.
        queue: How subjects are taken, and how processes wake each other.
        watching: The deployment's plugins that want to see what was committed.
        limits: How much is taken on at once.
        retired: Clients that are served no longer; see `textback.engine.upkeep.retiring`.
    """

    clients: Mapping[str, Client]
    stacks: Stacks
    store: Store
    clock: Clock
    public_url: str
    hash_of: Callable[[str], str]
    owner: str
    metrics: Metrics
    log: Log
    queue: Queue = attrs.field(factory=Alone)
    watching: Sequence[Impl] = ()
    limits: Limits = attrs.field(factory=Limits)
    retired: frozenset[str] = frozenset()
    _policies: dict[str, Policy] = attrs.field(factory=dict, init=False)

    def now(self) -> int:
        """The present moment, as the store writes it."""
        return micros(self.clock.now())

    async def stack(self, client: str) -> Stack:
        """The stack of a client, built at first use."""
        return await self.stacks.get(client)

    def policy(self, client: Client) -> Policy:
        """What rules ask of a client's settings; made once."""
        policy = self._policies.get(client.id)
        if policy is None:
            policy = self._policies[client.id] = policy_of(client)
        return policy

    def address(self, client: str, plugin: str) -> str:
        """The webhook address of one plugin of a client."""
        return f"{self.public_url}/hooks/{client}/{plugin}"


def keyed_hash(key: bytes) -> Callable[[str], str]:
    """A function from a number to its HMAC-SHA256 under a key, in hexadecimal."""

    @lru_cache(maxsize=4096)
    def hash_of(number: str) -> str:
        return hmac.digest(key, number.encode(), "sha256").hex()

    return hash_of


def policy_of(client: Client) -> Policy:
    """What rules ask of a client's settings."""
    return Policy(
        client=client.id,
        name=client.name,
        mode=client.mode,
        lines=frozenset(client.lines),
        test_phones=frozenset(client.test_phones),
        staff_phones=frozenset(client.staff_phones),
        cool_down_s=client.cool_down.total_seconds(),
        max_age_s=client.max_age.total_seconds(),
        zone=client.time_zone,
        packs=client.rules.packs,
        first_text_at_night=client.first_text_at_night,
        wait_s=client.wait_before_text.total_seconds(),
        text_hours=client.text_hours,
        regions=frozenset(client.regions) or _regions_of(client),
        spam_score=client.spam_score,
        per_caller_day=client.caps.per_caller_day,
        per_hour=client.caps.per_hour,
        segments_per_day=_segments_of(client),
    )


def _segments_of(client: Client) -> int | None:
    """As many as the money for a day pays; cents are not lost to binary fractions."""
    spend, price = client.caps.spend_per_day, client.segment_price
    return None if spend is None or not price else int(spend / price + 1e-9)


def _regions_of(client: Client) -> frozenset[str]:
    """The countries of a client's lines; Canada and the United States are one in this."""
    found = {region for line in client.lines if (region := region_of(line)) is not None}
    return frozenset(found | _NEIGHBOURS if found & _NEIGHBOURS else found)


_NEIGHBOURS = {"US", "CA"}


def number_of(client: Client, raw: str | None) -> PhoneNumber | None:
    """A number as a provider wrote it, in E.164; read with the region of the client's lines."""
    return normalise(raw, region_of(client.lines[0]))


def line_of(
    client: Client, raw: str | None, forwarded_from: str | None = None
) -> PhoneNumber | None:
    """The number that was called or written to: a line of the client's, if it can be read as one.

    A source may leave out the country of a line, which need not be that of the first one; and
    what was dialled may be the line, while the source knows the number that it was forwarded to.

    Returns:
        Another number if it is none of the lines; None if it isn't told, or is no number.
    """
    regions = dict.fromkeys(region_of(line) for line in client.lines)
    for told in filter(None, (raw, forwarded_from)):
        for region in regions:
            if (number := normalise(told, region)) in client.lines:
                return number
    return number_of(client, raw)


def sides_of(client: Client, event: TextReceived) -> tuple[PhoneNumber | None, PhoneNumber]:
    """Who wrote, and the number that an answer leaves from.

    That may be none of the lines: texts can leave from a number in a sender's settings.
    """
    return number_of(client, event.number), line_of(client, event.line) or client.lines[0]


def seconds_since(then: datetime, now: datetime) -> float:
    """How long ago, never negative: clocks differ."""
    return max(0.0, (now - then).total_seconds())
