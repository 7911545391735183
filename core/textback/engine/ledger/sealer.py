"""The sealer: gives the ledger's new rows their sequence and hash, about once a second."""

from __future__ import annotations

import asyncio

from textback.engine.context import Context
from textback.engine.ledger.observing import Observers
from textback.errors import StoreError
from textback.store import ledger

EVERY_S = 1.0


async def seal_all(ctx: Context, observers: Observers) -> int:
    """Seal all rows that are there, and have them told; how many."""
    total = 0
    while rows := await ctx.store.write(ledger.seal):
        total += len(rows)
        observers.tell(rows)
        if len(rows) < ledger.SEAL_AT_ONCE:
            break
    return total


async def keep_sealing(ctx: Context, observers: Observers) -> None:
    """Seal until cancelled."""
    while True:
        try:
            await seal_all(ctx, observers)
        except StoreError as error:
            ctx.log.warning("the ledger can't be sealed now", error=str(error))
        await asyncio.sleep(EVERY_S)
