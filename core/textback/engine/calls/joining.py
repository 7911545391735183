"""A missed call that becomes part of the conversation that its caller is already in."""

from __future__ import annotations

from textback.config.settings import Client
from textback.engine.cases import todo
from textback.engine.context import Context, Wake
from textback.engine.names import CONCLUDE, case_subject
from textback.model import Call, End
from textback.plugins import Stack
from textback.store import Work, calls, cases, ledger, steps, subjects, texts
from textback.store.contacts import Stale
from textback.store.subjects import LostLease
from textback.store.work import Row


def open_case(client: Client, call: Call) -> Work[tuple[Row | None, bool]]:
    """The caller's open case, and whether it is a conversation that a call joins.

    One whose first call came to no text, and in which nobody wrote, is none: what spoke against
    a text may be gone.
    """
    row = None
    if call.caller is not None:
        row = yield from cases.open_of(client.id, call.caller)
    if row is None or fresh_start(client, call):
        return row, False
    if row["end_state"] is None:  # it is held, or on its way
        return row, True
    shadow = client.mode == "shadow"
    return row, (yield from texts.begun(client.id, row["case_id"], shadow=shadow))


def fresh_start(client: Client, call: Call) -> bool:
    """Test phones may try as often as they like: each of their calls is a case of its own."""
    return client.mode == "test" and call.caller in client.test_phones


def join(ctx: Context, client: Client, stack: Stack, call: Call, wake: Wake) -> Work[list[Wake]]:
    """Make a call part of its caller's open case; what can be done next.

    Raises:
        Stale: The case was closed meanwhile.
    """
    assert call.caller is not None
    assert wake.generation is not None
    now = ctx.now()
    yield from subjects.renew(client.id, wake.subject, wake.generation, 0)
    row = yield from cases.open_of(client.id, call.caller)
    if row is None:
        raise Stale("the case was closed meanwhile")
    case = row["case_id"]
    yield from conclude(client, wake, call, case, now)
    number = yield from cases.join(client.id, case, call.line, now)
    if number is None:
        raise Stale("the case was closed just now")
    yield from calls.end(
        client.id,
        call.id,
        end_state=End.JOINED.value,
        because="the caller already had an open conversation",
        case_id=case,
    )
    subject = case_subject(case)
    yield from steps.add(
        [
            *todo.notices(client, stack, case, f"call/{number}", now, {"call": call.id}),
            *todo.logs(client, stack, case, f"call/{number}", now, {"call": call.id}),
        ],
        now,
    )
    yield from ledger.write(
        client.id,
        "joined",
        subject,
        ctx.hash_of(call.caller),
        {"call": call.id, "calls": number},
        now,
    )
    ctx.metrics.ends.labels(End.JOINED.value).inc()
    return [Wake(client.id, subject)]


def conclude(client: Client, wake: Wake, call: Call, case: str, now: int) -> Work[None]:
    """Finish the step for which the call was held.

    Raises:
        LostLease: Somebody else did.
    """
    outcome = call.outcome.value if call.outcome else None
    result = {"outcome": outcome, "because": call.evidence, "case": case}
    if not (yield from steps.finish(client.id, wake.subject, CONCLUDE, result, now)):
        raise LostLease(f"{client.id}/{wake.subject} was concluded already")
