"""Send a text: decide again if need be, commit the intent, call the provider, commit what it said.

One run tries the client's senders in order and stops at the first that may have taken the text.
An e-mail goes the same way; only its address is asked for first, and other plugins send it.
What a run came to is one of the units in `outcomes`.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import partial

import attrs

from textback.clock import moment
from textback.config.settings import Client
from textback.engine.cases import addresses, pictures, unsubscribing
from textback.engine.codec import case_of
from textback.engine.committing import committed
from textback.engine.context import Context
from textback.engine.names import FIRST_TEXT
from textback.engine.steps import intents, outcomes, shadow, statuses
from textback.engine.steps.intents import FRESH_FOR, Intent
from textback.errors import StoreBusy
from textback.flow import choice, deliver, follow_up, wording
from textback.flow.decide import decide, decide_on
from textback.flow.reply import CONFIRM_WITHIN_S
from textback.model import Case, Email, End, Kind, PhoneNumber, TextState
from textback.picture import Action, Decision
from textback.plugins import Stack
from textback.store import Unit, Work, calls, cases, steps, texts
from textback.store.contacts import Stale
from textback.store.steps import CANCELLED, Step

Hold = Unit[None]

HOOKS = {"sms": "send_text", "email": "send_email"}
"""Who sends what: the hook for each channel."""


@attrs.frozen(kw_only=True)
class Order:
    """What a text step is to send."""

    kind: Kind
    template: str
    fixed: bool = False  # the body as written by a person, not a template
    line: PhoneNumber | None = None
    subject: str = ""  # the template of an e-mail's
    not_after: datetime | None = None


async def run(
    ctx: Context, client: Client, step: Step, prepared: Intent | None, hold: Hold
) -> Unit[None]:
    """Do a text step; the unit that commits what it came to.

    Args:
        ctx: The deployment.
        client: Whose text it is.
        step: The step.
        prepared: An intent that was committed with the step.
        hold: Makes sure, in a commit, that nobody else does this step, nor will as long as an
            intent is fresh.

    Raises:
        LostLease: Someone else does.
    """
    stack = await ctx.stack(client.id)
    case_id = step.subject.partition("/")[2]
    tried: list[str] = []
    declined: deliver.Declined | None = None
    intent = prepared
    while True:
        if intent is None:
            ready = await _prepare(ctx, hold, client, stack, step, case_id, tried)
            if not isinstance(ready, Intent):
                return ready or outcomes.not_taken(ctx, client, stack, step, case_id, declined)
            intent = ready
        assert intent.text.attempted_at is not None
        if ctx.clock.now() - intent.text.attempted_at > FRESH_FOR:
            await committed(ctx, client.id, partial(_unused, ctx, hold, intent))
            intent = None
            continue
        sender = stack.impl(HOOKS[intent.channel], intent.plugin)
        if sender is None:
            return outcomes.not_taken(ctx, client, stack, step, case_id, None)
        if intent.address is None:
            attempt = await deliver.send(sender, intent.text)
        else:
            email = _email(ctx, client, intent, intent.address)
            attempt = await deliver.send_email(sender, email)
        match attempt:
            case deliver.Taken():
                return partial(statuses.taken, ctx, client, stack, intent, attempt.receipt)
            case deliver.Unsure():
                return outcomes.unsure(ctx, client, stack, intent, attempt.because)
            case deliver.Declined(next_may_try=False) | deliver.Declined(opted_out=True):
                return outcomes.refused(ctx, client, stack, step, intent, attempt)
        tried.append(intent.plugin)
        declined = _worse(declined, attempt)
        await committed(ctx, client.id, partial(_declined, ctx, hold, intent, attempt))
        intent = None


async def _prepare(
    ctx: Context,
    hold: Hold,
    client: Client,
    stack: Stack,
    step: Step,
    case_id: str,
    tried: list[str],
) -> Intent | Unit[None] | None:
    """The next intent, committed; else what the step comes to; None if no sender is left."""
    channel = follow_up.channel_of(client, step.name)
    address = None
    if channel == "email":
        address = await addresses.look_up(ctx, client, stack, case_id)
    for _ in range(50):
        now = ctx.clock.now()
        asked = await ctx.store.read(partial(_ask, ctx, client, stack, step, case_id, now, address))
        if not isinstance(asked, _Asked):
            return asked
        decision = decide(asked.seen.picture, stack.impls("judge"))
        if decision.action is Action.SHADOW and asked.order.kind in shadow.KINDS:
            body = await _body(client, stack, asked)
            decision = decide_on(body, asked.seen.picture, decision)
            if decision.action is Action.SHADOW:
                kind = asked.order.kind
                return shadow.done(ctx, client, step, asked.case, kind, body, decision, address)
        if decision.action is not Action.SEND:
            return outcomes.forbidden(ctx, client, stack, step, asked.case, decision)
        sender = next((s for s in stack.impls(HOOKS[channel]) if s.plugin not in tried), None)
        if sender is None:
            return None
        body = await _body(client, stack, asked)
        decision = decide_on(body, asked.seen.picture, decision)
        if decision.action is not Action.SEND:
            return outcomes.forbidden(ctx, client, stack, step, asked.case, decision)
        intent = intents.make(
            ctx,
            asked.case,
            step=step.name,
            kind=asked.order.kind,
            body=body,
            plugin=sender.plugin,
            attempt=asked.attempts + 1,
            now=ctx.clock.now(),
            line=asked.order.line or (client.lines[0] if asked.case.line is None else None),
            address=address,
            subject=_subject(client, asked) if address is not None else "",
        )
        try:
            await ctx.store.write(partial(_intend, ctx, hold, intent, asked.seen, decision))
        except Stale:
            continue
        except StoreBusy:  # it may be there all the same: only the answer was lost
            await committed(ctx, client.id, partial(_unused, ctx, hold, intent))
            continue
        return intent
    raise Stale(f"{client.id}: the caller's state changed at each try")


@attrs.frozen(kw_only=True)
class _Asked:
    case: Case
    order: Order
    seen: pictures.Seen
    attempts: int


def _ask(
    ctx: Context,
    client: Client,
    stack: Stack,
    step: Step,
    case_id: str,
    now: datetime,
    address: str | None,
) -> Work[_Asked | Unit[None]]:
    row = yield from cases.get(client.id, case_id)
    assert row is not None
    case = case_of(row)
    attempts = yield from texts.of_step(client.id, case_id, step.name)
    cut_off = [text for text in attempts if text["state"] == TextState.SENDING.value]
    if cut_off:  # we were stopped, or failed, between the intent and the provider's answer
        intent = intents.read(ctx, cut_off[-1])
        return outcomes.cut_off(ctx, client, stack, intent)
    current = yield from steps.get(client.id, step.subject, step.name)
    if current is not None and current.state == CANCELLED:  # while it ran
        return outcomes.called_off(ctx, client, step)
    order = _order(client, case, step)
    if isinstance(order, str):
        return outcomes.dropped(ctx, client, step, order)
    if address is None and follow_up.channel_of(client, step.name) == "email":
        return outcomes.dropped(ctx, client, step, "no e-mail address is known")
    if order.line is not None:  # the words are those of the place that was written to
        case = attrs.evolve(case, line=order.line)
    watched = order.kind is Kind.FOLLOW_UP and case.end is End.SHADOWED
    if watched and client.mode != "shadow":
        return outcomes.dropped(ctx, client, step, "the first text never went; it was only watched")
    if order.not_after is not None and now > order.not_after:
        return outcomes.dropped(ctx, client, step, "it could not go in time, so it does not go")
    ended_at = None
    if order.kind is Kind.FIRST and attempts:  # tried before: it may have become too old since
        rows = yield from calls.of_case(client.id, case_id)
        stamp = (rows[0]["ended_at"] or rows[0]["started_at"]) if rows else None
        ended_at = moment(stamp) if stamp is not None else case.opened_at
    read = yield from pictures.look(ctx, client, case, kind=order.kind, now=now, address=address)
    seen = pictures.seen(
        ctx,
        client,
        case,
        read,
        kind=order.kind,
        step=step.name,
        now=now,
        call_ended_at=ended_at,
        retried=step.attempts > 1,
    )
    return _Asked(case=case, order=order, seen=seen, attempts=len(attempts))


def _order(client: Client, case: Case, step: Step) -> Order | str:
    """What a step is to send; or, in words, why there is nothing to send any more."""
    kind, detail = step.name.partition("/")[0], step.detail
    line = PhoneNumber(detail["line"]) if "line" in detail else None
    match kind:
        case "text" if step.name == FIRST_TEXT:
            return Order(kind=Kind.FIRST, template=choice.first_text(client, case))
        case "text":
            return Order(kind=Kind.REPLY, template=detail["body"], fixed=True)
        case "follow_up":
            template = follow_up.body_of(client, case, step.name)
            if template is None:
                return "the client's file has this follow-up no longer"
            subject = follow_up.subject_of(client, step.name)
            return Order(kind=Kind.FOLLOW_UP, template=template, subject=subject)
        case "stop":
            return Order(
                kind=Kind.CONFIRMATION,
                template=choice.answer(client, case, "stop"),
                line=line,
                not_after=moment(detail["at"]) + timedelta(seconds=CONFIRM_WITHIN_S),
            )
        case _:
            return Order(kind=Kind.HELP, template=choice.answer(client, case, "help"), line=line)


async def _body(client: Client, stack: Stack, asked: _Asked) -> str:
    if asked.order.fixed:
        return asked.order.template
    own_words = asked.order.kind in (Kind.CONFIRMATION, Kind.HELP)
    return await deliver.compose(
        () if own_words else stack.impls("compose_text"),
        stack.impls("booking_link"),
        client,
        asked.seen.picture,
        asked.order.template,
    )


def _subject(client: Client, asked: _Asked) -> str:
    values = deliver.variables(client, asked.case)
    try:
        return wording.render(asked.order.subject, values)
    except ValueError:  # no words are left of it for this caller
        return client.name


def _email(ctx: Context, client: Client, intent: Intent, address: str) -> Email:
    text = intent.text
    mailbox = unsubscribing.hash_of(ctx, address)
    token = unsubscribing.write(ctx, unsubscribing.Link(client.id, text.case, mailbox))
    return Email(
        id=text.id,
        client=client.id,
        case=text.case,
        to=address,
        subject=intent.subject,
        body=text.body,
        client_name=client.name,
        unsubscribe_url=f"{ctx.public_url}/u/{token}",
    )


def _intend(
    ctx: Context,
    hold: Hold,
    intent: Intent,
    seen: pictures.Seen,
    decision: Decision,
) -> Work[None]:
    yield from hold()
    yield from pictures.unchanged(seen)
    yield from intents.commit(ctx, intent, decision)


def _declined(ctx: Context, hold: Hold, intent: Intent, attempt: deliver.Declined) -> Work[None]:
    yield from hold()
    yield from outcomes.attempt_failed(ctx, intent, attempt)


def _unused(ctx: Context, hold: Hold, intent: Intent) -> Work[None]:
    yield from hold()
    yield from intents.over(ctx, intent, "not used in time; decided again")


def _worse(before: deliver.Declined | None, now: deliver.Declined) -> deliver.Declined:
    """What to make of several senders' no: as long as one may change its mind, try again."""
    if before is None or before.permanent:
        return now
    return before
