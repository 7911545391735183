"""Tell those who watch what was committed: best effort, after the ledger's row is sealed.

Every event carries its row's sequence and hash, and once a day each client's newest ones go out by
themselves, so that somebody else holds them: a ledger that is rewritten later won't agree.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from datetime import timedelta

from textback import dispatch
from textback.clock import moment
from textback.engine.context import Context
from textback.model import Committed
from textback.store import clients, ledger
from textback.store.ledger import Sealed

HEAD_EVERY = timedelta(days=1)


async def tell(ctx: Context, rows: Iterable[Sealed]) -> None:
    """Hand sealed rows to the plugins of their client and of the deployment."""
    for row in rows:
        watching = list(ctx.watching)
        if row.client in ctx.clients and ctx.stacks.offers(row.client, "observe"):
            watching += (await ctx.stack(row.client)).impls("observe")
        if watching:
            await dispatch.everyone(watching, event=_event(row))


def _event(row: Sealed) -> Committed:
    what, _, name = row.subject.partition("/")
    return Committed(
        what=row.kind,
        client=row.client,
        at=moment(row.at),
        case=name if what == "case" else None,
        detail={"seq": row.seq, "chain": row.chain},
    )


async def keep_heads_out(ctx: Context) -> None:
    """Once a day, tell the newest row of each client's chain, until cancelled."""
    while True:
        await asyncio.sleep(HEAD_EVERY.total_seconds())
        now = ctx.now()
        for client in await ctx.store.read(clients.known):
            seq, chain = await ctx.store.read(lambda client=client: ledger.head(client))  # type: ignore[misc]
            if seq:
                head = Sealed(client=client, kind="ledger_head", subject="", at=now, seq=seq,
                              chain=chain)  # fmt: skip
                await tell(ctx, [head])
