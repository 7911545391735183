"""Cases: the one open conversation with one caller of one client."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from textback.store.work import Row, Work, every, one, statement

_COLUMNS = """client, case_id, number, line, opened_at, last_at, caller, outcome, end_state,
    because, held_until, calls, replies, closed_at, closed_because"""

_OPEN = statement("""
    INSERT INTO cases (client, case_id, number, line, opened_at, last_at, caller, email,
        outcome, end_state, because, held_until, calls, closed_at, closed_because)
    VALUES (:client, :case_id, :number, :line, :opened_at, :opened_at, :caller, :email,
        :outcome, :end_state, :because, :held_until, :calls, :closed_at, :closed_because)
    ON CONFLICT DO NOTHING RETURNING case_id
""")
_GET = statement(f"SELECT {_COLUMNS} FROM cases WHERE client = :client AND case_id = :case_id")
_FIND = statement(f"SELECT {_COLUMNS} FROM cases WHERE case_id = :case_id")
_OPEN_OF = statement(f"""
    SELECT {_COLUMNS} FROM cases
    WHERE client = :client AND number = :number AND closed_at IS NULL
""")
_OPEN_ONES = statement(f"""
    SELECT {_COLUMNS} FROM cases
    WHERE client = :client AND number IS NOT NULL AND closed_at IS NULL LIMIT :most
""")
_BY_PREFIX = statement(f"""
    SELECT {_COLUMNS} FROM cases
    WHERE client = :client AND case_id >= :low AND case_id < :high LIMIT 20
""")
_LATEST_OF = statement(f"""
    SELECT {_COLUMNS} FROM cases WHERE client = :client AND number = :number
    ORDER BY opened_at DESC LIMIT 1
""")
_JOIN = statement("""
    UPDATE cases SET calls = calls + 1, line = coalesce(:line, line), last_at = :now
    WHERE client = :client AND case_id = :case_id AND closed_at IS NULL RETURNING calls
""")
_REPLIED = statement("""
    UPDATE cases SET replies = replies + 1, last_at = :now
    WHERE client = :client AND case_id = :case_id RETURNING replies
""")
_END = statement("""
    UPDATE cases SET end_state = :end_state, because = :because, held_until = NULL, last_at = :now
    WHERE client = :client AND case_id = :case_id
        AND (end_state IS NULL OR (end_state = 'unknown' AND :end_state IN ('sent', 'failed')))
    RETURNING opened_at, closed_at
""")
_END_CALL = statement("""
    UPDATE calls SET end_state = :end_state, because = :because
    WHERE client = :client AND case_id = :case_id
        AND (end_state IS NULL OR (end_state = 'unknown' AND :end_state IN ('sent', 'failed')))
""")
_HOLD = statement("""
    UPDATE cases SET held_until = :until, because = :because
    WHERE client = :client AND case_id = :case_id AND end_state IS NULL
""")
_CLOSE = statement("""
    UPDATE cases SET closed_at = :now, closed_because = :because, held_until = NULL, last_at = :now
    WHERE client = :client AND case_id = :case_id AND closed_at IS NULL RETURNING case_id
""")
_TOUCH = statement("""
    UPDATE cases SET last_at = :now WHERE client = :client AND case_id = :case_id
""")
_IDENTIFIED = statement("""
    UPDATE cases SET caller = :caller, email = :email WHERE client = :client AND case_id = :case_id
""")
_BY_EMAIL = statement(f"""
    SELECT {_COLUMNS} FROM cases WHERE client = :client AND email = :email
    ORDER BY (closed_at IS NULL) DESC, opened_at DESC LIMIT 1
""")
_ONLY_BY_EMAIL = statement(f"""
    SELECT {_COLUMNS} FROM cases
    WHERE client = :client AND email = :email AND (closed_at IS NULL OR closed_at >= :since)
    ORDER BY (closed_at IS NULL) DESC LIMIT 2
""")
_EMAIL_OF = statement("""
    SELECT email FROM cases WHERE client = :client AND number = :number AND email IS NOT NULL
    ORDER BY opened_at DESC LIMIT 1
""")
_PLACE_OF = statement("""
    SELECT opened_at, case_id FROM cases WHERE (client = :client OR :client = '*')
    ORDER BY opened_at DESC, case_id DESC LIMIT 1 OFFSET :before
""")
_FROM = statement(f"""
    SELECT {_COLUMNS} FROM cases
    WHERE (client = :client OR :client = '*') AND opened_at >= :opened_at
        AND (opened_at > :opened_at OR case_id >= :case_id)
    ORDER BY opened_at, case_id LIMIT :most
""")
_LIST = statement(f"""
    SELECT {_COLUMNS} FROM cases WHERE (client = :client OR :client = '*') AND opened_at >= :since
    ORDER BY opened_at DESC, case_id LIMIT :most
