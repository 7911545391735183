"""A listing that was cut off is made again from where it began, whatever was heard meanwhile."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest

from support.house import CLIENT, STACK, House
from support.outside import Plugin
from textback.engine.crew.sources import LOOK_BACK, list_calls
from textback.errors import NotSent
from textback.events import Event, Reading, WebhookRequest
from textback.hookspecs import hookimpl

asked: list[datetime] = []
down = True


class Lister(Plugin):
    """A source whose listing fails as long as a test says."""

    @hookimpl
    async def read_webhook(self, request: WebhookRequest) -> Reading:
        return Reading()

    @hookimpl
    async def list_calls(self, since: datetime) -> AsyncIterator[Event]:
        asked.append(since)
        if down:
            raise NotSent("down")
        for event in ():
            yield event


async def test_from_where_it_began(closed: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not from the last webhook, which came after the outage."""
    asked.clear()
    closed.outside.others["lister"] = Lister
    closed.write(stack=f"{STACK}\n[plugins.lister]\n")
    await closed.open()
    ctx, engine = closed.runtime.ctx, closed.runtime.engine
    client = ctx.clients[CLIENT]
    (impl,) = (await ctx.stack(CLIENT)).impls("list_calls")
    began = closed.clock.now()
    await closed.tell(closed.ended(), plugin="lister")

    with pytest.raises(NotSent):
        await list_calls(ctx, engine, client, impl, ctx.now() + 1)
    closed.clock.advance(timedelta(hours=1))
    await closed.tell(closed.ended(caller="+13035550199"), plugin="lister")
    monkeypatch.setitem(globals(), "down", False)
    await list_calls(ctx, engine, client, impl, ctx.now() + 1)
    await list_calls(ctx, engine, client, impl, ctx.now() + 1)

    assert asked[0] == asked[1] == began - LOOK_BACK
    assert asked[2] == began + timedelta(hours=1) - LOOK_BACK
