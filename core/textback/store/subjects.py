"""Who advances a call or a case: a lease with a generation counter.

Whoever claims a subject raises its generation.  A worker that lost its lease (a pause, a partition)
finds another generation when it commits, and its unit fails as a whole.
"""

from __future__ import annotations

from collections.abc import Sequence

from textback.errors import StoreError
from textback.store.work import Row, Work, every, one, statement

LEASE_US = 60_000_000  # who holds it renews it while steps run
BUSY = ("busy_a", "busy_b", "busy_c", "busy_d")  # in _DUE: clients that are passed over
STEPS_A_SUBJECT = 8  # how many may be due at once, about: so many are looked through for one

_MAKE = statement("""
    INSERT INTO subjects (client, subject, owner, lease_until, generation)
    VALUES (:client, :subject, :owner, :until, 1)
    ON CONFLICT (client, subject) DO UPDATE
    SET owner = excluded.owner, lease_until = excluded.lease_until,
        generation = subjects.generation + 1
    WHERE subjects.lease_until < :now
    RETURNING generation
""")
_RENEW = statement("""
    UPDATE subjects SET lease_until = :until
    WHERE client = :client AND subject = :subject AND generation = :generation
    RETURNING generation
""")
_HELD_BY = statement(
    """
    SELECT generation FROM subjects
    WHERE client = :client AND subject = :subject AND owner = :owner AND lease_until > 0
    """,
    on_postgres="FOR UPDATE",
)
_FREE_ALL = statement("""
    UPDATE subjects SET lease_until = 0 WHERE lease_until > 0 RETURNING 1 AS freed
""")
_FREE_EXPIRED = statement("""
    UPDATE subjects SET lease_until = 0 WHERE lease_until > 0 AND lease_until < :now
    RETURNING client, subject
""")
_DUE = statement("""
    SELECT s.client, s.subject, min(s.due_at) AS due_at
    FROM (
        SELECT client, subject, due_at FROM steps
        WHERE due_at IS NOT NULL AND due_at <= :now
            AND client NOT IN (:busy_a, :busy_b, :busy_c, :busy_d)
        ORDER BY due_at LIMIT :scan
    ) s LEFT JOIN subjects l ON l.client = s.client AND l.subject = s.subject
    WHERE coalesce(l.lease_until, 0) < :now
    GROUP BY s.client, s.subject ORDER BY 3 LIMIT :most
""")
_NEXT = statement("SELECT min(due_at) AS due_at FROM steps WHERE due_at IS NOT NULL")


class LostLease(StoreError):
    """Someone else advances this subject now; what we were about to commit is dropped."""


def claim(
    client: str,
    subject: str,
    owner: str,
    now: int,
    *,
    lease_us: int = LEASE_US,
    expired: bool = True,
) -> Work[int | None]:
    """Take the lease if nobody holds it; the generation, or None.

    Args:
        client: Whose subject it is.
        subject: What is to be advanced.
        owner: Who takes it.
        now: The present moment.
        lease_us: How long it is held.
        expired: Take one whose time is over, too, and not only what was given back.
    """
    rows = yield (
        _MAKE,
        {
            "client": client,
            "subject": subject,
            "owner": owner,
            "until": now + lease_us,
            "now": now if expired else 1,
        },
    )
    return rows[0]["generation"] if rows else None


def renew(client: str, subject: str, generation: int, until: int) -> Work[None]:
    """Hold the lease until a moment; 0 gives it back.

    Raises:
        LostLease: Someone else has it.
    """
    rows = yield (
        _RENEW,
        {"client": client, "subject": subject, "generation": generation, "until": until},
    )
    if not rows:
        raise LostLease(f"{client}/{subject}: the lease was lost")


def held_by(client: str, subject: str, owner: str) -> Work[int | None]:
    """The generation of a lease that somebody has, and nobody has taken from him; else None."""
    row = yield from one(_HELD_BY, client=client, subject=subject, owner=owner)
    return row["generation"] if row is not None else None


def free_all() -> Work[int]:
    """Give back all leases: what a dead process held, when only one may run."""
    return len((yield _FREE_ALL, {}))


def free_expired(now: int) -> Work[Sequence[Row]]:
    """Give back the leases of which nobody was heard any more; the subjects."""
    return every(_FREE_EXPIRED, now=now)


def due(now: int, most: int, busy: Sequence[str] = ()) -> Work[Sequence[Row]]:
    """Subjects with something to do that nobody advances, the longest due first.

    Args:
        now: In microseconds.
        most: How many at the most.
        busy: Clients, up to four, that have enough to do: what is due of them waits.
    """
    without = dict.fromkeys(BUSY, "") | dict(zip(BUSY, busy, strict=False))
    return every(_DUE, now=now, most=most, scan=most * STEPS_A_SUBJECT, **without)


def next_due() -> Work[int | None]:
    """When the next step is due, of all subjects."""
    (row,) = yield _NEXT, {}
    due_at: int | None = row["due_at"]
    return due_at
