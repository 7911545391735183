"""Erase a number: what it said and what was said of it goes, what happened stays counted.

Cases, calls, texts and steps keep their rows, without a number, a name or a word.  Suppressions
stay under the keyed hash, so that nobody is texted again who opted out; consents go.  The ledger
keeps its chain: content and salt go, the digest over them stays.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textback.store import consents
from textback.store.work import Row, Work, every, statement

GONE = "forgotten on request"
FINAL_RANK = 9  # above every state: no status that comes later moves a forgotten text
EVENT = "Forgotten"  # the kind of an event that is kept only so that it counts once

_CASES = statement("""
    SELECT case_id, email FROM cases WHERE client = :client AND number = :number
""")
_CALLS = statement("""
    SELECT call_id FROM calls WHERE client = :client AND caller = :number
""")
_CALLS_OF_CASE = statement("""
    SELECT call_id FROM calls WHERE client = :client AND case_id = :case_id
""")
_TEXTS = statement("""
    SELECT text_id, provider_id FROM texts WHERE client = :client AND number = :number
""")
_BOOKINGS = statement("""
    SELECT booking FROM bookings WHERE client = :client AND case_id = :case_id
""")
_STOP_STEPS = statement("""
    UPDATE steps SET state = 'cancelled', due_at = NULL, error = :because
    WHERE client = :client AND subject = :subject AND state IN ('waiting', 'running', 'parked')
""")
_TAKE_LEASE = statement("""
    UPDATE subjects SET generation = generation + 1, lease_until = 0
    WHERE client = :client AND subject = :subject
""")
_STEPS = statement("""
    UPDATE steps SET detail = '{}', result = NULL, error = NULL
    WHERE client = :client AND subject = :subject
""")
_CALL = statement("""
    UPDATE calls SET caller = NULL, caller_raw = '', caller_name = NULL, recording_url = NULL,
        evidence = '', because = :because
    WHERE client = :client AND call_id = :call_id
""")
_CASE = statement("""
    UPDATE cases SET number = NULL, email = NULL, caller = '{}', because = :because,
        closed_because = :because, closed_at = COALESCE(closed_at, :now), held_until = NULL
    WHERE client = :client AND case_id = :case_id
""")
_EMPTY_TEXT = """UPDATE texts SET number = '', address = NULL, subject = NULL, body = '',
    media = '[]', error = NULL, provider_id = NULL, rank = :rank WHERE client = :client"""
_TEXTS_OF_CASE = statement(f"{_EMPTY_TEXT} AND case_id = :case_id")
_TEXTS_OF_NUMBER = statement(f"{_EMPTY_TEXT} AND number = :number")
_BOOKING = statement("""
    UPDATE bookings SET title = '' WHERE client = :client AND case_id = :case_id
""")
_EMPTY_ENTRY = "UPDATE ledger SET content = NULL, salt = NULL WHERE client = :client"
_LEDGER_OF_CASE = statement(f"{_EMPTY_ENTRY} AND subject = :subject")
_LEDGER_OF_NUMBER = statement(f"{_EMPTY_ENTRY} AND number_hash = :number_hash")
_SUPPRESSIONS = statement("""
    UPDATE suppressions SET number = NULL, evidence = ''
    WHERE client = :client AND (number_hash = :number_hash OR number = :number)
    RETURNING reason
""")
_OF_NUMBER = [
    statement(f"DELETE FROM {table} WHERE client = :client AND number = :number")
    for table in ("contacts", "contact_log", "crm_refs")
]
_STATE = statement("""
    DELETE FROM plugin_state WHERE client = :client AND key LIKE :like
""")
_KNOWN_TO = statement("""
    SELECT client FROM contacts WHERE number = :number AND client <> '*' ORDER BY client
""")
_EVENTS = statement("""
    SELECT plugin, key, subject, body FROM inbox
    WHERE client = :client AND (plugin > :plugin OR (plugin = :plugin AND key > :key))
    ORDER BY plugin, key LIMIT :most
