"""Settle an unsure text: ask the provider that tried, now and later, what became of it."""

from __future__ import annotations

from textback.config.settings import Client
from textback.engine.context import Context
from textback.engine.steps import intents, outcomes, statuses
from textback.engine.steps.intents import Intent
from textback.flow import deliver
from textback.model import Absent, Kind, Receipt, TextState
from textback.store import Unit, Work, cases, steps, texts
from textback.store.steps import Step

SETTLED = "it was settled meanwhile"


async def run(ctx: Context, client: Client, step: Step) -> Unit[None]:
    """Do a ``settle/...`` step; the unit that commits what was found."""
    stack = await ctx.stack(client.id)
    row = await ctx.store.read(lambda: texts.get(client.id, step.detail["text"]))
    if row is None or row["state"] != TextState.UNKNOWN.value:
        return outcomes.dropped(ctx, client, step, SETTLED)
    intent = intents.read(ctx, row)
    finder = stack.impl("find_text", intent.plugin)
    found = await deliver.find(finder, intent.text) if finder is not None else None
    if isinstance(found, Receipt):
        receipt, because = found, "found at the provider"

        def unit() -> Work[None]:
            yield from statuses.taken(ctx, client, stack, intent, receipt, because)
            yield from _over(ctx, step, because)

        return unit
    if isinstance(found, Absent):
        return lambda: _send_again(ctx, client, step, intent)
    return lambda: _ask_later(ctx, step, able=finder is not None)


def _send_again(ctx: Context, client: Client, step: Step, intent: Intent) -> Work[None]:
    """The provider surely never got it: the step may make a new intent, if it is still wanted."""
    text, now = intent.text, ctx.now()
    if (yield from texts.held(client.id, text.id)) is not TextState.UNKNOWN:
        yield from _over(ctx, step, SETTLED)  # a status callback came while the provider was asked
        return
    because = "the provider never got it"
    yield from intents.over(ctx, intent, because)
    case = yield from cases.get(client.id, text.case)
    heard = case is not None and (
        case["closed_at"] is not None or (yield from texts.talking(client.id, text.case))
    )
    if heard and text.kind in (Kind.FIRST, Kind.FOLLOW_UP):
        because += ", and the conversation went on meanwhile"
        if text.kind is Kind.FIRST:
            yield from outcomes.never_left(ctx, client, text.case, because, now)
    else:
        yield from steps.reopen(client.id, step.subject, text.step, now)
    yield from _over(ctx, step, because)


def _ask_later(ctx: Context, step: Step, *, able: bool) -> Work[None]:
    due_at = outcomes.due_after(step.attempts, ctx.clock.now()) if able else None
    if due_at is None:
        yield from _over(ctx, step, "the provider can't tell; a status callback may still come")
        return
    because = "the provider does not show it yet"
    yield from steps.wait(step.client, step.subject, step.name, due_at, because, ctx.now())


def _over(ctx: Context, step: Step, because: str) -> Work[None]:
    result = {"because": because}
    yield from steps.finish(step.client, step.subject, step.name, result, ctx.now())
