"""After a restore: find out from the providers what happened since the backup.

The store has forgotten what was sent after the backup was made, the world has not.  Each provider
that can list its texts is asked.  A text that was seen there settles the step that was to send it;
one that fits no step is kept all the same, so that its number is not texted anew.  Where nobody can
tell, what was due since is parked: only a person may decide whether it goes.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

import attrs

from textback import dispatch
from textback.clock import micros
from textback.config.settings import Client
from textback.engine.cases import closing
from textback.engine.context import Context, number_of
from textback.engine.names import NO_CASE, case_subject, text_id
from textback.engine.retry import describe as in_words
from textback.engine.steps import intents, outcomes
from textback.engine.steps.intents import Intent
from textback.engine.told import accept
from textback.errors import AssemblyError
from textback.events import Event, OptOut, TextReceived, TextStatus
from textback.flow.follow_up import channel_of
from textback.flow.reply import meaning
from textback.model import Keyword, Kind, PhoneNumber, Text, TextState
from textback.plugins import Stack
from textback.store import Work, cases, contacts, steps, texts
from textback.store.steps import RUNNING, WAITING, Step
from textback.store.work import Row

LOOK_BACK = timedelta(minutes=5)  # listings lag, and the clocks of providers differ
MARGIN = timedelta(minutes=1)  # how much earlier than due a text may seem to have been sent
BODY = "(sent after the backup was made; the provider has its words)"
BECAUSE = "seen at the provider after a restore"
CANNOT_TELL = "it was due between backup and restore, and nobody can tell whether it went"

_KINDS = {
    "follow_up": Kind.FOLLOW_UP,
    "stop": Kind.CONFIRMATION,
    "help": Kind.HELP,
}


@attrs.define(kw_only=True)
class Found:
    """What one client's providers told.

    Attributes:
        settled: Texts that settled a step or an attempt.
        kept: Texts that fit no step of this store.
        held: Texts that were due since the backup and were not seen: they wait for `resume`.
        parked: Those of which nobody can tell: they wait for `retry`.
        blind: Which senders could not tell, and why.
    """

    client: str
    settled: int = 0
    kept: int = 0
    replies: int = 0
    opt_outs: int = 0
    held: int = 0
    parked: int = 0
    blind: list[str] = attrs.field(factory=list)


async def reconcile(ctx: Context, since: datetime) -> list[Found]:
    """Ask the senders of every client what happened since a moment, and take it over.

    Nothing is sent: the steps that follow are done when the engine runs again.
    """
    return [await _client(ctx, client, since) for client in ctx.clients.values()]


async def _client(ctx: Context, client: Client, since: datetime) -> Found:
    found = Found(client=client.id)
    try:
        stack = await ctx.stack(client.id)
    except AssemblyError as error:
        found.blind.append(f"its plugins can't be asked: {error}")
    else:
        told = await _listed(stack, since - LOOK_BACK, found)
        for plugin, event in sorted(told, key=lambda each: each[1].at):
            await _take(ctx, client, stack, plugin, event, found)
    unit = partial(_hold, ctx, client, blind=bool(found.blind))
    found.held, found.parked = await ctx.store.write(unit)
    return found


async def _listed(stack: Stack, since: datetime, found: Found) -> list[tuple[str, Event]]:
    told: list[tuple[str, Event]] = []
    for sender in stack.impls("send_text"):
        lister = stack.impl("list_texts", sender.plugin)
        if lister is None:
            found.blind.append(f"{sender.plugin} can't list what it has sent")
            continue
        try:
            told += [(sender.plugin, event) async for event in dispatch.each(lister, since=since)]
        except Exception as error:  # noqa: BLE001 (whatever a plugin raises: it told nothing)
            found.blind.append(f"{sender.plugin} didn't tell: {in_words(error)}")
    return told


async def _take(
    ctx: Context, client: Client, stack: Stack, plugin: str, event: Event, found: Found
) -> None:
    if isinstance(event, TextStatus):
        adopted = await ctx.store.write(partial(_adopt, ctx, client, stack, plugin, event))
        found.settled += adopted == "settled"
        found.kept += adopted == "kept"
    wakes = await accept.accept(ctx, client, stack, plugin, [event], ctx.clock.now())
    if not wakes:  # it was known already, or changes nothing
        return
    if isinstance(event, OptOut) or (
        isinstance(event, TextReceived) and meaning(event, opted_out=False).keyword is Keyword.STOP
    ):
        found.opt_outs += 1
    elif isinstance(event, TextReceived):
        found.replies += 1


def _adopt(
    ctx: Context, client: Client, stack: Stack, plugin: str, event: TextStatus
) -> Work[str | None]:
    """Take over one text that a provider has sent, if the store doesn't know it."""
    number = number_of(client, event.number)
    if number is None or event.provider_id is None or number in client.staff_phones:
        return None
    if (yield from texts.by_provider(client.id, plugin, event.provider_id)) is not None:
        return None
    now = ctx.now()
    attempt = yield from texts.unsettled(client.id, plugin, number, micros(event.at + MARGIN))
    case = yield from cases.open_of(client.id, number)
    if case is None:
        case = yield from cases.latest_of(client.id, number)
    step = yield from _due(client, case, event.at) if case is not None else _none()
    yield from contacts.raise_version(client.id, number)
    if attempt is not None:
        intent = intents.read(ctx, attempt)
    elif case is not None and step is not None:
        intent = yield from _attempt(client, case, step, number, plugin, event)
    else:
        yield from _keep(client, case, number, plugin, event)
        if case is not None:
            because = "a text was sent that this store doesn't know of"
            yield from closing.cancel_texts(client, case, because, now)
        return "kept"
    yield from outcomes.settled(
        ctx,
        client,
        stack,
        intent,
        event.state,
        now,
        provider_id=event.provider_id,
        because=BECAUSE,
    )
    return "settled"


