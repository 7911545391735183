"""Calls: fold what sources tell, and conclude what it comes to.

`told` runs inside the commit of a webhook.  `conclude` runs when the verdict may fall: at once
where the provider's word is final, else when the source's settle time is over.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial
from typing import Any

import attrs

from textback.clock import micros
from textback.config.settings import Client
from textback.engine.calls import opening
from textback.engine.cases import closing, todo
from textback.engine.codec import kind_of, read_event, write_event
from textback.engine.context import Context, Wake, line_of, number_of
from textback.engine.names import CONCLUDE, case_subject
from textback.events import AnsweredBy, CallEvent, Happened
from textback.flow.detect import Conclusion, conclude, facts
from textback.model import Call, Outcome, PhoneNumber
from textback.plugins import Stack
from textback.store import Work, calls, inbox, steps, subjects
from textback.store.steps import Step

NEVER_ENDED = timedelta(hours=4)  # a call of which nothing more was told by then is given up


@attrs.frozen(kw_only=True)
class Known:
    """A call and the verdict on it, as far as it was told.

    Attributes:
        looked: What the store says besides, if the call was missed on one of the client's lines.
        asked: Who called, if that is being found out.
    """

    call: Call
    conclusion: Conclusion | None
    looked: opening.Looked | None = None
    asked: opening.Asked | None = None


def subject_of(call_id: str) -> str:
    """The subject of a call."""
    return f"call/{call_id}"


def told(
    ctx: Context, client: Client, stack: Stack, plugin: str, event: CallEvent, received_at: datetime
) -> Work[list[Wake]]:
    """Keep one event of a call and fold all that was told of it.

    Two sources tell of a call in the same moment, and so may the legs of one: each has to see the
    other, though neither is committed.
    """
    own, caller = f"{plugin}/{event.call}", number_of(client, event.caller)
    about = (subject_of(own),) if caller is None else (caller, subject_of(own))
    yield from ctx.queue.alone_with(client.id, *about)
    call_id, alias, first = yield from _which(client, plugin, event, own, caller)
    if call_id != own:
        yield from ctx.queue.alone_with(client.id, subject_of(call_id))
    subject = subject_of(call_id)
    new = yield from inbox.put(
        client.id,
        plugin,
        event.key,
        subject=subject,
        kind=kind_of(event),
        at=micros(event.at),
        received_at=micros(received_at),
        body=write_event(event),
    )
    if not new:
        return []
    if alias is not None:
        yield from calls.put(
            client.id, alias, {**_row(known_of(client, alias, [event])), "same_as": call_id}
        )
    known = known_of(client, call_id, [event]) if first else (yield from read(client, call_id))
    wakes: list[Wake] = []
    if event.recording_url:
        wakes = yield from _voicemail(client, stack, known.call, micros(received_at))
    yield from calls.put(client.id, call_id, {**_row(known), "same_as": None})
    return wakes + (yield from _next(ctx, client, stack, plugin, known, received_at))


def _voicemail(client: Client, stack: Stack, call: Call, now: int) -> Work[list[Wake]]:
    """A recording of which the team has not heard, as the case was opened before it came."""
    before = yield from calls.get(client.id, call.id)
    if before is None or before["case_id"] is None or before["recording_url"]:
        return []
    case = before["case_id"]
    of_case = yield from calls.of_case(client.id, case)
    number = 1 + [row["call_id"] for row in of_case].index(call.id)
    about, detail = f"voicemail/{number}", {"call": call.id}
    yield from steps.add(todo.notices(client, stack, case, about, now, detail), now)
    return [Wake(client.id, case_subject(case))]


def read(client: Client, call_id: str) -> Work[Known]:
    """Fold everything that was told of a call."""
    rows = yield from inbox.of(client.id, subject_of(call_id))
    events = [read_event(row["kind"], row["body"]) for row in rows]
    return known_of(client, call_id, [e for e in events if isinstance(e, CallEvent)])


def known_of(client: Client, call_id: str, events: list[CallEvent]) -> Known:
    """What a set of events says of their call."""
    found = facts(events)
    conclusion = conclude(events)
    call = Call(
        id=call_id,
        client=client.id,
        line=line_of(client, found.line, found.forwarded_from),
        caller=number_of(client, found.caller),
        caller_raw=found.caller or "",
        caller_name=found.name,
        started_at=found.started_at,
        ended_at=found.ended_at,
        outcome=conclusion.outcome if conclusion else None,
        duration_ms=found.duration_ms,
        recording_url=found.recording_url,
        evidence=conclusion.evidence if conclusion else "",
    )
    if conclusion and conclusion.outcome is Outcome.OUTGOING and _talked(events):
        # The business rang back and somebody took the call: that is what a call-back is.
        conclusion = attrs.evolve(conclusion, evidence=f"{conclusion.evidence}, answered")
        call = attrs.evolve(call, evidence=conclusion.evidence)
    return Known(call=call, conclusion=conclusion)


def _talked(events: list[CallEvent]) -> bool:
    return any(
        (e.happened is Happened.LEG_ANSWERED and e.by is not AnsweredBy.MACHINE)
        or e.outcome is Outcome.ANSWERED
        for e in events
    )


def _which(
    client: Client, plugin: str, event: CallEvent, own: str, caller: PhoneNumber | None
) -> Work[tuple[str, str | None, bool]]:
    """The call that an event is about.

    Also its other name, if another source told of it first; and whether nothing was told before.
    """
    row = yield from calls.get(client.id, own)
    if row is not None:
        return row["same_as"] or own, None, False
    line = line_of(client, event.line, event.forwarded_from)
    if caller is None or line is None:
        return own, None, True
    twin = yield from calls.twin(client.id, plugin, caller, line, micros(event.at))
    return (twin, own, False) if twin else (own, None, True)


def _next(
    ctx: Context, client: Client, stack: Stack, plugin: str, known: Known, received_at: datetime
) -> Work[list[Wake]]:
    """What follows from what is known now: nothing yet, a verdict soon, or a case to close."""
    call, conclusion = known.call, known.conclusion
    subject, now = subject_of(call.id), micros(received_at)
    if conclusion is None:
        give_up = micros(received_at + NEVER_ENDED)
        yield from steps.add([_step(client, call, give_up)], now)
        return []
    if not conclusion.outcome.missed:
        yield from steps.add([_step(client, call, now)], now)
        result = {"outcome": conclusion.outcome.value, "because": conclusion.evidence}
        yield from steps.finish(client.id, subject, CONCLUDE, result, now)
        if conclusion.outcome is Outcome.ANSWERED:
            yield from closing.by_event(
                ctx.hash_of, client, call.caller, "the caller got through", now
            )
        elif call.evidence.endswith("answered"):
            yield from closing.by_event(
                ctx.hash_of, client, call.caller, "the business rang back", now
            )
        return []
    settle_s = 0.0 if conclusion.certain else stack.settle_s(plugin)
    due_at = now + int(settle_s * 1_000_000)
    sooner = yield from steps.sooner(client.id, subject, CONCLUDE, due_at, now)
    if due_at > now or not sooner:  # not yet, or it is concluded already
        return []
    generation = yield from ctx.queue.claim(client.id, subject, ctx.owner, ctx.now())
    if generation is None:
        return [Wake(client.id, subject)]
    wake = Wake(client.id, subject, generation)
    try:
        known = yield from _looked(ctx, client, known)
    except Exception:  # noqa: BLE001 (the event is kept; who concludes it meets the same again)
        return [wake]
    return [attrs.evolve(wake, prepared={CONCLUDE: known})]


def _step(client: Client, call: Call, due_at: int) -> Step:
    return Step(client=client.id, subject=subject_of(call.id), name=CONCLUDE, due_at=due_at)


def _row(known: Known) -> dict[str, Any]:
    call = known.call
    return {
        "caller": call.caller,
        "caller_raw": call.caller_raw,
        "caller_name": call.caller_name,
        "line": call.line,
        "started_at": micros(call.started_at),
        "ended_at": micros(call.ended_at) if call.ended_at else None,
        "outcome": call.outcome.value if call.outcome else None,
        "duration_ms": call.duration_ms,
        "recording_url": call.recording_url,
        "evidence": call.evidence,
    }


def take(ctx: Context, client: Client, subject: str) -> Work[Known | None]:
    """All that is needed to conclude a call; None if it is concluded already."""
    step = yield from steps.get(client.id, subject, CONCLUDE)
    if step is None or step.state not in (steps.WAITING, steps.RUNNING):
        return None
    known = yield from read(client, subject.partition("/")[2])
    return (yield from _looked(ctx, client, known))


def _looked(ctx: Context, client: Client, known: Known) -> Work[Known]:
    call, conclusion = known.call, known.conclusion
    if conclusion is None or not conclusion.outcome.missed or elsewhere(client, call):
        return known
    looked = yield from opening.look(ctx, client, call, ctx.clock.now())
    return attrs.evolve(known, looked=looked)


def elsewhere(client: Client, call: Call) -> bool:
    """Whether a call was made to a number that is none of the client's lines."""
    return call.line is not None and call.line not in client.lines


