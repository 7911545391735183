"""Make a record at a provider once, though the answer to making it may be lost.

A request to make something whose answer never came may have been done.  So each is announced in
the plugin's state before it leaves.  The next try sees the announcement and looks for the record;
searches lag behind, so it makes another one only when none has shown up for a while.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from typing import Any

import attrs

from textback.clock import micros, moment
from textback.errors import NotSent, Refused
from textback.services import Services

Record = Mapping[str, Any]
"""What is remembered of a record: whatever the plugin needs to find it again, as JSON can hold."""

_TRIED = "tried_at"


@attrs.frozen(kw_only=True)
class Trace:
    """What is known of a record before anybody has looked for it.

    Attributes:
        record: It, as it was last found or made; it may have been deleted since.
        tried_at: When it was asked for without an answer; None if that never happened.
    """

    record: Record | None = None
    tried_at: datetime | None = None


async def find_or_make(
    services: Services,
    name: str,
    *,
    find: Callable[[Trace], Awaitable[Record | None]],
    make: Callable[[], Awaitable[Record]],
    lag_s: float,
    keep_s: float | None = None,
) -> Record:
    """Find a record, or make it; only one at a time for each *name*, in all processes.

    Args:
        services: The plugin's; its state remembers the record and each try under *name*.
        name: Says which record it is, e.g. ``contact/+13035550123``.
        find: Looks for it; None if it isn't there.
        make: Makes it.  It raises `NotSent` or `Refused` only if surely nothing was made.
        lag_s: Seconds in which a record that was made may still be missing from what *find* sees.
        keep_s: Seconds that the record is remembered; for ever if not given.

    Raises:
        Refused: A try without an answer is not *lag_s* old, and nothing was found; for later.
        ProviderError: Whatever *find* or *make* raises.
    """
    state = services.state
    async with state.lock(name):
        trace = _trace(await state.get(name))
        record = await find(trace)
        if record is None:
            _wait(trace, services.clock.now(), lag_s)
            await state.set(name, {_TRIED: micros(services.clock.now())}, ttl_s=keep_s)
            try:
                record = await make()
            except (NotSent, Refused):
                await state.delete(name)
                raise
        if record != trace.record:
            await state.set(name, dict(record), ttl_s=keep_s)
        return record


def _trace(kept: Any) -> Trace:
    if kept is None:
        return Trace()
    tried_at = kept.get(_TRIED)
    return Trace(record=kept) if tried_at is None else Trace(tried_at=moment(tried_at))


def _wait(trace: Trace, now: datetime, lag_s: float) -> None:
    if trace.tried_at is None:
        return
    left_s = lag_s - (now - trace.tried_at).total_seconds()
    if left_s > 0:
        words = "it may have been made by a request that got no answer; it is looked for again"
        raise Refused(words, permanent=False, retry_after=left_s)
