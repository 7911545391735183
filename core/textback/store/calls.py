"""Customer calls: what is known of each, and what it came to."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from textback.store.work import Row, Work, every, one, statement

SAME_CALL_US = 60_000_000  # two sources that tell of one caller and line within this mean one call
SHORT_US = 3_000_000  # calls shorter than this are no attempt to speak with anybody

_COLUMNS = """client, call_id, same_as, caller, caller_raw, caller_name, line, started_at, ended_at,
    outcome, duration_ms, recording_url, evidence, case_id, end_state, because"""

_GET = statement(f"SELECT {_COLUMNS} FROM calls WHERE client = :client AND call_id = :call_id")
# Names are compared by their beginnings with substr: a LIKE with a value makes SQLite plan the
# statement again each time.
_TWIN = statement("""
    SELECT call_id FROM calls
    WHERE client = :client AND caller = :caller AND line = :line AND same_as IS NULL
        AND started_at BETWEEN :since AND :until
        AND substr(call_id, 1, length(:own)) <> :own
        AND NOT EXISTS (
            SELECT 1 FROM calls told
            WHERE told.client = :client AND told.caller = :caller
                AND substr(told.call_id, 1, length(:own)) = :own AND told.same_as = calls.call_id
        )
    ORDER BY started_at LIMIT 1
""")
_HISTORY = statement("""
    SELECT
        max(CASE WHEN started_at >= :since AND (outcome = 'answered'
            OR (outcome = 'outgoing' AND evidence LIKE '%answered')) THEN started_at END)
            AS reached_at,
        count(CASE WHEN started_at > :day AND outcome NOT IN ('answered', 'outgoing')
            AND ended_at > started_at AND ended_at < started_at + :short THEN 1 END) AS short
    FROM calls
    WHERE client = :client AND caller = :caller AND same_as IS NULL
        AND (started_at >= :since OR started_at > :day)
""")
_PUT = statement("""
    INSERT INTO calls (client, call_id, same_as, caller, caller_raw, caller_name, line, started_at,
        ended_at, outcome, duration_ms, recording_url, evidence, because)
    VALUES (:client, :call_id, :same_as, :caller, :caller_raw, :caller_name, :line, :started_at,
        :ended_at, :outcome, :duration_ms, :recording_url, :evidence, '')
    ON CONFLICT (client, call_id) DO UPDATE
    SET caller = excluded.caller, caller_raw = excluded.caller_raw,
        caller_name = excluded.caller_name, line = excluded.line,
        started_at = excluded.started_at, ended_at = excluded.ended_at,
        outcome = excluded.outcome, duration_ms = excluded.duration_ms,
        recording_url = excluded.recording_url, evidence = excluded.evidence
""")
_END = statement("""
    UPDATE calls SET end_state = :end_state, because = :because, case_id = :case_id
    WHERE client = :client AND call_id = :call_id
""")
_OF_CASE = statement(f"""
    SELECT {_COLUMNS} FROM calls WHERE client = :client AND case_id = :case_id ORDER BY started_at
""")

_MISSED_WITHOUT_CASE = statement("""
    SELECT line, max(call_id) AS call_id, count(*) AS count FROM calls
    WHERE client = :client AND started_at >= :since AND line IS NOT NULL AND same_as IS NULL
        AND case_id IS NULL AND outcome NOT IN ('answered', 'outgoing')
    GROUP BY line ORDER BY line
""")


def get(client: str, call_id: str) -> Work[Row | None]:
    """One call as stored."""
    return one(_GET, client=client, call_id=call_id)


def twin(client: str, plugin: str, caller: str, line: str, started_at: int) -> Work[str | None]:
    """The call that another source told of, if it is this one.

    A call that this source has told of already is another one: people ring again at once.
    """
    row = yield from one(
        _TWIN,
        client=client,
        caller=caller,
        line=line,
        since=started_at - SAME_CALL_US,
        until=started_at + SAME_CALL_US,
        own=f"{plugin}/",
    )
    return row["call_id"] if row else None


def history(client: str, caller: str, *, since: int, day: int) -> Work[Row]:
    """How a caller and the business spoke.

    Returns:
        ``reached_at``: when they last did, since a moment: an answered call, or a call back.
        ``short``: how many calls since *day* were over as soon as they had begun; a source that
        doesn't tell when a call began has none.
    """
    values = {"client": client, "caller": caller, "since": since, "day": day, "short": SHORT_US}
    (row,) = yield _HISTORY, values
    return row


def put(client: str, call_id: str, values: dict[str, Any]) -> Work[None]:
    """Write what is known of a call now."""
    yield _PUT, {"client": client, "call_id": call_id, **values}


def end(
    client: str, call_id: str, *, end_state: str | None, because: str, case_id: str | None
) -> Work[None]:
    """Write what a call came to."""
    yield (
        _END,
        {
            "client": client,
            "call_id": call_id,
            "end_state": end_state,
            "because": because,
            "case_id": case_id,
        },
    )


def of_case(client: str, case_id: str) -> Work[Sequence[Row]]:
    """The calls of a case, oldest first."""
    return every(_OF_CASE, client=client, case_id=case_id)


def elsewhere(client: str, lines: Collection[str], since: int) -> Work[list[Row]]:
    """Missed calls since a moment to numbers that are none of the lines.

    Returns:
        A row for each such ``line``: the ``count`` of calls, and the ``call_id`` of one.
    """
    rows = yield from every(_MISSED_WITHOUT_CASE, client=client, since=since)
    return [row for row in rows if row["line"] not in lines]
