"""What is older than its time, in small portions: found in a read, deleted in a short write.

`CLASSES` says of each table what is too old in it and what becomes of that.  The portions go
through a table in the order of its key, so that no row is looked at twice.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from functools import partial

import attrs

from textback.store.work import Row, Statement, Work, every, statement

AT_A_TIME = 200  # rows in one commit: a webhook waits no longer than for these

_INBOX, _TEXTS, _CALLS = ("client", "plugin", "key"), ("client", "text_id"), ("client", "call_id")
_BOOKINGS = ("client", "plugin", "booking")
_STEPS, _LOG, _CASES = (
    ("client", "subject", "name"),
    ("client", "number", "key"),
    ("client", "case_id"),
)
_COUNTERS = ("client", "name", "period")
_LEDGER, _SUPPRESSIONS = ("client", "entry"), ("client", "number_hash", "reason")
_CONSENTS = ("client", "number_hash", "basis")


def _older(table: str, key: tuple[str, ...], old: str, more: str = "") -> Statement:
    columns, values = ", ".join(key), ", ".join(f":{column}" for column in key)
    return statement(f"""
        SELECT {columns}{more} FROM {table} WHERE ({columns}) > ({values}) AND {old}
        ORDER BY {columns} LIMIT :most
    """)


_OLD = {
    "events": _older("inbox", _INBOX, "received_at < :before"),
    "bodies": _older("texts", _TEXTS, "at < :before AND (body <> '' OR media <> '[]')"),
    "recordings": _older("calls", _CALLS, "started_at < :before AND recording_url IS NOT NULL"),
    "details": _older(
        "steps",
        _STEPS,
        "updated_at < :before AND state IN ('done', 'cancelled') AND detail <> '{}'",
    ),
    "entries": _older(
        "contact_log",
        _LOG,
        """at < :before AND (entry LIKE '%"body"%' OR entry LIKE '%"media"%')""",
        ", entry",
    ),
    "calls": _older("calls", _CALLS, "started_at < :before AND case_id IS NULL"),
    "cases": _older("cases", _CASES, "closed_at < :before", ", number"),
    "asides": _older("texts", _TEXTS, "at < :before AND case_id = 'restored'"),
    "asked": _older("steps", _STEPS, "updated_at < :before AND name LIKE 'ask/%'"),
    "bookings": _older("bookings", _BOOKINGS, "starts_at < :before"),
    "notices": _older("team_texts", _TEXTS, "at < :before"),
    "contents": _older(
        "ledger", _LEDGER, "at < :before AND content IS NOT NULL AND seq IS NOT NULL"
    ),
    "counters": _older("counters", _COUNTERS, "since < :before"),
    "suppressions": _older("suppressions", _SUPPRESSIONS, "since < :before"),
    "consents": _older("consents", _CONSENTS, "at < :before AND basis <> 'withdrawn'"),
    "withdrawals": _older("consents", _CONSENTS, "at < :before AND basis = 'withdrawn'"),
}
_DELETE_COUNTER = statement("""
    DELETE FROM counters WHERE client = :client AND name = :name AND period = :period
""")
_DELETE_EVENT = statement("""
    DELETE FROM inbox WHERE client = :client AND plugin = :plugin AND key = :key
""")
_EMPTY_TEXT = statement("""
    UPDATE texts SET body = '', media = '[]' WHERE client = :client AND text_id = :text_id
""")
_EMPTY_CALL = statement("""
    UPDATE calls SET recording_url = NULL WHERE client = :client AND call_id = :call_id
""")
_EMPTY_STEP = statement("""
    UPDATE steps SET detail = '{}'
    WHERE client = :client AND subject = :subject AND name = :name
""")
_SET_ENTRY = statement("""
    UPDATE contact_log SET entry = :entry
    WHERE client = :client AND number = :number AND key = :key
""")
_EMPTY_LEDGER = statement("""
    UPDATE ledger SET content = NULL, salt = NULL WHERE client = :client AND entry = :entry
""")
_DELETE_SUPPRESSION = statement("""
    DELETE FROM suppressions
    WHERE client = :client AND number_hash = :number_hash AND reason = :reason
""")
_DELETE_CONSENT = statement("""
    DELETE FROM consents
    WHERE client = :client AND number_hash = :number_hash AND basis = :basis
""")
_DELETE_TEXT = statement("DELETE FROM texts WHERE client = :client AND text_id = :text_id")
_DELETE_NOTICE = statement("""
    DELETE FROM team_texts WHERE client = :client AND text_id = :text_id
""")
_DELETE_BOOKING = statement("""
    DELETE FROM bookings WHERE client = :client AND plugin = :plugin AND booking = :booking
""")
_DELETE_STEP = statement("""
    DELETE FROM steps WHERE client = :client AND subject = :subject AND name = :name
""")
_DELETE_SUBJECT = [
    statement(f"DELETE FROM {table} WHERE client = :client AND subject = :subject")
    for table in ("steps", "subjects")
]
_DELETE_CALL = statement("DELETE FROM calls WHERE client = :client AND call_id = :call_id")
_CALLS_OF = statement("""
    SELECT client, call_id FROM calls WHERE client = :client AND case_id = :case_id
