"""The past of one client, read in portions, in the order of time."""

from __future__ import annotations

from collections.abc import Sequence

from textback.store.work import Row, Statement, Work, every, one, statement

AT_A_TIME = 5000  # rows in memory at once, of each kind

_NEXT = "(stamp > :after OR (stamp = :after AND id > :last)) AND stamp < :until"

# A call's decision can't come before the call's end, by which they are gone through.
CALLS = statement(f"""
    SELECT c.stamp, c.id, c.caller, c.caller_raw, c.line, c.started_at, c.ended_at, c.outcome,
        c.evidence, c.case_id, c.end_state, c.because, s.updated_at AS decided_at,
        k.caller AS who,
        CASE WHEN c.end_state IN ('sent', 'failed', 'unknown', 'shadowed') THEN (
            SELECT t.body FROM texts t
            WHERE t.client = :client AND t.case_id = c.case_id AND t.step = 'text/1'
                AND t.direction = 'out'
            ORDER BY t.at DESC LIMIT 1
        ) END AS words
    FROM (
        SELECT * FROM (
            SELECT coalesce(ended_at, started_at) AS stamp, call_id AS id, caller, caller_raw,
                line, started_at, ended_at, outcome, evidence, case_id, end_state, because
            FROM calls
            WHERE client = :client AND same_as IS NULL AND outcome IS NOT NULL
        ) told
        WHERE {_NEXT} ORDER BY stamp, id LIMIT :most
    ) c
    LEFT JOIN steps s
        ON s.client = :client AND s.subject = 'call/' || c.id AND s.name = 'conclude'
    LEFT JOIN cases k ON k.client = :client AND k.case_id = c.case_id
    ORDER BY c.stamp, c.id
""")
TEXTS = statement(f"""
    SELECT * FROM (
        SELECT at AS stamp, text_id AS id, kind, direction, channel, number, line, state,
            segments
        FROM texts
        WHERE client = :client AND number <> '' AND (
            direction = 'in' OR kind IN ('reply', 'confirmation', 'help')
            OR (at < :since AND kind IN ('first', 'follow_up'))
        )
    ) told
    WHERE {_NEXT} ORDER BY stamp, id LIMIT :most
""")
CLOSED = statement(f"""
    SELECT * FROM (
        SELECT closed_at AS stamp, case_id AS id, number, closed_because FROM cases
        WHERE client = :client AND number IS NOT NULL AND closed_at IS NOT NULL
    ) told
    WHERE {_NEXT} ORDER BY stamp, id LIMIT :most
""")
_OPEN_AT = statement("""
    SELECT case_id, number, line, opened_at, caller FROM cases
    WHERE client = :client AND number IS NOT NULL AND opened_at < :since
        AND (closed_at IS NULL OR closed_at >= :since)
""")
_SUPPRESSED = statement("""
    SELECT client, number_hash, reason, since, evidence FROM suppressions
    WHERE client IN (:client, '*')
""")
_ORDERS = statement("""
    SELECT client, at, kind, subject, number_hash, content FROM ledger
    WHERE client IN (:client, '*')
        AND kind IN ('suppressed', 'resumed', 'consented', 'paused', 'unpaused')
    ORDER BY at
""")
_CONSENTED = statement("""
    SELECT number_hash, basis, at, evidence FROM consents WHERE client IN (:client, '*')
""")
_PAUSED = statement("SELECT client, because, since FROM pauses WHERE client IN (:client, '*')")
_COUNT = statement("""
    SELECT count(*) AS calls FROM calls
    WHERE client = :client AND same_as IS NULL AND case_id IS NOT NULL
        AND outcome NOT IN ('answered', 'outgoing')
        AND coalesce(ended_at, started_at) >= :since AND coalesce(ended_at, started_at) < :until
""")


def portion(
    query: Statement, client: str, since: int, after: tuple[int, str], until: int
) -> Work[Sequence[Row]]:
    """The next rows of `CALLS`, `TEXTS` or `CLOSED`.

    Args:
        query: Which.
        client: Whose.
        since: When the part of the past begins that is played again.
        after: ``stamp`` and ``id`` of the last row of the portion before.
        until: Its end.
    """
    values = {
        "client": client,
        "since": since,
        "after": after[0],
        "last": after[1],
        "until": until,
        "most": AT_A_TIME,
    }
    return every(query, **{name: values[name] for name in query.names})


def open_at(client: str, since: int) -> Work[Sequence[Row]]:
    """The cases that were open at a moment, by when they were opened and closed."""
    return every(_OPEN_AT, client=client, since=since)


def suppressed(client: str) -> Work[Sequence[Row]]:
    """What forbids texts now, for the client and for the whole deployment."""
    return every(_SUPPRESSED, client=client)


def consented(client: str) -> Work[Sequence[Row]]:
    """The latest of what was given and withdrawn, by the client's callers."""
    return every(_CONSENTED, client=client)


def orders(client: str) -> Work[Sequence[Row]]:
    """What the ledger has of suppressions, consents and pauses, the oldest first."""
    return every(_ORDERS, client=client)


def paused(client: str) -> Work[Sequence[Row]]:
    """The pauses that last."""
    return every(_PAUSED, client=client)


def count(client: str, since: int, until: int) -> Work[int]:
    """How many missed calls ended in a part of the past."""
    row = yield from one(_COUNT, client=client, since=since, until=until)
    assert row is not None
    calls: int = row["calls"]
    return calls
