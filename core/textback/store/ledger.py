"""The ledger: every decision and every text, in a chain that shows if a row was changed.

A transaction inserts its rows unsealed.  The sealer gives them a sequence and a hash that covers
the row and the one before.  The hash covers the content only through a salted digest, so that
content and salt can be erased and the chain still holds.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from textback.store.work import Row, Work, every, statement

SEAL_AT_ONCE = 500

_COLUMNS = "client, entry, at, kind, subject, number_hash, salt, content, digest, seq, chain"

_WRITE = statement("""
    INSERT INTO ledger (client, entry, at, kind, subject, number_hash, salt, content, digest)
    VALUES (:client, :entry, :at, :kind, :subject, :number_hash, :salt, :content, :digest)
""")
_UNSEALED = statement(f"""
    SELECT {_COLUMNS} FROM ledger WHERE seq IS NULL ORDER BY at, entry LIMIT :most
""")
_HEAD = statement("""
    SELECT seq, chain FROM ledger WHERE client = :client AND seq IS NOT NULL
    ORDER BY seq DESC LIMIT 1
""")
_SEAL = statement("""
    UPDATE ledger SET seq = :seq, chain = :chain
    WHERE client = :client AND entry = :entry AND seq IS NULL
""")
_OF = statement(f"""
    SELECT {_COLUMNS} FROM ledger WHERE client = :client AND subject = :subject
    ORDER BY at, seq, entry
""")
_CHAIN = statement(f"""
    SELECT {_COLUMNS} FROM ledger WHERE client = :client AND seq > :after ORDER BY seq LIMIT :most
""")


@attrs.frozen(kw_only=True)
class Sealed:
    """A row that has its place in the chain now."""

    client: str
    kind: str
    subject: str
    at: int
    seq: int
    chain: str


@attrs.frozen
class Proof:
    """What checking a chain found: how many rows hold, and the first that doesn't."""

    sealed: int
    broken: str | None = None


def write(
    client: str,
    kind: str,
    subject: str,
    number_hash: str | None,
    content: Mapping[str, Any],
    at: int,
) -> Work[None]:
    """Add one row, not yet sealed."""
    salt = os.urandom(16).hex()
    text = json.dumps(content, ensure_ascii=False, sort_keys=True)
    yield (
        _WRITE,
        {
            "client": client,
            "entry": os.urandom(12).hex(),
            "at": at,
            "kind": kind,
            "subject": subject,
            "number_hash": number_hash,
            "salt": salt,
            "content": text,
            "digest": _digest(salt, text),
        },
    )


def seal() -> Work[list[Sealed]]:
    """Give the oldest unsealed rows their sequence and hash; these rows."""
    sealed: list[Sealed] = []
    rows = yield _UNSEALED, {"most": SEAL_AT_ONCE}
    heads: dict[str, tuple[int, str]] = {}
    for row in rows:
        client = row["client"]
        if client not in heads:
            found = yield _HEAD, {"client": client}
            heads[client] = (found[0]["seq"], found[0]["chain"]) if found else (0, "")
        seq, chain = heads[client]
        heads[client] = (seq + 1, _link(chain, seq + 1, row))
        yield (
            _SEAL,
            {
                "client": client,
                "entry": row["entry"],
                "seq": seq + 1,
                "chain": heads[client][1],
            },
        )
        sealed.append(
            Sealed(
                client=client,
                kind=row["kind"],
                subject=row["subject"],
                at=row["at"],
                seq=seq + 1,
                chain=heads[client][1],
            )
        )
    return sealed


def of(client: str, subject: str) -> Work[Sequence[Row]]:
    """The rows of a subject, oldest first."""
    return every(_OF, client=client, subject=subject)


def head(client: str) -> Work[tuple[int, str]]:
    """The newest sealed row's sequence and hash; (0, "") if there is none."""
    rows = yield _HEAD, {"client": client}
    return (rows[0]["seq"], rows[0]["chain"]) if rows else (0, "")


def verify(client: str) -> Work[Proof]:
    """Check a client's whole chain."""
    seq, chain = 0, ""
    while rows := (yield _CHAIN, {"client": client, "after": seq, "most": 1000}):
        for row in rows:
            if row["seq"] != seq + 1:
                return Proof(seq, f"row {seq + 1} is missing")
            if row["content"] is not None and _digest(row["salt"], row["content"]) != row["digest"]:
                return Proof(seq, f"row {row['seq']}: its content was changed")
            if _link(chain, row["seq"], row) != row["chain"]:
                return Proof(seq, f"row {row['seq']} or the one before was changed")
            seq, chain = row["seq"], row["chain"]
    return Proof(seq)


def _digest(salt: str, content: str) -> str:
    return hashlib.sha256(f"{salt}:{content}".encode()).hexdigest()


def _link(before: str, seq: int, row: Row) -> str:
    parts = [
        before,
        str(seq),
        *(
            str(row[name])
            for name in ("client", "entry", "at", "kind", "subject", "number_hash", "digest")
        ),
    ]
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()
