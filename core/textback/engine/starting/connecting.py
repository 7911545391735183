"""Have a client's plugins set our addresses at their providers."""

from __future__ import annotations

from collections.abc import AsyncIterator

from textback import dispatch
from textback.config.settings import Client
from textback.engine.starting.runtime import Runtime
from textback.model import Addresses


async def connect(
    runtime: Runtime, client: Client, *, dry_run: bool
) -> AsyncIterator[dispatch.Answer]:
    """Ask each plugin that can; an answer has a list of `Change`, or why there is none.

    One after the other, in the order of the client's file: two plugins may be of one account.
    """
    stack = await runtime.ctx.stack(client.id)
    for impl in stack.impls("connect"):
        addresses = Addresses(runtime.ctx.address(client.id, impl.plugin), client.lines)
        (answer,) = await dispatch.everyone([impl], addresses=addresses, dry_run=dry_run)
        yield answer