""")
_EVENT = statement("""
    UPDATE inbox SET subject = NULL, kind = :kind, body = ''
    WHERE client = :client AND plugin = :plugin AND key = :key
""")
_NO_EVENT = statement("""
    DELETE FROM inbox WHERE client = :client AND plugin = :plugin AND key = :key
""")


def known_to(number: str) -> Work[list[str]]:
    """The clients that know a number."""
    rows = yield from every(_KNOWN_TO, number=number)
    return [row["client"] for row in rows]


def cases_of(client: str, number: str) -> Work[Sequence[Row]]:
    """The cases with a number, with the e-mail addresses that belong to it."""
    return every(_CASES, client=client, number=number)


def calls_of(client: str, number: str, cases: Iterable[str]) -> Work[set[str]]:
    """The calls of a number, and those of its cases."""
    rows = list((yield from every(_CALLS, client=client, number=number)))
    for case_id in cases:
        rows += yield from every(_CALLS_OF_CASE, client=client, case_id=case_id)
    return {row["call_id"] for row in rows}


def texts_of(client: str, number: str) -> Work[Sequence[Row]]:
    """The texts from and to a number: our id and the provider's."""
    return every(_TEXTS, client=client, number=number)


def bookings_of(client: str, case_id: str) -> Work[list[str]]:
    """The booking tool's ids of a case's appointments."""
    rows = yield from every(_BOOKINGS, client=client, case_id=case_id)
    return [row["booking"] for row in rows]


def stop(client: str, subject: str) -> Work[None]:
    """Cancel all steps of a subject; what an engine is doing for it right now is not committed."""
    key = {"client": client, "subject": subject}
    yield _TAKE_LEASE, key
    yield _STOP_STEPS, {**key, "because": GONE}


def erase_call(client: str, call_id: str) -> Work[None]:
    """Nobody called any more, but there was a call."""
    yield _STEPS, {"client": client, "subject": f"call/{call_id}"}
    yield _CALL, {"client": client, "call_id": call_id, "because": GONE}


def erase_case(client: str, case_id: str, now: int) -> Work[None]:
    """Nobody was spoken with any more, but there was a conversation; it is over."""
    key = {"client": client, "case_id": case_id}
    subject = f"case/{case_id}"
    yield _TEXTS_OF_CASE, {**key, "rank": FINAL_RANK}
    yield _STEPS, {"client": client, "subject": subject}
    yield _BOOKING, key
    yield _LEDGER_OF_CASE, {"client": client, "subject": subject}
    yield _CASE, {**key, "because": GONE, "now": now}


def erase_number(client: str, number: str, number_hash: str) -> Work[int]:
    """What is kept of a number itself; how many suppressions go on without it."""
    key = {"client": client, "number": number}
    yield _TEXTS_OF_NUMBER, {**key, "rank": FINAL_RANK}
    for query in _OF_NUMBER:
        yield query, key
    yield _STATE, {"client": client, "like": f"%{number.lstrip('+')}%"}
    yield _LEDGER_OF_NUMBER, {"client": client, "number_hash": number_hash}
    yield from consents.forget(client, number_hash)
    return len((yield _SUPPRESSIONS, {**key, "number_hash": number_hash}))


def events(client: str, after: tuple[str, str], most: int) -> Work[Sequence[Row]]:
    """Raw events in the order of their keys, from one key on."""
    return every(_EVENTS, client=client, plugin=after[0], key=after[1], most=most)


def erase_events(client: str, keys: Iterable[tuple[str, str]], number: str) -> Work[None]:
    """Empty raw events; their keys stay, so that a provider's repetition is still known as one."""
    for plugin, key in keys:
        values = {"client": client, "plugin": plugin, "key": key}
        if number[1:] in key:
            yield _NO_EVENT, values
        else:
            yield _EVENT, {**values, "kind": EVENT}