""")
_DELETE_OF_CASE = [
    statement(f"DELETE FROM {table} WHERE client = :client AND case_id = :case_id")
    for table in ("texts", "team_texts", "cases")
]
_DELETE_UNUSED = [
    statement("""
        DELETE FROM contacts WHERE client = :client AND number = :number AND created_at IS NULL
            AND NOT EXISTS (SELECT 1 FROM cases WHERE client = :client AND number = :number)
    """),
    statement("""
        DELETE FROM contacts WHERE client = '*' AND number = :number AND NOT EXISTS (
            SELECT 1 FROM clients k CROSS JOIN contacts c
            WHERE c.client = k.client AND c.number = :number
        )
    """),
]


@attrs.frozen
class Class:
    """One table of one class of data.

    Attributes:
        setting: The class, as ``[retention]`` names it.
        what: What is deleted, for people.
        key: The columns by which the table is gone through.
        find: Rows that are older than ``:before``, in the order of the key.
        act: Deletes a row, or what is too old of it.
    """

    setting: str
    what: str
    key: tuple[str, ...]
    find: Statement
    act: Callable[[Row], Work[None]]

    def older(self, before: int, last: Row | None) -> Work[Sequence[Row]]:
        """The next portion, after the *last* row of the one before."""
        place = {column: last[column] if last is not None else "" for column in self.key}
        return every(self.find, before=before, most=AT_A_TIME, **place)

    def delete(self, rows: Iterable[Row]) -> Work[None]:
        """Delete a portion."""
        for row in rows:
            yield from self.act(row)


def _do(query: Statement, row: Row) -> Work[None]:
    yield query, {column: row[column] for column in query.names}


def _without_words(row: Row) -> Work[None]:
    entry = json.loads(row["entry"])
    kept = {name: value for name, value in entry.items() if name not in ("body", "media")}
    key = {column: row[column] for column in _LOG}
    yield _SET_ENTRY, {**key, "entry": json.dumps(kept, ensure_ascii=False)}


def _call(row: Row) -> Work[None]:
    yield from _subject(row["client"], f"call/{row['call_id']}")
    yield from _do(_DELETE_CALL, row)


def _case(row: Row) -> Work[None]:
    for call in (yield from every(_CALLS_OF, client=row["client"], case_id=row["case_id"])):
        yield from _call(call)
    yield from _subject(row["client"], f"case/{row['case_id']}")
    for query in _DELETE_OF_CASE:
        yield from _do(query, row)
    if row["number"] is not None:
        for query in _DELETE_UNUSED:
            yield from _do(query, row)


def _subject(client: str, subject: str) -> Work[None]:
    for query in _DELETE_SUBJECT:
        yield query, {"client": client, "subject": subject}


CLASSES: tuple[Class, ...] = (
    Class("raw_events", "raw events", _INBOX, _OLD["events"], partial(_do, _DELETE_EVENT)),
    Class("raw_events", "counters", _COUNTERS, _OLD["counters"], partial(_do, _DELETE_COUNTER)),
    Class("bodies", "bodies of texts", _TEXTS, _OLD["bodies"], partial(_do, _EMPTY_TEXT)),
    Class("bodies", "recordings", _CALLS, _OLD["recordings"], partial(_do, _EMPTY_CALL)),
    Class("bodies", "details of steps", _STEPS, _OLD["details"], partial(_do, _EMPTY_STEP)),
    Class("bodies", "bodies in contacts' logs", _LOG, _OLD["entries"], _without_words),
    Class("evidence", "calls without a case", _CALLS, _OLD["calls"], _call),
    Class("evidence", "closed cases", _CASES, _OLD["cases"], _case),
    Class("evidence", "texts without a case", _TEXTS, _OLD["asides"], partial(_do, _DELETE_TEXT)),
    Class("evidence", "appointments", _BOOKINGS, _OLD["bookings"], partial(_do, _DELETE_BOOKING)),
    Class("evidence", "texts to the team", _TEXTS, _OLD["notices"], partial(_do, _DELETE_NOTICE)),
    Class("evidence", "questions to the team", _STEPS, _OLD["asked"], partial(_do, _DELETE_STEP)),
    Class("evidence", "consents", _CONSENTS, _OLD["consents"], partial(_do, _DELETE_CONSENT)),
    Class("evidence", "ledger contents", _LEDGER, _OLD["contents"], partial(_do, _EMPTY_LEDGER)),
    Class(
        "suppressions",
        "suppressions",
        _SUPPRESSIONS,
        _OLD["suppressions"],
        partial(_do, _DELETE_SUPPRESSION),
    ),
    Class(
        "suppressions",
        "withdrawals of consent",
        _CONSENTS,
        _OLD["withdrawals"],
        partial(_do, _DELETE_CONSENT),
    ),
)
"""In the order of the work."""
