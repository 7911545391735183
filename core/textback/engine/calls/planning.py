"""What a missed call comes to, before any of it is written: the verdict, the text, the steps."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

import attrs

from textback.clock import micros
from textback.config.settings import Client
from textback.engine.cases import pictures, todo
from textback.engine.codec import write_caller
from textback.engine.context import Context
from textback.engine.names import FIRST_TEXT, IDLE, case_id
from textback.engine.steps import intents
from textback.engine.steps.intents import Intent
from textback.flow import choice, deliver, follow_up
from textback.flow.decide import decide, decide_on
from textback.flow.identify import Identified
from textback.model import Call, Caller, Case, End, Kind
from textback.picture import Action, Decision
from textback.plugins import Stack
from textback.store.steps import DONE, RUNNING, Step
from textback.store.subjects import LEASE_US

NOTICE_WAITS = timedelta(seconds=2)  # for the text's first result, at the most


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


def new_case(client: Client, call: Call, caller: Caller) -> Case:
    """The case that a call opens, if it opens one."""
    return Case(
        id=case_id(client.id, call.id),
        client=client.id,
        number=call.caller,
        line=call.line,
        opened_at=call.ended_at or call.started_at,
        caller=caller,
        outcome=call.outcome,
    )


async def plan(
    ctx: Context,
    client: Client,
    stack: Stack,
    call: Call,
    identified: Identified,
    case: Case,
    seen: pictures.Seen,
    now: datetime,
) -> Planned:
    """Ask the rules, and write the text if one goes or would."""
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


def case_row(planned: Planned) -> dict[str, object]:
    """The case as it is written."""
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


def steps_of(client: Client, stack: Stack, planned: Planned, subject: str, now: int) -> list[Step]:
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
