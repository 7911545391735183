"""What a text came to, as units of work: taken, refused, unsure, forbidden, cut off.

Each writes the text's state, the step's result, the end of the case's first call if it is the
first text, the ledger, and what follows.
"""

from __future__ import annotations

from datetime import datetime

from textback.clock import micros, moment
from textback.config.settings import Client
from textback.engine import retry
from textback.engine.cases import opting, todo
from textback.engine.context import Context, seconds_since
from textback.engine.names import FIRST_TEXT, case_subject
from textback.engine.steps import intents
from textback.engine.steps.intents import Intent
from textback.flow import follow_up
from textback.flow.deliver import Declined
from textback.model import Case, End, FailureReason, TextState
from textback.picture import Action, Decision
from textback.plugins import Stack
from textback.store import Unit, Work, cases, contacts, ledger, pauses, steps, suppressions, texts
from textback.store.steps import Step
from textback.store.work import Row

ASK_AGAIN_S = (5, 30, 120, 600, 3600)  # when a provider is asked what became of an unsure text
ENDED_FOR = {
    TextState.SENT: End.SENT,
    TextState.DELIVERED: End.SENT,
    TextState.FAILED: End.FAILED,
    TextState.UNKNOWN: End.UNKNOWN,
}


def settled(
    ctx: Context,
    client: Client,
    stack: Stack,
    intent: Intent,
    state: TextState,
    now: int,
    *,
    provider_id: str | None,
    because: str,
    reason: str | None = None,
) -> Work[None]:
    """What became of an attempt is known: by its receipt, a status callback, or by looking."""
    text = intent.text
    moved = yield from texts.advance(
        client.id,
        text.id,
        state,
        now,
        provider_id=provider_id,
        reason=reason,
        error=because or None,
    )
    subject = case_subject(text.case)
    result = {"state": state.value, "text": text.id, "via": intent.plugin, "id": provider_id}
    first_news = yield from steps.finish(client.id, subject, text.step, result, now)
    if not moved and not first_news:
        return
    yield from ledger.write(
        client.id,
        state.value,
        subject,
        ctx.hash_of(text.to),
        {"text": text.id, "via": intent.plugin, "id": provider_id, "because": because},
        now,
    )
    if not first_news:  # it was unsure until now
        yield from steps.cancel(client.id, subject, [f"settle/{text.step}"], "settled", now)
    if text.step == FIRST_TEXT:
        ended = yield from cases.end(client.id, text.case, ENDED_FOR[state].value, because, now)
        if ended is not None:
            ctx.metrics.ends.labels(ENDED_FOR[state].value).inc()
            if state is not TextState.FAILED:
                yield from _sequence(ctx, client, intent, ended, now)
    if state is not TextState.FAILED:
        about = text.step if text.step.startswith("text/") else f"text/{text.step}"
        yield from steps.add(
            todo.logs(client, stack, text.case, about, now, {"text": text.id}), now
        )


def _sequence(ctx: Context, client: Client, intent: Intent, case: Row, now: int) -> Work[None]:
    """The first text is out: the follow-ups wait for their times, unless the caller was quicker."""
    assert intent.text.attempted_at is not None
    called_at = moment(case["opened_at"])
    ctx.metrics.accepted.observe(seconds_since(called_at, ctx.clock.now()))
    if not client.follow_up or case["closed_at"] is not None:
        return
    if (yield from texts.talking(client.id, intent.text.case)):
        return
    plan = follow_up.plan(client, intent.text.attempted_at)
    if any(micros(due.at) <= now for due in plan):  # settled late: they don't go all at once
        plan = follow_up.plan(client, moment(now))
    subject = case_subject(intent.text.case)
    yield from steps.add(
        [
            Step(client=client.id, subject=subject, name=due.step, due_at=micros(due.at))
            for due in plan
        ],
        now,
    )


def unsure(ctx: Context, client: Client, stack: Stack, intent: Intent, because: str) -> Unit[None]:
    """It may have left: nobody else tries, the team is told, and the provider is asked later."""

    def unit() -> Work[None]:
        text, now = intent.text, ctx.now()
        subject = case_subject(text.case)
        moved = yield from texts.advance(client.id, text.id, TextState.UNKNOWN, now, error=because)
        if not moved:  # a status callback was quicker than we
            return
        yield from ledger.write(
            client.id,
            "unknown",
            subject,
            ctx.hash_of(text.to),
            {"text": text.id, "via": intent.plugin, "because": because},
            now,
        )
        if text.step == FIRST_TEXT:
            yield from cases.end(client.id, text.case, End.UNKNOWN.value, because, now)
            ctx.metrics.ends.labels(End.UNKNOWN.value).inc()
        else:
            yield from steps.add(
                todo.notices(
                    client,
                    stack,
                    text.case,
                    f"unconfirmed/{text.step}",
                    now,
                    {"text": text.id, "because": because},
                ),
                now,
            )
        result = {"state": "unknown", "text": text.id, "because": because}
        yield from steps.finish(client.id, subject, text.step, result, now)
        yield from steps.add(
            [
                Step(
                    client=client.id,
                    subject=subject,
                    name=f"settle/{text.step}",
                    due_at=now + ASK_AGAIN_S[0] * 1_000_000,
                    detail={"text": text.id},
                )
            ],
            now,
        )

    return unit


