"""Everything that is kept on one number, with the proof that nothing of it was changed since."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

from textback.clock import moment
from textback.config.settings import Client
from textback.engine.ledger import story
from textback.engine.ledger.story import iso
from textback.model import PhoneNumber
from textback.store import Work, cases, consents, contacts, forgetting, ledger, suppressions
from textback.store.contacts import DEPLOYMENT
from textback.store.work import Row

Document = dict[str, Any]


def gather(
    clients: Mapping[str, Client],
    names: list[str],
    number: PhoneNumber,
    number_hash: str,
    now: int,
) -> Work[Document]:
    """The evidence on a number, as JSON can hold it.

    Args:
        clients: Those with a file; others are told by their name, with times in UTC.
        names: All that the store knows, those of the past, too.
        number: In E.164.
        number_hash: Its keyed hash, under which the ledger and suppressions know it.
        now: When it is gathered.
    """
    found = []
    for name in names:
        part = yield from _of_client(name, clients.get(name), number, number_hash)
        if part is not None:
            found.append(part)
    return {
        "format": "textback evidence 1",
        "number": number,
        "number_hash": number_hash,
        "made_at": iso(now),
        "clients": found,
    }


def _of_client(
    name: str, client: Client | None, number: PhoneNumber, number_hash: str
) -> Work[Document | None]:
    """What one client has; None if it never heard of the number."""
    rows = yield from ledger.of_number(name, number_hash)
    forbidden = yield from suppressions.of(name, number_hash)
    known = yield from forgetting.cases_of(name, number)
    contact = yield from contacts.get(name, number)
    given = yield from consents.of(name, number_hash)
    if not (rows or known or forbidden or contact or given):
        return None
    local = partial(_local, client.time_zone if client else ZoneInfo("UTC"))
    told = []
    for each in known:
        case = yield from cases.get(name, each["case_id"])
        assert case is not None
        told.append((yield from _case(case, local)))
    proof = yield from _proof(name, rows)
    return {
        "client": name,
        "name": client.name if client else "All clients" if name == DEPLOYMENT else name,
        "time_zone": client.time_zone.key if client else "UTC",
        "contact": _contact(contact) if contact is not None else None,
        "suppressions": [
            {
                "scope": row["client"],
                "reason": row["reason"],
                "since": iso(row["since"]),
                "evidence": row["evidence"],
            }
            for row in forbidden
        ],
        "consents": [
            {"basis": row["basis"], "at": iso(row["at"]), "evidence": row["evidence"]}
            for row in given
        ],
        "cases": told,
        "ledger": proof,
    }


def _case(case: Row, local: Callable[[int | None], str | None]) -> Work[Document]:
    told = yield from story.read(case, prove=False)
    return {
        "case": case["case_id"],
        "line": case["line"],
        "opened_at": iso(case["opened_at"]),
        "local_time": local(case["opened_at"]),
        "end": case["end_state"],
        "because": case["because"],
        "closed_because": case["closed_because"],
        "calls": [
            {
                "call": row["call_id"],
                "started_at": iso(row["started_at"]),
                "ended_at": iso(row["ended_at"]),
                "local_time": local(row["ended_at"] or row["started_at"]),
                "outcome": row["outcome"],
                "evidence": row["evidence"],
                "end": row["end_state"],
                "because": row["because"],
            }
            for row in told.calls
        ],
        "texts": [
            {
                **story.text_of(row),
                "id": row["text_id"],
                "kind": row["kind"],
                "local_time": local(row["at"]),
            }
            for row in told.texts
        ],
    }


def _contact(row: Row) -> Document:
    values = contacts.as_dict(row)
    return {name: values[name] for name in ("name", "email", "stage", "tags", "fields")}


def _proof(client: str, rows: list[Row] | Any) -> Work[Document]:
    """The number's own rows, the fingerprints of all others since the first, and the head.

    A row that isn't sealed yet stands without a place; it has one within about a second.
    """
    sealed = [row for row in rows if row["seq"] is not None]
    first = sealed[0]["seq"] if sealed else (yield from ledger.head(client))[0] + 1
    before = yield from ledger.chain_at(client, first - 1)
    prints = yield from ledger.prints(client, first)
    seq, chain = yield from ledger.head(client)
    return {
        "first": first,
        "before": before,
        "prints": prints,
        "head": {"seq": seq, "chain": chain},
        "rows": [_row(row) for row in rows],
    }


def _row(row: Row) -> Document:
    kept = ("seq", "entry", "kind", "subject", "number_hash", "salt", "digest")
    content = row["content"]
    return {
        **{name: row[name] for name in kept},
        "at": row["at"],
        "time": iso(row["at"]),
        "text": content,
        "content": json.loads(content) if content is not None else None,
    }


def _local(zone: ZoneInfo, stamp: int | None) -> str | None:
    if stamp is None:
        return None
    at = moment(stamp).astimezone(zone)
    return f"{at:%a %d %b %Y, %H:%M:%S} {at.tzname()}"