async def advance(ctx: Context, client: Client, wake: Wake) -> list[Wake]:
    """Conclude a call whose time has come; the case that follows, if one does."""
    assert wake.generation is not None
    known: Known | None = wake.prepared.get(CONCLUDE)
    if known is None:  # what was prepared could not be committed
        known = await ctx.store.read(partial(take, ctx, client, wake.subject))
    if known is None:
        await ctx.store.write(
            lambda: subjects.renew(client.id, wake.subject, wake.generation or 0, 0)
        )
        return []
    if known.looked is not None:
        stack = await ctx.stack(client.id)
        return await opening.open_or_join(
            ctx, client, stack, known.call, wake, known.looked, known.asked
        )
    if known.conclusion is None or not known.conclusion.outcome.missed:
        await ctx.store.write(lambda: _over(ctx, client, wake))
    else:
        await _leave(ctx, client, wake, known.call)
    return []


async def _leave(ctx: Context, client: Client, wake: Wake, call: Call) -> None:
    """Leave a missed call alone that was made to somebody else: an account may have many numbers.

    The caller is no lead of this client's, and the client's team is told nothing of them.  Answered
    calls and calls back never come here: whoever was served is not texted, by whatever number.
    """
    assert wake.generation is not None
    assert call.outcome is not None
    plugin = call.id.partition("/")[0]
    because = f"{call.line} is none of the client's lines"
    result = {"outcome": call.outcome.value, "because": because}
    now, generation = ctx.now(), wake.generation

    def unit() -> Work[None]:
        yield from subjects.renew(client.id, wake.subject, generation, 0)
        yield from steps.finish(client.id, wake.subject, CONCLUDE, result, now)
        yield from calls.end(client.id, call.id, end_state=None, because=because, case_id=None)

    await ctx.store.write(unit)
    ctx.metrics.elsewhere.labels(plugin).inc()
    ctx.log.warning("a call to none of the lines", client=client.id, plugin=plugin, line=call.line)


def _over(ctx: Context, client: Client, wake: Wake) -> Work[None]:
    """Nothing to text: it was answered meanwhile, rings again, or nobody told how it ended."""
    assert wake.generation is not None
    now, subject = ctx.now(), wake.subject
    yield from ctx.queue.alone_with(client.id, subject)
    yield from subjects.renew(client.id, subject, wake.generation, 0)
    known = yield from read(client, subject.partition("/")[2])  # more may have been told
    give_up = micros(known.call.started_at + NEVER_ENDED)
    match known.conclusion:
        case None if now < give_up:  # another phone rings since the verdict fell
            yield from steps.wait(client.id, subject, CONCLUDE, give_up, "it rings again", now)
        case None:  # brought back if somebody tells after all
            because = "nobody told how it ended"
            yield from steps.cancel(client.id, subject, [CONCLUDE], because, now)
        case Conclusion(outcome=outcome) if not outcome.missed:
            result = {"outcome": outcome.value, "because": known.call.evidence}
            yield from steps.finish(client.id, subject, CONCLUDE, result, now)
