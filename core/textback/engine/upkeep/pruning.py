"""Delete what is older than ``[retention]`` says, beside a running engine."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial

import attrs

from textback.config.settings import Retention
from textback.store import Store, Work, ledger, pruning
from textback.store.work import Row

_MICROSECOND = timedelta(microseconds=1)


@attrs.frozen
class Pruned:
    """How many of something were deleted, and how old what is left may be."""

    what: str
    count: int
    older_than: timedelta


async def prune(
    store: Store, retention: Retention, now: int, *, dry_run: bool = False
) -> list[Pruned]:
    """Delete what is too old; a portion is a commit, so that nobody waits for long.

    Args:
        store: Where.
        retention: What is how long kept.
        now: The present moment, in microseconds.
        dry_run: Only count.
    """
    done: list[Pruned] = []
    for each in pruning.CLASSES:
        keep: timedelta = getattr(retention, each.setting)
        before, count = now - keep // _MICROSECOND, 0
        last: Row | None = None
        while rows := await store.read(partial(each.older, before, last)):
            if not dry_run:
                await store.write(partial(each.delete, rows))
            count, last = count + len(rows), rows[-1]
        done.append(Pruned(each.what, count, keep))
    if not dry_run and any(each.count for each in done):
        await store.write(partial(_written_down, done, now))
    return done


def _written_down(done: list[Pruned], now: int) -> Work[None]:
    counts = dict(_counts(done))
    yield from ledger.write("*", "pruned", "deployment", None, counts, now)


def _counts(done: list[Pruned]) -> Iterator[tuple[str, int]]:
    return ((each.what, each.count) for each in done if each.count)
