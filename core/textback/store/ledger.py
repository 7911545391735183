"""The ledger: every decision and every text, in a chain that shows if a row was changed.

A transaction inserts its rows unsealed.  The sealer gives them a sequence and a hash that covers
the row and the one before.  Three hashes, each SHA-256 in hexadecimal, stand on each other:

- the *digest* covers the content, with a salt: both can be erased and the rest still holds;
- the *fingerprint* covers the digest and what else the row says, so that a row of somebody else
  can stand in a proof without being shown;
- the *chain* covers the fingerprint, the sequence and the chain of the row before.

The client's name is in none of them: a client may be renamed.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from textback.store.work import Row, Statement, Work, every, statement

LOOKED_THROUGH = 5000  # rows that one statement searches for words: far from its time-out
SEAL_AT_ONCE = 100  # rows in one unit: a few milliseconds in which no other one runs

_COLUMNS = "client, entry, at, kind, subject, number_hash, salt, content, digest, seq, chain"

_WRITE = statement("""
    INSERT INTO ledger (client, entry, at, kind, subject, number_hash, salt, content, digest)
    VALUES (:client, :entry, :at, :kind, :subject, :number_hash, :salt, :content, :digest)
""")
_UNSEALED = statement(
    f"SELECT {_COLUMNS} FROM ledger WHERE seq IS NULL ORDER BY at, entry LIMIT :most",
    on_postgres="FOR UPDATE",  # a second sealer waits, and finds them sealed
)
_HEAD = statement("""
    SELECT seq, chain FROM ledger WHERE client = :client AND seq IS NOT NULL
    ORDER BY seq DESC LIMIT 1
""")


def _sealing(rows: int) -> Statement:
    values = ", ".join(
        f"(:client_{row}, :entry_{row}, CAST(:seq_{row} AS BIGINT), :chain_{row})"
        for row in map(chr, range(ord("a"), ord("a") + rows))
    )
    return statement(f"""
        WITH sealed (client, entry, seq, chain) AS (VALUES {values})
        UPDATE ledger SET seq = sealed.seq, chain = sealed.chain FROM sealed
        WHERE ledger.client = sealed.client AND ledger.entry = sealed.entry
            AND ledger.seq IS NULL
    """)


_SEAL = {rows: _sealing(rows) for rows in (20, 5, 1)}  # so many at once
_OF = statement(f"""
    SELECT {_COLUMNS} FROM ledger WHERE client = :client AND subject = :subject
    ORDER BY at, seq, entry
""")
_OF_NUMBER = statement(f"""
    SELECT {_COLUMNS} FROM ledger WHERE client = :client AND number_hash = :number_hash
    ORDER BY at, seq, entry
""")
_NAMING = statement("""
    SELECT subject, content FROM ledger
    WHERE client = :client AND seq > :after AND seq <= :last AND kind = 'decided'
        AND content LIKE :words
    ORDER BY seq DESC
""")
_AT = statement("SELECT chain FROM ledger WHERE client = :client AND seq = :seq")
_CHAIN = statement(f"""
    SELECT {_COLUMNS} FROM ledger WHERE client = :client AND seq > :after ORDER BY seq LIMIT :most
""")


_as_json = json.JSONEncoder(ensure_ascii=False, sort_keys=True).encode


@attrs.frozen(kw_only=True)
class Sealed:
    """A row that has its place in the chain now.

    Attributes:
        entry: The row's name; the head of a chain, which is told of like a row, has none.
    """

    client: str
    kind: str
    subject: str
    at: int
    seq: int
    chain: str
    entry: str = ""


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
    text = _as_json(content)
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
            "digest": digest(salt, text),
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
        heads[client] = (seq + 1, link(chain, seq + 1, fingerprint(row)))
        sealed.append(
            Sealed(
                client=client,
                entry=row["entry"],
                kind=row["kind"],
                subject=row["subject"],
                at=row["at"],
                seq=seq + 1,
                chain=heads[client][1],
            )
        )
    rest = sealed
    for most, seal_so_many in _SEAL.items():
        while len(rest) >= most:
            some, rest = rest[:most], rest[most:]
            yield seal_so_many, _values(some)
    return sealed


def _values(rows: Sequence[Sealed]) -> dict[str, Any]:
    return {
        f"{name}_{chr(ord('a') + place)}": getattr(row, name)
        for place, row in enumerate(rows)
        for name in ("client", "entry", "seq", "chain")
    }


def of(client: str, subject: str) -> Work[Sequence[Row]]:
    """The rows of a subject, oldest first."""
    return every(_OF, client=client, subject=subject)


def of_number(client: str, number_hash: str) -> Work[Sequence[Row]]:
    """The rows about a number, oldest first."""
    return every(_OF_NUMBER, client=client, number_hash=number_hash)


def decided_by(client: str, rule: str, most: int) -> Work[list[str]]:
    """The newest subjects of what a rule decided, by sealed rows, the newest first."""
    found: dict[str, None] = {}
    last, _ = yield from head(client)
    while last > 0 and len(found) < most:
        after = last - LOOKED_THROUGH
        words = f'%"rule": "{rule}", "step": %'  # sorted as `write` does; a verdict has no step
        rows = yield _NAMING, {"client": client, "after": after, "last": last, "words": words}
        found |= {
            row["subject"]: None
            for row in rows
            if json.loads(row["content"])["rule"] == rule  # not only answered, with others
        }
        last = after
    return list(found)[:most]


def chain_at(client: str, seq: int) -> Work[str | None]:
    """The chain at a sequence; "" before the first row, None if there is no such row."""
    if seq == 0:
        return ""
    rows = yield _AT, {"client": client, "seq": seq}
    return rows[0]["chain"] if rows else None


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
            if row["content"] is not None and digest(row["salt"], row["content"]) != row["digest"]:
                return Proof(seq, f"row {row['seq']}: its content was changed")
            if link(chain, row["seq"], fingerprint(row)) != row["chain"]:
                return Proof(seq, f"row {row['seq']} or the one before was changed")
            seq, chain = row["seq"], row["chain"]
    return Proof(seq)


def prints(client: str, first: int) -> Work[list[str]]:
    """The fingerprints of all sealed rows from the sequence *first* on."""
    found: list[str] = []
    while rows := (yield _CHAIN, {"client": client, "after": first - 1 + len(found), "most": 1000}):
        found += map(fingerprint, rows)
    return found


def digest(salt: str, content: str) -> str:
    """Covers what a row says."""
    return hashlib.sha256(f"{salt}:{content}".encode()).hexdigest()


def fingerprint(row: Row | Mapping[str, Any]) -> str:
    """Covers a row but for its place."""
    names = ("entry", "at", "kind", "subject", "number_hash", "digest")
    return hashlib.sha256("\x1f".join(str(row[name]) for name in names).encode()).hexdigest()


def link(before: str, seq: int, fingerprint: str) -> str:
    """The chain at one row, from the chain at the row before."""
    return hashlib.sha256(f"{before}\x1f{seq}\x1f{fingerprint}".encode()).hexdigest()
