"""Shadow mode: texts that only would have gone are kept, and their sequence goes on.

Nothing reaches the caller.  What `cases` and `why` show is what a live client would have sent, the
follow-ups at their times included, as far as a caller who got no text lets it be known.
"""

from __future__ import annotations

from textback.clock import micros, moment
from textback.config.settings import Client
from textback.engine.context import Context
from textback.engine.names import FIRST_TEXT, case_subject, text_id
from textback.engine.steps import intents
from textback.flow import follow_up
from textback.flow.segments import segments
from textback.model import Case, End, Kind, TextState
from textback.picture import Decision
from textback.store import Unit, Work, cases, steps, texts
from textback.store.steps import Step

KINDS = (Kind.FIRST, Kind.FOLLOW_UP, Kind.CONFIRMATION, Kind.HELP)
"""What is kept.  A text that somebody of the team wrote is refused: they must know."""


def first(client: Client, case: Case, body: str, now: int) -> Work[None]:
    """The first text would have gone now; the follow-ups wait for their times."""
    yield from keep(case, FIRST_TEXT, Kind.FIRST, body, now)
    yield from steps.add(
        [
            Step(
                client=client.id,
                subject=case_subject(case.id),
                name=due.step,
                due_at=micros(due.at),
            )
            for due in follow_up.plan(client, moment(now))
        ],
        now,
    )


def done(
    ctx: Context,
    client: Client,
    step: Step,
    case: Case,
    kind: Kind,
    body: str,
    decision: Decision,
    address: str | None,
) -> Unit[None]:
    """A text step came to a text that only would have gone."""

    def unit() -> Work[None]:
        now, because = ctx.now(), decision.because
        more = {"body": body}
        yield from intents.decided(
            ctx, client.id, case.id, case.number, step.name, decision, now, more
        )
        result = {"state": End.SHADOWED.value, "because": because}
        yield from steps.finish(client.id, step.subject, step.name, result, now)
        if step.name != FIRST_TEXT:
            yield from keep(case, step.name, kind, body, now, address)
            return
        yield from first(client, case, body, now)
        ended = yield from cases.end(client.id, case.id, End.SHADOWED.value, because, now)
        if ended is not None:
            ctx.metrics.ends.labels(End.SHADOWED.value).inc()

    return unit


def keep(
    case: Case, step: str, kind: Kind, body: str, at: int, address: str | None = None
) -> Work[None]:
    """Keep the text, or the e-mail to *address*, that would have gone."""
    yield from texts.put(
        {
            "client": case.client,
            "text_id": text_id(case.id, step, 0),
            "case_id": case.id,
            "step": step,
            "kind": kind.value,
            "direction": "out",
            "channel": "sms" if address is None else "email",
            "number": case.number,
            "line": case.line,
            "address": address,
            "body": body,
            "state": TextState.QUEUED.value,
            "rank": TextState.QUEUED.rank,
            "plugin": None,
            "provider_id": None,
            "at": at,
            "segments": segments(body) if address is None else 0,
            "media": "[]",
        }
    )
