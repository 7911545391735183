"""Close a case in which nothing happens any more."""

from __future__ import annotations

from textback.clock import micros, moment
from textback.config.settings import Client
from textback.engine.cases import closing
from textback.engine.context import Context
from textback.store import Unit, Work, cases, contacts, steps
from textback.store.steps import Step


async def run(ctx: Context, client: Client, step: Step) -> Unit[None]:
    """Do the ``idle`` step: close the case, or look again when its quiet time may be over."""

    def unit() -> Work[None]:
        now = ctx.now()
        case = yield from cases.get(client.id, step.subject.partition("/")[2])
        assert case is not None
        next_at, _ = yield from steps.outlook(client.id, step.subject)
        last = max(case["last_at"], next_at or 0)
        quiet_until = micros(moment(last) + client.idle_after)
        if case["closed_at"] is None and quiet_until > now:
            yield from steps.wait(
                client.id, step.subject, step.name, quiet_until, "something happened", now
            )
            return
        if case["closed_at"] is None:
            if case["number"] is not None:
                yield from contacts.raise_version(client.id, case["number"])
            days = client.idle_after.days
            yield from closing.close(
                ctx.hash_of, client, case, f"nothing happened for {days} days", now
            )
        yield from steps.finish(client.id, step.subject, step.name, {}, now)

    return unit