def cut_off(ctx: Context, client: Client, stack: Stack, intent: Intent) -> Unit[None]:
    """We have an intent and no answer, be it that we were stopped or that it couldn't be kept."""
    return unsure(
        ctx, client, stack, intent, "textback was stopped or failed while it was being sent"
    )


def refused(
    ctx: Context, client: Client, stack: Stack, step: Step, intent: Intent, attempt: Declined
) -> Unit[None]:
    """A sender said no, and no other may try; what it said of the number is remembered."""

    def unit() -> Work[None]:
        now = ctx.now()
        if not attempt.permanent:
            yield from attempt_failed(ctx, intent, attempt)
            yield from _again(ctx, client, stack, step, intent.text.case, attempt, now)
            return
        yield from remember(
            ctx,
            client,
            intent.text.to,
            attempt.because,
            now,
            opted_out=attempt.opted_out,
            unreachable=attempt.unreachable,
        )
        yield from intents.never_left(ctx, intent)
        yield from settled(
            ctx,
            client,
            stack,
            intent,
            TextState.FAILED,
            now,
            provider_id=None,
            because=attempt.because,
            reason=_reason(attempt),
        )
        if step.name != FIRST_TEXT:
            yield from _tell_failed(
                client, stack, intent.text.case, step.name, attempt.because, now
            )

    return unit


def not_taken(
    ctx: Context,
    client: Client,
    stack: Stack,
    step: Step,
    case: str,
    declined: Declined | None,
) -> Unit[None]:
    """No sender took it, and it surely did not leave: try again, or give up in words."""

    def unit() -> Work[None]:
        now = ctx.now()
        if declined is not None and not declined.permanent:
            yield from _again(ctx, client, stack, step, case, declined, now)
            return
        what = {"sms": "texts", "email": "e-mail"}[follow_up.channel_of(client, step.name)]
        because = declined.because if declined else f"no plugin of this client can send {what}"
        row = yield from cases.get(client.id, case)
        if row is not None and declined is not None:
            yield from remember(
                ctx,
                client,
                row["number"],
                because,
                now,
                opted_out=declined.opted_out,
                unreachable=declined.unreachable,
            )
        yield from _gave_up(ctx, client, stack, step, case, because, now)

    return unit


def _again(
    ctx: Context,
    client: Client,
    stack: Stack,
    step: Step,
    case: str,
    declined: Declined,
    now: int,
) -> Work[None]:
    if declined.asked and step.attempts >= retry.TRIES:
        yield from _gave_up(ctx, client, stack, step, case, declined.because, now)
        return
    because, tried = declined.because, declined.asked
    wait_s = retry.delay_s(step.attempts, declined.retry_after, asked=tried)
    due_at = now + int(wait_s * 1_000_000)
    if not (
        yield from steps.wait(client.id, step.subject, step.name, due_at, because, now, tried=tried)
    ):
        yield from _called_off(ctx, client, step, now)


def _gave_up(
    ctx: Context, client: Client, stack: Stack, step: Step, case: str, because: str, now: int
) -> Work[None]:
    result = {"state": "failed", "because": because}
    yield from steps.finish(client.id, step.subject, step.name, result, now)
    if step.name == FIRST_TEXT:
        yield from cases.end(client.id, case, End.FAILED.value, because, now)
        ctx.metrics.ends.labels(End.FAILED.value).inc()
    else:
        yield from _tell_failed(client, stack, case, step.name, because, now)


