"""Take the deployment's store: alone with a file, among others with a Postgres database."""

from __future__ import annotations

import attrs

from textback.clock import Clock, SystemClock
from textback.config.settings import Deployment
from textback.engine.port import Alone, Queue
from textback.store import Lock, Store, open_store, place_of, refuse_network


@attrs.frozen(kw_only=True)
class Taken:
    """A store, and what comes with its kind.

    Attributes:
        url: Of a Postgres store that is shared with other processes.
    """

    store: Store
    clock: Clock
    queue: Queue = attrs.field(factory=Alone)
    lock: Lock | None = None
    url: str | None = attrs.field(default=None, repr=False)

    async def close(self) -> None:
        """Let go of it."""
        await self.store.close()
        if self.lock is not None:
            self.lock.release()


async def take(
    deployment: Deployment, owner: str, clock: Clock | None, *, alone: bool, works: bool
) -> Taken:
    """Open it; see `textback.engine.starting.runtime.open_runtime`."""
    settings, directory = deployment.store, deployment.directory
    place = place_of(settings.url, directory)
    if place.file is not None:
        refuse_network(place.file)
        lock = Lock(place.file) if alone else None
        store = await open_store(settings.url, directory)
        return Taken(store=store, lock=lock, clock=clock or SystemClock())
    store = await open_store(settings.url, directory)
    if not alone:
        return Taken(store=store, clock=clock or SystemClock())
    from textback.engine.crew.sharing import Shared, SharedClock, carrier_of

    carrier = carrier_of(settings.queue, place.url, owner)
    await carrier.prepare()
    return Taken(
        store=store,
        clock=clock or SharedClock(SystemClock()),
        queue=Shared(carrier, works=works),
        url=place.url,
    )
