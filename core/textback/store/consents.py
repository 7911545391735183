"""Who agreed to be texted, and when that was withdrawn; by the keyed hash of the number.

Of each basis the latest is kept here, for decisions.  All that ever was is in the ledger.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from textback.store.work import Row, Work, every, statement

WITHDRAWN: Final = "withdrawn"
"""In place of a basis: all that was given until then carries nothing any more."""

_PUT = statement("""
    INSERT INTO consents (client, number_hash, basis, at, evidence)
    VALUES (:client, :number_hash, :basis, :at, :evidence)
    ON CONFLICT (client, number_hash, basis) DO UPDATE
    SET at = excluded.at, evidence = excluded.evidence
    WHERE consents.at < excluded.at
""")
_OF = statement("""
    SELECT client, basis, at, evidence FROM consents
    WHERE number_hash = :number_hash AND client IN (:client, '*') ORDER BY at
""")
_FORGET = statement("""
    DELETE FROM consents
    WHERE client = :client AND number_hash = :number_hash AND basis <> 'withdrawn'
""")


def put(client: str, number_hash: str, basis: str, at: int, evidence: str) -> Work[None]:
    """Remember a consent, unless a later one of the same basis is known."""
    yield (
        _PUT,
        {
            "client": client,
            "number_hash": number_hash,
            "basis": basis,
            "at": at,
            "evidence": evidence,
        },
    )


def withdraw(client: str, number_hash: str, at: int) -> Work[None]:
    """Nothing that was given before carries any more; *client* is ``*`` for all clients."""
    yield from put(client, number_hash, WITHDRAWN, at, "")


def of(client: str, number_hash: str) -> Work[Sequence[Row]]:
    """What a number gave to a client and withdrew, there or from all clients, the oldest first."""
    return every(_OF, client=client, number_hash=number_hash)


def forget(client: str, number_hash: str) -> Work[None]:
    """Forget what was given; that it was withdrawn stays."""
    yield _FORGET, {"client": client, "number_hash": number_hash}