""")


def open_new(values: dict[str, Any]) -> Work[bool]:
    """Open a case; False if this caller has an open one (or this call has opened it before)."""
    return bool((yield _OPEN, {**values, "email": _email_in(values["caller"])}))


def get(client: str, case_id: str) -> Work[Row | None]:
    """One case."""
    return one(_GET, client=client, case_id=case_id)


def find(case_id: str) -> Work[Row | None]:
    """A case of any client, as people name it on the command line."""
    return one(_FIND, case_id=case_id)


def open_of(client: str, number: str) -> Work[Row | None]:
    """The open case with this caller."""
    return one(_OPEN_OF, client=client, number=number)


def open_ones(client: str, most: int) -> Work[Sequence[Row]]:
    """Open cases of a client, in no order."""
    return every(_OPEN_ONES, client=client, most=most)


def by_prefix(client: str, prefix: str) -> Work[Sequence[Row]]:
    """The cases whose names begin so, some of them if they are many."""
    return every(_BY_PREFIX, client=client, low=prefix, high=f"{prefix}{{")  # after z


def latest_of(client: str, number: str) -> Work[Row | None]:
    """The newest case with this caller, open or closed."""
    return one(_LATEST_OF, client=client, number=number)


def join(client: str, case_id: str, line: str | None, now: int) -> Work[int | None]:
    """Count one more call in an open case; how many it has now, None if it is closed."""
    rows = yield _JOIN, {"client": client, "case_id": case_id, "line": line, "now": now}
    return rows[0]["calls"] if rows else None


def replied(client: str, case_id: str, now: int) -> Work[int]:
    """Count one more reply; how many there are now."""
    (row,) = yield _REPLIED, {"client": client, "case_id": case_id, "now": now}
    replies: int = row["replies"]
    return replies


def end(client: str, case_id: str, end_state: str, because: str, now: int) -> Work[Row | None]:
    """Write the end of a case's first call; once, but for unknown, which may be settled.

    Returns:
        When the case was opened and closed; None if it had its end already.
    """
    values = {
        "client": client,
        "case_id": case_id,
        "end_state": end_state,
        "because": because,
    }
    rows = yield _END, {**values, "now": now}
    if rows:
        yield _END_CALL, values
    return rows[0] if rows else None


def hold(client: str, case_id: str, until: int | None, because: str) -> Work[None]:
    """Say that the first text waits, and for what."""
    yield (
        _HOLD,
        {"client": client, "case_id": case_id, "until": until, "because": because},
    )


def close(client: str, case_id: str, because: str, now: int) -> Work[bool]:
    """Close a case; False if it was closed."""
    values = {"client": client, "case_id": case_id, "because": because, "now": now}
    return bool((yield _CLOSE, values))


def touch(client: str, case_id: str, now: int) -> Work[None]:
    """Something happened in this case."""
    yield _TOUCH, {"client": client, "case_id": case_id, "now": now}


def identified(client: str, case_id: str, caller: str) -> Work[None]:
    """Keep what was found out about the caller."""
    values = {"client": client, "case_id": case_id, "caller": caller}
    yield _IDENTIFIED, {**values, "email": _email_in(caller)}


def by_email(client: str, address: str) -> Work[Row | None]:
    """The case with the caller who has an e-mail address: the newest open one, else the newest."""
    return one(_BY_EMAIL, client=client, email=address.lower())


def only_by_email(client: str, address: str, since: int) -> Work[Row | None]:
    """The one open case with the caller who has an e-mail address, else the one closed *since*."""
    rows = yield from every(_ONLY_BY_EMAIL, client=client, email=address.lower(), since=since)
    found = [row for row in rows if row["closed_at"] is None] or rows
    return found[0] if len(found) == 1 else None


def email_of(client: str, number: str) -> Work[str | None]:
    """The address that was last known of a caller, in lower case."""
    row = yield from one(_EMAIL_OF, client=client, number=number)
    return row["email"] if row is not None else None


def _email_in(caller: str) -> str | None:
    """The address in a caller's JSON, as it is looked for."""
    if '"email"' not in caller:  # nearly always: no need to read it
        return None
    address: str | None = json.loads(caller).get("email")
    return address.lower() if address else None


def listing(client: str, since: int, most: int) -> Work[Sequence[Row]]:
    """The newest cases of one client or (``*``) of all, the oldest of them first."""
    rows = yield from every(_LIST, client=client, since=since, most=most)
    return rows[::-1]


def place_of_newest(client: str, number: int) -> Work[tuple[int, str]]:
    """Where the newest cases, so many of them, begin in the order of time."""
    row = yield from one(_PLACE_OF, client=client, before=number - 1)
    return (row["opened_at"], row["case_id"]) if row is not None else (0, "")


def since(client: str, place: tuple[int, str], most: int) -> Work[Sequence[Row]]:
    """The cases from a place on in the order of time, of one client or (``*``) of all."""
    opened_at, case_id = place
    return every(_FROM, client=client, opened_at=opened_at, case_id=case_id, most=most)