def _none() -> Work[None]:
    yield from ()


def _due(client: Client, case: Row, sent_at: datetime) -> Work[Step | None]:
    """The step that a text comes from: the first that was due when it was sent."""
    latest = micros(sent_at + MARGIN)
    known = yield from steps.of(client.id, case_subject(case["case_id"]))
    due = [
        step
        for step in known
        if _is_text(client, step)
        and (step.state == RUNNING or step.due_at is None or step.due_at <= latest)
    ]
    return min(due, key=lambda step: (step.due_at or 0, step.name), default=None)


def _is_text(client: Client, step: Step) -> bool:
    return (
        step.name.partition("/")[0] in ("text", *_KINDS)
        and step.state in (WAITING, RUNNING)
        and channel_of(client, step.name) == "sms"
    )


def _attempt(
    client: Client, case: Row, step: Step, number: PhoneNumber, plugin: str, event: TextStatus
) -> Work[Intent]:
    """The attempt that the store has forgotten."""
    tried = yield from texts.of_step(client.id, case["case_id"], step.name)
    first = Kind.FIRST if step.name == "text/1" else Kind.REPLY
    text = Text(
        id=text_id(case["case_id"], step.name, len(tried) + 1),
        client=client.id,
        case=case["case_id"],
        to=number,
        line=case["line"] or client.lines[0],
        body=BODY,
        kind=_KINDS.get(step.name.partition("/")[0], first),
        step=step.name,
        attempted_at=event.at,
    )
    yield from texts.put(_row(text, plugin, TextState.SENDING, None))
    return Intent(text=text, plugin=plugin)


def _keep(
    client: Client, case: Row | None, number: PhoneNumber, plugin: str, event: TextStatus
) -> Work[None]:
    """Remember a text of which nothing else is known: as a first one, so that it counts as such."""
    text = Text(
        id=f"{NO_CASE}-{plugin}-{event.provider_id}",
        client=client.id,
        case=case["case_id"] if case is not None else NO_CASE,
        to=number,
        line=(case["line"] if case is not None else None) or client.lines[0],
        body=BODY,
        step=NO_CASE,
        attempted_at=event.at,
    )
    yield from texts.put(_row(text, plugin, event.state, event.provider_id))


def _row(text: Text, plugin: str, state: TextState, provider_id: str | None) -> dict[str, object]:
    assert text.attempted_at is not None
    return {
        "client": text.client,
        "text_id": text.id,
        "case_id": text.case,
        "step": text.step,
        "kind": text.kind.value,
        "direction": "out",
        "channel": "sms",
        "number": text.to,
        "line": text.line,
        "body": text.body,
        "state": state.value,
        "rank": state.rank,
        "plugin": plugin,
        "provider_id": provider_id,
        "at": micros(text.attempted_at),
        "segments": 0,
        "media": "[]",
    }


def _hold(ctx: Context, client: Client, *, blind: bool) -> Work[tuple[int, int]]:
    """What was due since the backup and was not seen: how many are held, and how many parked.

    The pause holds texts; what nobody can tell of is parked, so that `resume` sends none of it.  An
    attempt that was under way stays as it is: the engine takes it for unsure and asks.
    """
    now = ctx.now()
    held = parked = 0
    for step in (yield from steps.texts_due(client.id, now)):
        case_id = step.subject.partition("/")[2]
        tried = yield from texts.of_step(client.id, case_id, step.name)
        if any(row["state"] == TextState.SENDING.value for row in tried):
            continue
        if blind or channel_of(client, step.name) != "sms":
            yield from steps.park(client.id, step.subject, step.name, CANNOT_TELL, now)
            parked += 1
        else:
            held += 1
    return held, parked
