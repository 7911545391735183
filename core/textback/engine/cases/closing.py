"""Close a case: what still waits is cancelled, and no decision made before can be committed."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textback.config.settings import Client
from textback.engine.names import IDLE, case_subject
from textback.flow.reply import STOPS
from textback.model import End
from textback.store import Work, cases, contacts, ledger, steps
from textback.store.work import Row

HashOf = Callable[[str], str]


def by_event(
    hash_of: HashOf, client: Client, number: str | None, because: str, now: int
) -> Work[Row | None]:
    """Close the open case with a caller, as something happened that ends it; the case, if any."""
    if number is None:
        return None
    yield from contacts.raise_version(client.id, number)
    case = yield from cases.open_of(client.id, number)
    if case is not None:
        yield from close(hash_of, client, case, because, now)
    return case


def close(hash_of: HashOf, client: Client, case: Row, because: str, now: int) -> Work[None]:
    """Close one case and cancel its texts; the version must have been raised.

    Closed first: a first text that is just being settled then adds its follow-ups either before
    they are cancelled or not at all.
    """
    closed = yield from cases.close(client.id, case["case_id"], because, now)
    yield from cancel_texts(client, case, because, now)
    if closed:
        yield from ledger.write(
            client.id,
            "closed",
            case_subject(case["case_id"]),
            hash_of(case["number"]) if case["number"] else None,
            {"because": because},
            now,
        )


def cancel_texts(
    client: Client, case: Row, because: str, now: int, names: Sequence[str] = STOPS
) -> Work[None]:
    """Cancel the texts that wait; a first text that never went has its end with that."""
    case_id = case["case_id"]
    cancelled = yield from steps.cancel(client.id, case_subject(case_id), names, because, now)
    quiet_until = now + int(client.idle_after.total_seconds() * 1_000_000)
    yield from steps.bring_forward(client.id, case_subject(case_id), IDLE, quiet_until, now)
    if "text/1" in cancelled and case["end_state"] is None:
        yield from cases.end(client.id, case_id, End.SUPPRESSED.value, because, now)
        yield from steps.forward(client.id, case_subject(case_id), "text/1", now)
