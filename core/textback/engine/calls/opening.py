"""The second commit: a missed call opens a case or joins one.

Identify, decide and write the text first; then everything that follows from the call becomes
durable at once: the case, all its steps, the decision with every answer, and the intent to text.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import datetime
from functools import partial

import attrs

from textback.clock import micros
from textback.config.settings import Client
from textback.engine.calls import joining, planning
from textback.engine.calls.planning import Planned
from textback.engine.cases import closing, pictures
from textback.engine.committing import committed
from textback.engine.context import Context, Wake
from textback.engine.names import CALLED_AGAIN, FIRST_TEXT, case_subject
from textback.engine.steps import intents, shadow
from textback.errors import StoreBusy
from textback.flow.identify import Identified, identify
from textback.model import Call, Caller, End, Kind
from textback.picture import Action
from textback.plugins import Stack
from textback.store import Work, calls, cases, steps, subjects
from textback.store.contacts import Stale
from textback.store.steps import RUNNING, Step
from textback.store.work import Row

Asked = asyncio.Future[Identified]
TRIES = 50  # something happened to this number during each of them: not in this world


@attrs.frozen(kw_only=True)
class Looked:
    """What the store says about a missed call before it is decided on.

    Attributes:
        open_case: The caller's.
        joins: It is a conversation that the call becomes a part of.
    """

    open_case: Row | None
    joins: bool
    read: pictures.Read


def look(ctx: Context, client: Client, call: Call, now: datetime) -> Work[Looked]:
    """Look once; whatever happens to this number later makes the commit fail.

    The open case, which is read before the versions, is looked for again in the commit.
    """
    open_case, joins = yield from joining.open_case(client, call)
    read = pictures.Read()
    if not joins:
        case = planning.new_case(client, call, Caller())
        read = yield from pictures.look(ctx, client, case, kind=Kind.FIRST, now=now)
    return Looked(open_case=open_case, joins=joins, read=read)


async def open_or_join(
    ctx: Context,
    client: Client,
    stack: Stack,
    call: Call,
    wake: Wake,
    looked: Looked,
    asked: Asked | None,
) -> list[Wake]:
    """Make a missed call part of a conversation; what can be done next.

    Args:
        ctx: The deployment.
        client: Who was called.
        stack: Its plugins.
        call: The call.
        wake: Under which the call is held.
        looked: By whoever held it first, in the same commit.
        asked: Who called, if that is being found out already.
    """
    identified = None
    for _ in range(TRIES):
        try:
            if looked.joins:
                if asked is not None:
                    asked.cancel()
                    asked = None
                return await ctx.store.write(partial(joining.join, ctx, client, stack, call, wake))
            identified = identified or await (asked or ask_who(client, stack, call))
            return await _once(ctx, client, stack, call, identified, wake, looked)
        except Stale:  # an opt-out, a reply or another call came first: look again
            looked = await ctx.store.read(partial(look, ctx, client, call, ctx.clock.now()))
    raise Stale(f"{client.id}: the caller's state changed at each of {TRIES} tries")


def ask_who(client: Client, stack: Stack, call: Call) -> Asked:
    """Begin to find out who called."""
    impls = stack.impls("identify_caller")
    return asyncio.ensure_future(identify(impls, call, client.identify_within_s))


async def _once(
    ctx: Context,
    client: Client,
    stack: Stack,
    call: Call,
    identified: Identified,
    wake: Wake,
    looked: Looked,
) -> list[Wake]:
    now = ctx.clock.now()
    case = planning.new_case(client, call, identified.caller)
    seen = pictures.seen(
        ctx,
        client,
        case,
        looked.read,
        kind=Kind.FIRST,
        step=FIRST_TEXT,
        now=now,
        raw=call.caller_raw,
        call_ended_at=call.ended_at or call.started_at,
    )
    planned = await planning.plan(ctx, client, stack, call, identified, case, seen, now)
    again = looked.open_case is not None
    if again and not (_goes(planned) or joining.fresh_start(client, call)):
        return await ctx.store.write(lambda: joining.join(ctx, client, stack, call, wake))
    try:
        opened = await ctx.store.write(
            lambda: _open(ctx, client, stack, planned, wake, again=again)
        )
    except StoreBusy as error:  # it may be there all the same: only the answer was lost
        found = await committed(ctx, client.id, lambda: _find(ctx, client, stack, planned, wake))
        if found is None:
            raise error from None
        opened = found
    if planned.case.end is not None:
        ctx.metrics.ends.labels(planned.case.end.value).inc()
    return [opened]


def _goes(planned: Planned) -> bool:
    """Whether a text goes, now or later, or would if the client did more than watch."""
    return planned.case.end not in (End.SUPPRESSED, End.FAILED)


def _open(
    ctx: Context, client: Client, stack: Stack, planned: Planned, wake: Wake, *, again: bool
) -> Work[Wake]:
    """Commit all of it; *again* if the caller has a case that this one takes the place of."""
    assert wake.generation is not None
    call, case, intent = planned.call, planned.case, planned.intent
    now, subject = micros(planned.now), case_subject(case.id)
    yield from subjects.renew(client.id, wake.subject, wake.generation, 0)
    yield from joining.conclude(client, wake, call, case.id, now)
    yield from pictures.unchanged(planned.seen)
    if again:
        before, begun = yield from joining.open_case(client, call)
        if begun:
            raise Stale("it has become a conversation")
        if before is not None:
            yield from closing.close(ctx.hash_of, client, before, CALLED_AGAIN, now)
    opened = yield from cases.open_new(planning.case_row(planned))
    if not opened:
        raise Stale("another call opened a case first")
    end = case.end.value if case.end else None
    yield from calls.end(client.id, call.id, end_state=end, because=case.because, case_id=case.id)
    planned_steps = planning.steps_of(client, stack, planned, subject, now)
    yield from steps.add(planned_steps, now)
    if intent is not None:
        yield from intents.commit(ctx, intent, planned.decision)
    else:
        more = {"body": planned.body} if planned.body else None
        yield from intents.decided(
            ctx, client.id, case.id, case.number, FIRST_TEXT, planned.decision, now, more
        )
        if planned.decision.action is Action.SHADOW:
            yield from shadow.first(client, case, planned.body, now)
    generation = yield from ctx.queue.claim(client.id, subject, ctx.owner, ctx.now())
    return _begun(planned, planned_steps, generation)


def _find(
    ctx: Context, client: Client, stack: Stack, planned: Planned, wake: Wake
) -> Work[Wake | None]:
    """What was opened, if it was committed though no answer came, and is still ours to go on with.

    To renew the call's lease comes first: it waits for a commit that may still be under way.

    Raises:
        LostLease: Somebody else has the call, and what was opened with it.
    """
    assert wake.generation is not None
    case, now = planned.case, ctx.now()
    subject, until = case_subject(case.id), now + ctx.queue.lease_us
    yield from subjects.renew(client.id, wake.subject, wake.generation, until)
    if (yield from cases.get(client.id, case.id)) is None:
        return None
    yield from subjects.renew(client.id, wake.subject, wake.generation, 0)
    generation = yield from subjects.held_by(client.id, subject, ctx.owner)
    if generation is None:
        raise subjects.LostLease(f"{client.id}/{subject}: it took too long to hear that it is open")
    yield from subjects.renew(client.id, subject, generation, until)
    planned_steps = planning.steps_of(client, stack, planned, subject, micros(planned.now))
    return _begun(planned, planned_steps, generation)


def _begun(planned: Planned, planned_steps: Sequence[Step], generation: int | None) -> Wake:
    """The case at work, with the steps that were committed as running."""
    case, intent = planned.case, planned.intent
    started = tuple(step for step in planned_steps if step.state == RUNNING)
    return Wake(
        case.client,
        case_subject(case.id),
        generation,
        started=started,
        prepared={step.name: intent if step.name == FIRST_TEXT else case for step in started},
    )
