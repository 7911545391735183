"""Steps: outbox, checkpoint and timer in one.

A step that waits has its due time here, one that is done its result.  ``after`` names the step
whose first result brings this one forward; until then ``due_at`` is when it runs at the latest,
and without a due time it never runs by itself.  A running step's ``due_at`` is when it is looked
at again in case nobody finished it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import attrs

from textback.store.subjects import LEASE_US
from textback.store.work import Row, Statement, Work, every, statement

WAITING, RUNNING, DONE, CANCELLED, PARKED = "waiting", "running", "done", "cancelled", "parked"

AWAITED = ("text/", "lead/", "deal/")  # whose results other steps may wait for

_COLUMNS = "client, subject, name, state, due_at, after, attempts, detail, result, error"

ROWS = 12  # steps that are added by one statement, at the most


def _adding(rows: int) -> Statement:
    values = ", ".join(
        f"(:client_{row}, :subject_{row}, :name_{row}, :state_{row}, :due_at_{row}, :after_{row},"
        f" :attempts_{row}, :detail_{row}, :result_{row}, :now)"
        for row in map(chr, range(ord("a"), ord("a") + rows))
    )
    return statement(f"""
        INSERT INTO steps
            (client, subject, name, state, due_at, after, attempts, detail, result, updated_at)
        VALUES {values} ON CONFLICT (client, subject, name) DO NOTHING
    """)


_ADD = [_adding(rows) for rows in range(1, ROWS + 1)]
_SOONER = statement("""
    INSERT INTO steps (client, subject, name, state, due_at, attempts, detail, updated_at)
    VALUES (:client, :subject, :name, 'waiting', :due_at, 0, '{}', :now)
    ON CONFLICT (client, subject, name) DO UPDATE
    SET state = 'waiting', due_at = excluded.due_at, updated_at = excluded.updated_at
    WHERE steps.state IN ('waiting', 'cancelled')
        AND (steps.due_at IS NULL OR steps.due_at > excluded.due_at)
    RETURNING name
""")
_BRING_FORWARD = statement("""
    UPDATE steps SET due_at = :due_at, updated_at = :now
    WHERE client = :client AND subject = :subject AND name = :name AND state = 'waiting'
        AND due_at > :due_at
""")
_OF = statement(f"""
    SELECT {_COLUMNS} FROM steps WHERE client = :client AND subject = :subject
    ORDER BY updated_at, name
""")
_ONE = statement(f"""
    SELECT {_COLUMNS} FROM steps
    WHERE client = :client AND subject = :subject AND name = :name
""")
_OUTLOOK = statement("""
    SELECT name, due_at, result FROM steps
    WHERE client = :client AND subject = :subject
        AND ((name LIKE 'follow_up/%' AND state = 'waiting' AND due_at IS NOT NULL)
            OR (name LIKE 'lead/%' AND state = 'done' AND result IS NOT NULL))
    ORDER BY due_at, name
""")
_DUE_OF = statement(f"""
    SELECT {_COLUMNS} FROM steps
    WHERE client = :client AND subject = :subject AND due_at <= :now ORDER BY due_at, name
""")
_TEXTS_DUE = statement(f"""
    SELECT {_COLUMNS} FROM steps
    WHERE client = :client AND (due_at <= :now OR state = 'running')
        AND state IN ('waiting', 'running') AND (name LIKE 'text/%' OR name LIKE 'follow_up/%')
    ORDER BY due_at, subject, name
""")
_START = statement("""
    UPDATE steps SET state = 'running', attempts = attempts + 1, due_at = :again, updated_at = :now
    WHERE client = :client AND subject = :subject AND name = :name AND state = 'waiting'
    RETURNING name
