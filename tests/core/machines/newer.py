"""``textback`` of a newer version: it has one step more."""

from __future__ import annotations

from functools import partial

from textback.cli import main
from textback.engine import actor, crew
from textback.store import steps

crew.VERSION = "99"
actor.KINDS |= {"wave"}
_do = actor.Actor._do


async def do(self, step):
    """What this version does."""
    if step.name != "wave":
        return await _do(self, step)
    return partial(steps.finish, step.client, step.subject, step.name, {}, self.ctx.now())


actor.Actor._do = do
main()
