"""Close a case: what still waits is cancelled, and no decision made before can be committed."""

from __future__ import annotations

from collections.abc import Sequence

from textback.config.settings import Client
from textback.engine.context import Context
from textback.engine.names import case_subject
from textback.flow.reply import STOPS
from textback.model import End, PhoneNumber
from textback.store import Work, cases, contacts, ledger, steps
from textback.store.work import Row


def by_event(
    ctx: Context, client: Client, number: PhoneNumber | None, because: str, now: int
) -> Work[Row | None]:
    """Close the open case with a caller, as something happened that ends it; the case, if any."""
    if number is None:
        return None
    yield from contacts.raise_version(client.id, number)
    case = yield from cases.open_of(client.id, number)
    if case is not None:
        yield from close(ctx, client, case, because, now)
    return case


def close(ctx: Context, client: Client, case: Row, because: str, now: int) -> Work[None]:
    """Close one case and cancel its texts; the version must have been raised."""
    yield from cancel_texts(ctx, client, case, because, now)
    closed = yield from cases.close(client.id, case["case_id"], because, now)
    if closed:
        yield from ledger.write(
            client.id,
            "closed",
            case_subject(case["case_id"]),
            ctx.hash_of(case["number"]) if case["number"] else None,
            {"because": because},
            now,
        )


def cancel_texts(
    ctx: Context, client: Client, case: Row, because: str, now: int, names: Sequence[str] = STOPS
) -> Work[None]:
    """Cancel the texts that wait; a first text that never went has its end with that."""
    case_id = case["case_id"]
    cancelled = yield from steps.cancel(client.id, case_subject(case_id), names, because, now)
    if "text/1" in cancelled and case["end_state"] is None:
        yield from cases.end(client.id, case_id, End.SUPPRESSED.value, because, now)
        ctx.metrics.ends.labels(End.SUPPRESSED.value).inc()
        yield from steps.forward(client.id, case_subject(case_id), "text/1", now)
