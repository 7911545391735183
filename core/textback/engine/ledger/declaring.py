"""What a client's file declares for the record: written to the ledger when it is served with it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import partial

from textback.config.settings import Client
from textback.engine.context import Context
from textback.flow.registration import us_lines
from textback.store import Work, ledger

SUBJECT = "registration"
AT_A_TIME = 200  # clients in one commit


async def declare(ctx: Context) -> None:
    """Write down which live clients text from US lines, registered or not; once for each change."""
    live = [each for each in ctx.clients.values() if each.mode == "live" and us_lines(each)]
    for first in range(0, len(live), AT_A_TIME):
        await ctx.store.write(partial(_declare, ctx, live[first : first + AT_A_TIME]))


def _declare(ctx: Context, clients: Sequence[Client]) -> Work[None]:
    for client in clients:
        known = client.registration
        content = {"registration": known.id if known else None, "unregistered": client.unregistered}
        rows = yield from ledger.of(client.id, SUBJECT)
        if not rows or json.loads(rows[-1]["content"] or "{}") != content:
            yield from ledger.write(client.id, "declared", SUBJECT, None, content, ctx.now())
