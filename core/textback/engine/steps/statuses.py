"""What became of texts that we sent: inside the commit of the status callback."""

from __future__ import annotations

from datetime import datetime

from textback.clock import micros
from textback.config.settings import Client
from textback.engine.cases import closing, todo
from textback.engine.codec import read_event
from textback.engine.context import Context, Wake
from textback.engine.names import NO_CASE, case_subject
from textback.engine.steps import intents, outcomes
from textback.engine.steps.intents import Intent
from textback.events import TextStatus
from textback.model import FailureReason, Receipt, TextState
from textback.plugins import Stack
from textback.store import Work, cases, inbox, steps, team_texts, texts
from textback.store.work import Row

# A number that can't be reached, or must not be: later texts of the sequence make no sense.
_FOR_GOOD = (FailureReason.OPTED_OUT, FailureReason.UNREACHABLE, FailureReason.INVALID_NUMBER)


def subject_of(plugin: str, event: TextStatus) -> str | None:
    """Where a status waits that comes before we know its text."""
    return _waiting(plugin, event.provider_id) if event.provider_id else None


def _waiting(plugin: str, provider_id: str) -> str:
    return f"text/{plugin}/{provider_id}"


def told(
    ctx: Context,
    client: Client,
    stack: Stack,
    plugin: str,
    event: TextStatus,
    received_at: datetime,
) -> Work[list[Wake]]:
    """Move a text forward; one that is not known yet waits in the inbox for its receipt."""
    row = None
    if event.text is None and event.provider_id is not None:  # its receipt may be on its way
        yield from ctx.queue.alone_with(client.id, _waiting(plugin, event.provider_id))
    if event.text is not None:
        row = yield from texts.get(client.id, event.text)
    if row is None and event.provider_id is not None:
        row = yield from texts.by_provider(client.id, plugin, event.provider_id)
    if row is None and event.text is not None:  # a notice to the team, perhaps
        state, sid = event.state, event.provider_id
        if (yield from team_texts.get(client.id, event.text)) is not None:
            yield from team_texts.became(client.id, event.text, state, sid)
    if row is None or row["direction"] != "out" or not row["number"]:  # forgotten
        return []
    if row["case_id"] == NO_CASE:
        now, state, sid = micros(received_at), event.state, event.provider_id
        yield from texts.advance(client.id, row["text_id"], state, now, provider_id=sid)
        return []
    yield from _apply(ctx, client, stack, row, event, micros(received_at))
    return [Wake(client.id, case_subject(row["case_id"]))]


def taken(
    ctx: Context, client: Client, stack: Stack, intent: Intent, receipt: Receipt, because: str = ""
) -> Work[None]:
    """A provider has a text; the statuses that came before its receipt are applied, too."""
    plugin, provider_id = intent.plugin, receipt.provider_id
    waiting = _waiting(plugin, provider_id)
    yield from ctx.queue.alone_with(client.id, waiting)
    yield from outcomes.settled(
        ctx,
        client,
        stack,
        intent,
        receipt.state,
        ctx.now(),
        provider_id=provider_id,
        because=because,
    )
    rows = yield from inbox.of(client.id, waiting)
    if not rows:
        return
    text = yield from texts.by_provider(client.id, plugin, provider_id)
    for row in rows:
        event = read_event(row["kind"], row["body"])
        if text is not None and isinstance(event, TextStatus):
            yield from _apply(ctx, client, stack, text, event, ctx.now())


def _apply(
    ctx: Context, client: Client, stack: Stack, row: Row, event: TextStatus, now: int
) -> Work[None]:
    before = TextState(row["state"])
    if event.state.rank <= before.rank:
        return
    intent = intents.read(ctx, row)
    because = _because(event)
    yield from outcomes.settled(
        ctx,
        client,
        stack,
        intent,
        event.state,
        now,
        provider_id=event.provider_id,
        because=because,
        reason=event.reason.value if event.reason else None,
    )
    if event.state is not TextState.FAILED:
        return
    yield from outcomes.remember(
        ctx,
        client,
        intent.text.to,
        because,
        now,
        opted_out=event.reason is FailureReason.OPTED_OUT,
        unreachable=event.reason in (FailureReason.UNREACHABLE, FailureReason.INVALID_NUMBER),
    )
    if event.reason in _FOR_GOOD:
        case = yield from cases.get(client.id, intent.text.case)
        if case is not None:
            yield from closing.cancel_texts(client, case, because, now)
    if before is not TextState.SENDING:  # the team was told that it was sent
        about = f"failed/{intent.text.step}"
        detail = {"because": because, "text": intent.text.id}
        yield from steps.add(todo.notices(client, stack, intent.text.case, about, now, detail), now)


def _because(event: TextStatus) -> str:
    if event.state is not TextState.FAILED:
        return ""
    reason = event.reason or FailureReason.UNKNOWN
    words = reason.value.replace("_", " ")
    return f"not delivered: {words}" + (f" ({event.code})" if event.code else "")