""")
_START_DUE = statement(f"""
    UPDATE steps SET
        state = CASE state WHEN 'waiting' THEN 'running' ELSE state END,
        attempts = CASE state WHEN 'waiting' THEN attempts + 1 ELSE attempts END,
        due_at = CASE state WHEN 'waiting' THEN :again ELSE due_at END,
        updated_at = CASE state WHEN 'waiting' THEN :now ELSE updated_at END
    WHERE client = :client AND subject = :subject AND due_at <= :now
    RETURNING {_COLUMNS}
""")
_FINISH = statement("""
    UPDATE steps SET state = 'done', due_at = NULL, result = :result, error = NULL,
        updated_at = :now
    WHERE client = :client AND subject = :subject AND name = :name
        AND state IN ('waiting', 'running', 'parked', 'cancelled')
    RETURNING name
""")
_FINISH_AWAITED = statement("""
    UPDATE steps SET
        state = CASE name WHEN :name THEN 'done' ELSE state END,
        due_at = CASE name WHEN :name THEN NULL ELSE CAST(:now AS BIGINT) END,
        result = CASE name WHEN :name THEN :result ELSE result END,
        error = CASE name WHEN :name THEN NULL ELSE error END,
        updated_at = :now
    WHERE client = :client AND subject = :subject AND (
        (name = :name AND state IN ('waiting', 'running', 'parked', 'cancelled'))
        OR (after = :name AND state = 'waiting' AND (due_at IS NULL OR due_at > :now))
    )
    RETURNING name
""")
_FORWARD = statement("""
    UPDATE steps SET due_at = :now, updated_at = :now
    WHERE client = :client AND subject = :subject AND after = :name AND state = 'waiting'
        AND (due_at IS NULL OR due_at > :now)
""")
_RELEASE = statement("""
    UPDATE steps SET due_at = :now, updated_at = :now
    WHERE client = :client AND subject = :subject AND after = :name AND state = 'waiting'
        AND due_at IS NULL
""")
_WAIT = statement("""
    UPDATE steps SET state = 'waiting', due_at = :due_at, error = :error, updated_at = :now,
        attempts = CASE WHEN attempts > 0 THEN attempts - :untried ELSE 0 END
    WHERE client = :client AND subject = :subject AND name = :name
        AND state IN ('waiting', 'running')
    RETURNING name
""")
_PARK = statement("""
    UPDATE steps SET state = 'parked', due_at = NULL, error = :error, updated_at = :now
    WHERE client = :client AND subject = :subject AND name = :name
        AND state IN ('waiting', 'running')
""")
_CANCEL = statement("""
    UPDATE steps SET state = 'cancelled', due_at = NULL, error = :because, updated_at = :now
    WHERE client = :client AND subject = :subject AND state = 'waiting'
        AND (name = :name OR substr(name, 1, length(:prefix)) = :prefix)
    RETURNING name
""")
_CALL_OFF = statement("""
    UPDATE steps SET state = 'cancelled', error = :because, updated_at = :now
    WHERE client = :client AND subject = :subject AND state = 'running'
        AND (name = :name OR substr(name, 1, length(:prefix)) = :prefix)
""")
_CANCEL_WAITING = statement("""
    UPDATE steps SET state = 'cancelled', due_at = NULL, error = :because, updated_at = :now
    WHERE client = :client AND subject = :subject AND state IN ('waiting', 'parked')
    RETURNING name
""")
_CANCEL_ALL = statement("""
    UPDATE steps SET state = 'cancelled', due_at = NULL, error = :because, updated_at = :now
    WHERE client = :client AND state IN ('waiting', 'parked') RETURNING name
""")
_RETRY = statement("""
    UPDATE steps SET state = 'waiting', due_at = :now, attempts = 0, updated_at = :now
    WHERE state = 'parked' AND (client = :client OR :client = '*')
    RETURNING name
""")
_REOPEN = statement("""
    UPDATE steps SET state = 'waiting', due_at = :now, result = NULL, updated_at = :now
    WHERE client = :client AND subject = :subject AND name = :name AND state = 'done'
""")
_PARKED = statement("""
    SELECT client, count(*) AS number FROM steps WHERE state = 'parked' GROUP BY client
