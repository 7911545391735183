"""Whom not to write to: numbers, and e-mail addresses; by keyed hash, which outlives both."""

from __future__ import annotations

from collections.abc import Sequence

from textback.store.work import Row, Work, every, statement

_ADD = statement("""
    INSERT INTO suppressions (client, number_hash, reason, number, since, evidence)
    VALUES (:client, :number_hash, :reason, :number, :since, :evidence)
    ON CONFLICT (client, number_hash, reason) DO NOTHING RETURNING reason
""")
_LIFT = statement("""
    DELETE FROM suppressions
    WHERE client = :client AND number_hash = :number_hash AND reason = :reason RETURNING reason
""")
_OF = statement("""
    SELECT client, reason, since, evidence FROM suppressions
    WHERE number_hash = :number_hash AND client IN (:client, '*') ORDER BY since
""")


def add(
    client: str, number: str | None, number_hash: str, reason: str, evidence: str, now: int
) -> Work[bool]:
    """Suppress a number; False if it was for this reason already.

    An e-mail address has its hash alone: *number* is None.
    """
    rows = yield (
        _ADD,
        {
            "client": client,
            "number_hash": number_hash,
            "reason": reason,
            "number": number,
            "since": now,
            "evidence": evidence,
        },
    )
    return bool(rows)


def lift(client: str, number_hash: str, reason: str) -> Work[bool]:
    """Take a suppression back; False if there was none."""
    values = {"client": client, "number_hash": number_hash, "reason": reason}
    return bool((yield _LIFT, values))


def of(client: str, number_hash: str) -> Work[Sequence[Row]]:
    """What forbids texts to a number, for this client or for all."""
    return every(_OF, client=client, number_hash=number_hash)
