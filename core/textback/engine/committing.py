"""Commit what is known here alone: again and again, as long as the store can't."""

from __future__ import annotations

import asyncio
from typing import Final, TypeVar

from textback.engine.context import Context
from textback.errors import StoreBusy
from textback.store import Unit

T = TypeVar("T")

BUSY_WAIT_S: Final = 0.5  # until a commit is tried again


async def committed(ctx: Context, client: str, unit: Unit[T]) -> T:
    """Commit a unit: what a provider said, or that it was not asked, is not to be lost.

    The unit itself has to make sure that it is still for us to say.

    Raises:
        LostLease: It took so long that it no longer is.
    """
    while True:
        try:
            return await ctx.store.write(unit)
        except StoreBusy as error:
            ctx.log.warning("not committed yet", client=client, error=str(error))
            await asyncio.sleep(BUSY_WAIT_S)
