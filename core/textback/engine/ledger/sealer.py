"""The sealer: gives the ledger's new rows their sequence and hash, about once a second."""

from __future__ import annotations

import asyncio

from textback.engine.context import Context
from textback.engine.ledger import observing
from textback.errors import StoreError
from textback.store import ledger

EVERY_S = 1.0


async def seal_all(ctx: Context) -> int:
    """Seal all rows that are there; how many."""
    total = 0
    while rows := await ctx.store.write(ledger.seal):
        total += len(rows)
        await observing.tell(ctx, rows)
        if len(rows) < ledger.SEAL_AT_ONCE:
            break
    return total


async def keep_sealing(ctx: Context) -> None:
    """Seal until cancelled."""
    while True:
        try:
            await seal_all(ctx)
        except StoreError as error:
            ctx.log.warning("the ledger can't be sealed now", error=str(error))
        await asyncio.sleep(EVERY_S)