""")
_FAILING = statement("""
    SELECT client, name, error, count(*) AS number FROM steps
    WHERE state = 'waiting' AND due_at IS NOT NULL AND error IS NOT NULL
        AND (name LIKE 'lead/%' OR name LIKE 'deal/%' OR name LIKE 'log/%' OR name LIKE 'notify/%')
    GROUP BY client, name, error ORDER BY client, name
""")
_PUT_OFF = statement("""
    UPDATE steps SET due_at = :until
    WHERE client = :client AND subject = :subject AND due_at <= :now
""")
_LATER = statement("""
    UPDATE steps SET state = 'waiting', attempts = :attempts, due_at = :until
    WHERE client = :client AND subject = :subject AND name = :name AND state = 'running'
""")
_ORPHANS = statement("""
    UPDATE steps SET due_at = :now WHERE state = 'running' RETURNING 1 AS found
""")
_ABANDONED = statement("""
    UPDATE steps SET due_at = :now
    WHERE client = :client AND subject = :subject AND state = 'running' AND due_at > :now
    RETURNING name
""")
_COUNT = statement("""
    SELECT (SELECT count(*) FROM steps WHERE due_at IS NOT NULL) AS due,
        (SELECT count(*) FROM steps WHERE state = 'waiting' AND due_at IS NULL) AS held,
        (SELECT count(*) FROM steps WHERE state = 'running') AS running,
        (SELECT count(*) FROM steps WHERE state = 'parked') AS parked
""")
_RELEASE_HELD = statement("""
    UPDATE steps SET due_at = :now, updated_at = :now
    WHERE state = 'waiting' AND due_at IS NULL AND after IS NULL
        AND (client = :client OR :client = '*')
    RETURNING name
