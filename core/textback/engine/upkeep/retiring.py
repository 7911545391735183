"""Retire a client: no text leaves any more, what waits is cancelled, its webhooks are refused.

From the first commit on, texts of the client are held as by a pause, whatever an engine is doing at
that moment.  The engine sees within a second that a client is retired and cancels what came in
between.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from functools import partial

from textback.engine.context import Context
from textback.engine.names import FIRST_TEXT, case_subject
from textback.errors import StoreError
from textback.model import End
from textback.store import Store, Work, cases, clients, contacts, ledger, pauses, steps
from textback.store.work import Row

EVERY_S = 1.0
AT_A_TIME = 100  # cases in one commit
BECAUSE = "the client is retired"
TEXTS = ("text", "follow_up", "stop", "help")


async def retire(
    store: Store, hash_of: Callable[[str], str], client: str, now: int
) -> tuple[bool, int, int]:
    """Serve a client no longer.

    Returns:
        Whether that is new, how many cases were closed, and how many steps cancelled.
    """
    new = await store.write(partial(_retire, client, now))
    closed, cancelled = await close_all(store, hash_of, client, now)
    return new, closed, cancelled


def _retire(client: str, now: int) -> Work[bool]:
    new = yield from clients.retire(client, now)
    yield from pauses.pause(client, BECAUSE, now)
    if new:
        yield from ledger.write(client, "retired", "client", None, {}, now)
    return new


def bring_back(client: str, now: int) -> Work[bool]:
    """Serve a retired client again; what was cancelled stays so.  False if it wasn't retired."""
    back = yield from clients.bring_back(client)
    if back:
        yield from pauses.resume(client)
        yield from ledger.write(client, "brought back", "client", None, {}, now)
    return back


async def close_all(
    store: Store, hash_of: Callable[[str], str], client: str, now: int
) -> tuple[int, int]:
    """Close the open cases of a client and cancel all that waits; how many of each."""
    closed = cancelled = 0
    while True:
        some, steps_of_them = await store.write(partial(_close_some, hash_of, client, now))
        closed, cancelled = closed + some, cancelled + steps_of_them
        if some < AT_A_TIME:
            break
    rest = await store.write(partial(steps.cancel_all, client, BECAUSE, now))
    return closed, cancelled + rest


def _close_some(hash_of: Callable[[str], str], client: str, now: int) -> Work[tuple[int, int]]:
    rows = yield from cases.open_ones(client, AT_A_TIME)
    cancelled = 0
    for row in rows:
        cancelled += yield from _close(hash_of, client, row, now)
    return len(rows), cancelled


def _close(hash_of: Callable[[str], str], client: str, case: Row, now: int) -> Work[int]:
    case_id, subject = case["case_id"], case_subject(case["case_id"])
    yield from contacts.raise_version(client, case["number"])
    cancelled = yield from steps.cancel(client, subject, TEXTS, BECAUSE, now)
    cancelled += yield from steps.cancel_waiting(client, subject, BECAUSE, now)
    if FIRST_TEXT in cancelled:
        yield from cases.end(client, case_id, End.SUPPRESSED.value, BECAUSE, now)
    yield from cases.close(client, case_id, BECAUSE, now)
    content = {"because": BECAUSE}
    yield from ledger.write(client, "closed", subject, hash_of(case["number"]), content, now)
    return len(cancelled)


async def see(ctx: Context) -> frozenset[str]:
    """See which clients are retired; those that are new."""
    retired = await ctx.store.read(clients.retired)
    new, ctx.retired = retired - ctx.retired, retired
    return new


async def look(ctx: Context, again: frozenset[str] = frozenset()) -> frozenset[str]:
    """See which clients are retired, and finish what was begun meanwhile.

    Args:
        ctx: The deployment.
        again: Those that were new the last time: what was being done then is committed by now.

    Returns:
        Those to be looked at again: which are new, or could not be finished now.
    """
    new = await see(ctx)
    unfinished = set()
    for client in (new | again) & ctx.retired:
        try:
            await close_all(ctx.store, ctx.hash_of, client, ctx.now())
        except StoreError as error:
            ctx.log.warning("can't finish with who is retired", client=client, error=str(error))
            unfinished.add(client)
    return new | unfinished


async def keep_looking(ctx: Context) -> None:
    """Look until cancelled."""
    new: frozenset[str] = frozenset()
    while True:
        await asyncio.sleep(EVERY_S)
        try:
            new = await look(ctx, new)
        except StoreError as error:
            ctx.log.warning("can't see who is retired", error=str(error))