def forbidden(
    ctx: Context, client: Client, stack: Stack, step: Step, case: Case, decision: Decision
) -> Unit[None]:
    """The rules say no, or not now."""

    def unit() -> Work[None]:
        now = ctx.now()
        yield from intents.decided(ctx, client.id, case.id, case.number, step.name, decision, now)
        first = step.name == FIRST_TEXT
        if decision.action is Action.HOLD:
            until = micros(decision.until) if decision.until else None
            if until is None:
                yield from pauses.keep()
                if (yield from pauses.of(client.id)) is None:
                    until = now  # somebody resumed since: it is decided again at once
            waits = yield from steps.wait(
                client.id, step.subject, step.name, until, decision.because, now
            )
            if not waits:
                yield from _called_off(ctx, client, step, now)
            elif first:
                yield from cases.hold(client.id, case.id, until, decision.because)
                yield from steps.forward(client.id, step.subject, step.name, now)
            return
        end, because = _end_without_text(step, case, decision)
        result = {"state": end.value, "because": because}
        yield from steps.finish(client.id, step.subject, step.name, result, now)
        if first:
            yield from cases.end(client.id, case.id, end.value, because, now)
            ctx.metrics.ends.labels(end.value).inc()
        elif step.name.startswith("text/"):  # somebody of the team wrote it and should know
            yield from _tell_failed(client, stack, case.id, step.name, because, now)

    return unit


def _end_without_text(step: Step, case: Case, decision: Decision) -> tuple[End, str]:
    if case.end is End.UNKNOWN:  # it turned out not to have left, and now it may not
        return End.FAILED, f"it never left, and {decision.because}"
    if decision.action is Action.SHADOW:
        return End.SHADOWED, decision.because
    if step.error and decision.rule == "too_old":  # it was wanted, and nobody took it in time
        return End.FAILED, step.error
    return End.SUPPRESSED, decision.because


def called_off(ctx: Context, client: Client, step: Step) -> Unit[None]:
    """It was cancelled while it ran, and nothing has left."""
    return lambda: _called_off(ctx, client, step, ctx.now())


def _called_off(ctx: Context, client: Client, step: Step, now: int) -> Work[None]:
    found = yield from steps.get(client.id, step.subject, step.name)
    because = (found.error if found else None) or "cancelled"
    result = {"state": "suppressed", "because": because}
    yield from steps.finish(client.id, step.subject, step.name, result, now)
    if step.name == FIRST_TEXT:
        case = step.subject.partition("/")[2]
        yield from never_left(ctx, client, case, because, now)


def never_left(ctx: Context, client: Client, case: str, because: str, now: int) -> Work[None]:
    """The first text will not go: suppressed, or failed if it was once thought to have left."""
    row = yield from cases.get(client.id, case)
    unsure = row is not None and row["end_state"] == End.UNKNOWN.value
    end = End.FAILED if unsure else End.SUPPRESSED
    if (yield from cases.end(client.id, case, end.value, because, now)) is not None:
        ctx.metrics.ends.labels(end.value).inc()


def dropped(ctx: Context, client: Client, step: Step, because: str) -> Unit[None]:
    """There is nothing to send any more."""

    def unit() -> Work[None]:
        result = {"state": "suppressed", "because": because}
        yield from steps.finish(client.id, step.subject, step.name, result, ctx.now())

    return unit


def attempt_failed(ctx: Context, intent: Intent, attempt: Declined) -> Work[None]:
    """One sender surely did not send it."""
    yield from intents.over(ctx, intent, attempt.because, _reason(attempt))


def remember(
    ctx: Context,
    client: Client,
    number: str,
    because: str,
    now: int,
    *,
    opted_out: bool,
    unreachable: bool,
) -> Work[None]:
    """What a provider said of a number becomes ours: it is not texted again."""
    if opted_out:
        yield from opting.opt_out(ctx, client, number, "number", because, now)
    if unreachable:
        yield from contacts.raise_version(client.id, number)
        hashed = ctx.hash_of(number)
        if (yield from suppressions.add(client.id, number, hashed, "unreachable", because, now)):
            content = {"reason": "unreachable", "evidence": because}
            yield from ledger.write(client.id, "suppressed", "number", hashed, content, now)


def _tell_failed(
    client: Client, stack: Stack, case: str, name: str, because: str, now: int
) -> Work[None]:
    yield from steps.add(
        todo.notices(client, stack, case, f"failed/{name}", now, {"because": because}), now
    )


def _reason(attempt: Declined) -> str:
    if attempt.opted_out:
        return FailureReason.OPTED_OUT.value
    return (FailureReason.UNREACHABLE if attempt.unreachable else FailureReason.UNKNOWN).value


def due_after(asked: int, now: datetime) -> int | None:
    """When a provider is asked again about an unsure text; None: it was asked often enough."""
    return micros(now) + ASK_AGAIN_S[asked] * 1_000_000 if asked < len(ASK_AGAIN_S) else None


def finished(ctx: Context, step: Step, result: dict[str, object]) -> Unit[None]:
    """A step is done, and there is nothing more to say about it."""

    def unit() -> Work[None]:
        yield from steps.finish(step.client, step.subject, step.name, result, ctx.now())

    return unit