""")


@attrs.frozen(kw_only=True)
class Step:
    """One durable unit of work, as stored."""

    client: str
    subject: str
    name: str
    state: str = WAITING
    due_at: int | None = None
    after: str | None = None
    attempts: int = 0
    detail: Mapping[str, Any] = attrs.field(factory=dict)
    result: Mapping[str, Any] | None = None
    error: str | None = None

    @classmethod
    def of(cls, row: Row) -> Step:
        """A step from its row."""
        return cls(
            client=row["client"],
            subject=row["subject"],
            name=row["name"],
            state=row["state"],
            due_at=row["due_at"],
            after=row["after"],
            attempts=row["attempts"],
            detail=json.loads(row["detail"]) if row["detail"] != "{}" else {},
            result=json.loads(row["result"]) if row["result"] else None,
            error=row["error"],
        )


def add(steps: Iterable[Step], now: int) -> Work[None]:
    """Add steps; one that exists is left as it is."""
    rest = list(steps)
    while rest:
        some, rest = rest[:ROWS], rest[ROWS:]
        values: dict[str, Any] = {"now": now}
        for row, step in zip("abcdefghijkl", some, strict=False):
            values[f"client_{row}"] = step.client
            values[f"subject_{row}"] = step.subject
            values[f"name_{row}"] = step.name
            values[f"state_{row}"] = step.state
            values[f"due_at_{row}"] = step.due_at
            values[f"after_{row}"] = step.after
            values[f"attempts_{row}"] = step.attempts
            values[f"detail_{row}"] = json.dumps(step.detail) if step.detail else "{}"
            values[f"result_{row}"] = json.dumps(step.result) if step.result is not None else None
        yield _ADD[len(some) - 1], values


def sooner(client: str, subject: str, name: str, due_at: int, now: int) -> Work[bool]:
    """Add a step, or bring forward one that waits or was cancelled; False if nothing changed."""
    rows = yield (
        _SOONER,
        {"client": client, "subject": subject, "name": name, "due_at": due_at, "now": now},
    )
    return bool(rows)


def bring_forward(client: str, subject: str, name: str, due_at: int, now: int) -> Work[None]:
    """Look at a waiting step at a moment, if that is sooner than planned."""
    yield (
        _BRING_FORWARD,
        {"client": client, "subject": subject, "name": name, "due_at": due_at, "now": now},
    )


def of(client: str, subject: str) -> Work[list[Step]]:
    """All steps of a subject."""
    rows = yield from every(_OF, client=client, subject=subject)
    return [Step.of(row) for row in rows]


def outlook(client: str, subject: str) -> Work[tuple[int | None, list[Mapping[str, Any]]]]:
    """When the next follow-up is due, if one is; and what the lead has become in each CRM."""
    rows = yield from every(_OUTLOOK, client=client, subject=subject)
    follow_ups = [row["due_at"] for row in rows if row["due_at"] is not None]
    leads = [json.loads(row["result"]) for row in rows if row["due_at"] is None]
    return min(follow_ups, default=None), leads


def get(client: str, subject: str, name: str) -> Work[Step | None]:
    """One step."""
    rows = yield _ONE, {"client": client, "subject": subject, "name": name}
    return Step.of(rows[0]) if rows else None


def due(client: str, subject: str, now: int) -> Work[list[Step]]:
    """The steps of a subject that are to be looked at now."""
    rows = yield from every(_DUE_OF, client=client, subject=subject, now=now)
    return [Step.of(row) for row in rows]


def start_due(client: str, subject: str, now: int) -> Work[list[Step]]:
    """Mark the steps of a subject that wait and are due as running.

    Returns:
        These, as they are now, and those that were to be looked at again: who ran them is gone, or
        still at it.
    """
    values = {"client": client, "subject": subject, "now": now, "again": now + LEASE_US}
    return sorted((Step.of(row) for row in (yield _START_DUE, values)), key=_by_name)


def _by_name(step: Step) -> str:
    return step.name


def texts_due(client: str, now: int) -> Work[list[Step]]:
    """The texts and mails of a client that were to go by now, the longest due first."""
    rows = yield from every(_TEXTS_DUE, client=client, now=now)
    return [Step.of(row) for row in rows]


def start(step: Step, now: int) -> Work[bool]:
    """Mark a step as running; False if it no longer waits."""
    rows = yield (
        _START,
        {
            "client": step.client,
            "subject": step.subject,
            "name": step.name,
            "again": now + LEASE_US,
            "now": now,
        },
    )
    return bool(rows)


def finish(client: str, subject: str, name: str, result: Mapping[str, Any], now: int) -> Work[bool]:
    """A step is done; what waits for its result is brought forward.  False if it was over."""
    values = {
        "client": client,
        "subject": subject,
        "name": name,
        "result": json.dumps(result),
        "now": now,
    }
    rows = yield (_FINISH_AWAITED if name.startswith(AWAITED) else _FINISH), values
    return any(row["name"] == name for row in rows)


def forward(client: str, subject: str, name: str, now: int) -> Work[None]:
    """Bring forward what waits for a step that has a result but is not done (held, failed)."""
    yield _FORWARD, {"client": client, "subject": subject, "name": name, "now": now}


def release(client: str, subject: str, name: str, now: int) -> Work[None]:
    """Let go what waits for a step alone, though that step failed; what is tried again stays."""
    yield _RELEASE, {"client": client, "subject": subject, "name": name, "now": now}


def wait(
    client: str,
    subject: str,
    name: str,
    due_at: int | None,
    error: str | None,
    now: int,
    *,
    tried: bool = True,
) -> Work[bool]:
    """Look at a step again at a moment (None: when somebody says so); False if it is over.

    Unless it was *tried*, this time does not count.
    """
    rows = yield (
        _WAIT,
        {
            "client": client,
            "subject": subject,
            "name": name,
            "due_at": due_at,
            "error": error,
            "now": now,
            "untried": 0 if tried else 1,
        },
    )
    return bool(rows)


def park(client: str, subject: str, name: str, error: str, now: int) -> Work[None]:
    """Set a step aside until somebody retries it."""
    yield (
        _PARK,
        {"client": client, "subject": subject, "name": name, "error": error, "now": now},
    )


def cancel(
    client: str, subject: str, names: Sequence[str], because: str, now: int
) -> Work[list[str]]:
    """Cancel what waits under these names; ``follow_up`` means all ``follow_up/...``.

    One that runs can't be stopped: it is marked as cancelled, finishes what it has begun, and
    neither begins anything more nor waits for another try.  Its ``due_at`` stays, so that it is
    looked at even if whoever ran it is gone.

    Returns:
        The names of those that waited.
    """
    cancelled: list[str] = []
    for name in names:
        values = {
            "client": client,
            "subject": subject,
            "name": name,
            "prefix": f"{name}/",
            "because": because,
            "now": now,
        }
        rows = yield _CANCEL, values
        yield _CALL_OFF, values
        cancelled += [row["name"] for row in rows]
    return cancelled


def cancel_waiting(client: str, subject: str, because: str, now: int) -> Work[list[str]]:
    """Cancel whatever waits in a subject, or is parked; the names."""
    values = {"client": client, "subject": subject, "because": because, "now": now}
    return [row["name"] for row in (yield _CANCEL_WAITING, values)]


def cancel_all(client: str, because: str, now: int) -> Work[int]:
    """Cancel whatever waits for a client, or is parked; how many steps."""
    return len((yield _CANCEL_ALL, {"client": client, "because": because, "now": now}))


def retry_parked(client: str, now: int) -> Work[int]:
    """Make parked steps due again, of one client or (``*``) of all; how many."""
    return len((yield _RETRY, {"client": client, "now": now}))


def release_held(client: str, now: int) -> Work[int]:
    """Make due what was held until somebody resumes; how many."""
    return len((yield _RELEASE_HELD, {"client": client, "now": now}))


def orphans(now: int) -> Work[int]:
    """Make due what a dead process was running, when only one may run; how many."""
    return len((yield _ORPHANS, {"now": now}))


def abandoned(client: str, subject: str, now: int) -> Work[int]:
    """Make due what was running in a subject that nobody holds any more; how many."""
    return len((yield _ABANDONED, {"client": client, "subject": subject, "now": now}))


def count() -> Work[dict[str, int]]:
    """How many steps are in which state, of those that are not over; from indexes alone."""
    (row,) = yield _COUNT, {}
    return {
        WAITING: row["due"] + row["held"] - row["running"],
        RUNNING: row["running"],
        PARKED: row["parked"],
    }


def reopen(client: str, subject: str, name: str, now: int) -> Work[None]:
    """Make a step that is done due again: what it did turned out not to have happened."""
    yield _REOPEN, {"client": client, "subject": subject, "name": name, "now": now}


def put_off(client: str, subject: str, now: int, until: int) -> Work[None]:
    """Look at what is due of a subject later: nobody can do it now."""
    yield _PUT_OFF, {"client": client, "subject": subject, "now": now, "until": until}


def later(step: Step, until: int) -> Work[None]:
    """Look later at a step that was just begun, and leave it as it was."""
    values = {"client": step.client, "subject": step.subject, "name": step.name}
    yield _LATER, {**values, "attempts": max(0, step.attempts - 1), "until": until}


def failing() -> Work[dict[tuple[str, str], tuple[int, str]]]:
    """By client and plugin: how many steps failed and wait for their next try, and one's error."""
    rows = yield _FAILING, {}
    found: dict[tuple[str, str], tuple[int, str]] = {}
    for row in rows:
        key = row["client"], row["name"].split("/")[1]
        found[key] = found.get(key, (0, ""))[0] + row["number"], row["error"]
    return found


def parked() -> Work[dict[str, int]]:
    """How many steps are parked, by client."""
    rows = yield _PARKED, {}
    return {row["client"]: row["number"] for row in rows}
