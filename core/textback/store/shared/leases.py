"""Who has what among several processes.

Leases of subjects, a process's with one statement; the one clock they are compared by; and locks of
names, which end with the commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from textback.store.work import Work, statement

LEASE_US: Final = 8_000_000
"""So long after its last heartbeat others take what a process held.

A shorter one would take from the living on a machine that is overloaded."""

HEARTBEAT_S: Final = 1.0
"""Seven may be lost, or late, before a lease is."""

_NOW = statement("""
    SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS BIGINT) AS now
""")
# A row that is locked is in a commit, which renews its lease by itself: to wait for it would hold
# up that commit's neighbours, whose rows are locked here by then.
_RENEW = statement("""
    UPDATE subjects SET lease_until = :until
    FROM (
        SELECT s.client, s.subject
        FROM subjects s JOIN unnest(CAST(:clients AS TEXT[]), CAST(:subjects AS TEXT[]),
            CAST(:generations AS BIGINT[])) AS held(client, subject, generation)
            ON s.client = held.client AND s.subject = held.subject
                AND s.generation = held.generation
        WHERE s.lease_until > 0
        FOR UPDATE OF s SKIP LOCKED
    ) AS free
    WHERE subjects.client = free.client AND subjects.subject = free.subject
""")
_ALONE = statement("""
    SELECT pg_advisory_xact_lock(hashtextextended(name, 0))
    FROM unnest(CAST(:names AS text[])) AS name
""")


def clock() -> Work[int]:
    """The server's time, in microseconds."""
    (row,) = yield _NOW, {}
    now: int = row["now"]
    return now


def renew(held: Sequence[tuple[str, str, int]], until: int) -> Work[None]:
    """Hold on to subjects: client, subject, generation; those that were lost are left alone."""
    ordered = sorted(held)  # as every process does, so that no two wait for each other
    yield (
        _RENEW,
        {
            "clients": [client for client, _, _ in ordered],
            "subjects": [subject for _, subject, _ in ordered],
            "generations": [generation for _, _, generation in ordered],
            "until": until,
        },
    )


def alone_with(names: Sequence[str]) -> Work[None]:
    """Be the only one with these names until the commit."""
    yield _ALONE, {"names": names}
