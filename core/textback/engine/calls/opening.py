"""The second commit: a missed call opens a case or joins one.

Identify, decide and write the text first; then everything that follows from the call becomes
durable at once: the case, all its steps, the decision with every answer, and the intent to text.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import attrs

from textback.clock import micros
from textback.config.settings import Client
from textback.engine.calls import joining
from textback.engine.cases import closing, pictures, todo
from textback.engine.codec import write_caller
from textback.engine.context import Context, Wake
from textback.engine.names import CALLED_AGAIN, FIRST_TEXT, IDLE, case_id, case_subject
from textback.engine.steps import intents, shadow
from textback.engine.steps.intents import Intent
from textback.flow import choice, deliver, follow_up
from textback.flow.decide import decide, decide_on
from textback.flow.identify import Identified, identify
from textback.model import Call, Caller, Case, End, Kind
from textback.picture import Action, Decision
from textback.plugins import Stack
from textback.store import Work, calls, cases, steps, subjects
from textback.store.contacts import Stale
from textback.store.steps import DONE, RUNNING, Step
from textback.store.subjects import LEASE_US
from textback.store.work import Row

NOTICE_WAITS = timedelta(seconds=2)  # for the text's first result, at the most
Asked = asyncio.Future[Identified]
TRIES = 50  # something happened to this number during each of them: not in this world


@attrs.frozen(kw_only=True)
class Planned:
    """Everything that is committed when a case is opened."""

    call: Call
    case: Case
    decision: Decision
    identified: Identified
    seen: pictures.Seen
    body: str
    intent: Intent | None
    now: datetime


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
        case = _new_case(client, call, Caller())
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
    case = _new_case(client, call, identified.caller)
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
    planned = await _plan(ctx, client, stack, call, identified, case, seen, now)
    again = looked.open_case is not None
    if again and not (_goes(planned) or joining.fresh_start(client, call)):
        return await ctx.store.write(lambda: joining.join(ctx, client, stack, call, wake))
    opened = await ctx.store.write(lambda: _open(ctx, client, stack, planned, wake, again=again))
    if planned.case.end is not None:
        ctx.metrics.ends.labels(planned.case.end.value).inc()
    return [opened]


def _goes(planned: Planned) -> bool:
    """Whether a text goes, now or later, or would if the client did more than watch."""
    return planned.case.end not in (End.SUPPRESSED, End.FAILED)


def _new_case(client: Client, call: Call, caller: Caller) -> Case:
    return Case(
        id=case_id(client.id, call.id),
        client=client.id,
        number=call.caller,
        line=call.line,
        opened_at=call.ended_at or call.started_at,
        caller=caller,
        outcome=call.outcome,
    )


async def _plan(
    ctx: Context,
    client: Client,
    stack: Stack,
    call: Call,
    identified: Identified,
    case: Case,
    seen: pictures.Seen,
    now: datetime,
) -> Planned:
    decision = decide(seen.picture, stack.impls("judge"))
    senders = stack.impls("send_text")
    body, intent = "", None
    if decision.action in (Action.SEND, Action.SHADOW):
        template = choice.first_text(client, case)
        body = await deliver.compose(
            stack.impls("compose_text"), stack.impls("booking_link"), client, seen.picture, template
        )
        decision = decide_on(body, seen.picture, decision)
        if decision.action not in (Action.SEND, Action.SHADOW):
            body = ""
    if decision.action is Action.SEND and senders:
        intent = intents.make(
            ctx,
            case,
            step=FIRST_TEXT,
            kind=Kind.FIRST,
            body=body,
            plugin=senders[0].plugin,
            attempt=1,
            now=now,
            line=client.lines[0] if case.line is None else None,
        )
    end, because = _end(decision, has_sender=bool(senders))
    return Planned(
        call=call,
        case=attrs.evolve(case, end=end, because=because),
        decision=decision,
        identified=identified,
        seen=seen,
        body=body,
        intent=intent,
        now=now,
    )


def _end(decision: Decision, *, has_sender: bool) -> tuple[End | None, str]:
    match decision.action:
        case Action.SUPPRESS:
            return End.SUPPRESSED, decision.because
        case Action.SHADOW:
            return End.SHADOWED, decision.because
        case Action.SEND if not has_sender:
            return End.FAILED, "no plugin of this client can send texts"
        case Action.HOLD:
            return None, decision.because
        case _:
            return None, ""


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
    opened = yield from cases.open_new(_case_row(planned))
    if not opened:
        raise Stale("another call opened a case first")
    end = case.end.value if case.end else None
    yield from calls.end(client.id, call.id, end_state=end, because=case.because, case_id=case.id)
    planned_steps = _steps(client, stack, planned, subject, now)
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
    started = tuple(step for step in planned_steps if step.state == RUNNING)
    return Wake(
        client.id,
        subject,
        generation,
        started=started,
        prepared={step.name: intent if step.name == FIRST_TEXT else case for step in started},
    )


def _case_row(planned: Planned) -> dict[str, object]:
    case, decision = planned.case, planned.decision
    held = decision.action is Action.HOLD and decision.until is not None
    withheld = case.number is None
    return {
        "client": case.client,
        "case_id": case.id,
        "number": case.number,
        "line": case.line,
        "opened_at": micros(case.opened_at),
        "caller": write_caller(case.caller),
        "outcome": case.outcome.value if case.outcome else None,
        "end_state": case.end.value if case.end else None,
        "because": case.because,
        "held_until": micros(decision.until) if held and decision.until else None,
        "calls": 1,
        "closed_at": micros(planned.now) if withheld else None,
        "closed_because": "nobody can answer a withheld number" if withheld else None,
    }


def _steps(client: Client, stack: Stack, planned: Planned, subject: str, now: int) -> list[Step]:
    """All that follows from a missed call, each with the time at which it is due."""
    case, call = planned.case, planned.call
    waits = planned.intent is not None
    step = partial(Step, client=client.id, subject=subject)
    plan = [
        step(name="identify", state=DONE, result=_who(planned.identified)),
        _first_text(planned, step, now),
        *(
            step(
                name=f"notify/{plugin}/call/1",
                due_at=now + (int(NOTICE_WAITS.total_seconds() * 1e6) if waits else 0),
                after=FIRST_TEXT,
                detail={"call": call.id},
            )
            for plugin in stack.notifiers
        ),
    ]
    if case.number is None:
        return plan
    plan += [
        step(name=f"lead/{impl.plugin}", state=RUNNING, attempts=1, due_at=now + LEASE_US)
        for impl in stack.impls("save_contact")
    ]
    plan += [
        step(name=f"deal/{impl.plugin}", after=f"lead/{impl.plugin}")
        for impl in stack.impls("save_deal")
    ]
    plan += [
        step(
            name=f"log/{impl.plugin}/call/1",
            after=todo.logged_after(stack, impl.plugin),
            detail={"call": call.id},
        )
        for impl in stack.impls("log_activity")
    ]
    plan.append(step(name=IDLE, due_at=micros(follow_up.idle_at(client, planned.now))))
    return plan


def _first_text(planned: Planned, step: Callable[..., Step], now: int) -> Step:
    make = partial(step, name=FIRST_TEXT)
    decision = planned.decision
    if planned.intent is not None:
        return make(state=RUNNING, attempts=1, due_at=now + LEASE_US)
    if decision.action is Action.HOLD:
        due_at = micros(decision.until) if decision.until else None
        return make(due_at=due_at)
    assert planned.case.end is not None
    result = {"end": planned.case.end.value, "because": planned.case.because}
    return make(state=DONE, result=result)


def _who(identified: Identified) -> dict[str, object]:
    caller = identified.caller
    return {"known": bool(caller.known), "missing": list(identified.missing)}
