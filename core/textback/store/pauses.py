"""Pauses: everything of a client, or of the whole deployment, is held until resumed.

Whoever decides reads them in the commit of what he decided, and nobody may pause or resume between
the two.  SQLite has one writer.  On Postgres a lock sees to it: whoever pauses waits for all who
share it and keeps it to himself until his own commit.  It is taken by statements that run anyway,
the shared one before the pauses are read: a statement sees what was committed when it began.
"""

from __future__ import annotations

from typing import Final

from textback.store.locks import PAUSING
from textback.store.work import Work, statement

SHARED: Final = f", pg_advisory_xact_lock_shared({PAUSING})"
_ALONE: Final = f", pg_advisory_xact_lock({PAUSING})"

_PAUSE = statement(
    """
    INSERT INTO pauses (client, because, since) VALUES (:client, :because, :now)
    ON CONFLICT (client) DO UPDATE SET because = excluded.because RETURNING client
    """,
    on_postgres=_ALONE,
)
_RESUME = statement(
    "DELETE FROM pauses WHERE client = :client RETURNING client", on_postgres=_ALONE
)
_KEEP = statement("SELECT 1 AS kept", on_postgres=SHARED)
_OF = statement("""
    SELECT because FROM pauses WHERE client IN (:client, '*') ORDER BY client LIMIT 1
""")


def pause(client: str, because: str, now: int) -> Work[None]:
    """Hold all texts of a client, or (``*``) of all."""
    yield _PAUSE, {"client": client, "because": because, "now": now}


def resume(client: str) -> Work[bool]:
    """Let texts go again; False if nothing was paused under this name."""
    return bool((yield _RESUME, {"client": client}))


def of(client: str) -> Work[str | None]:
    """Why a client's texts are held, if they are."""
    rows = yield _OF, {"client": client}
    return rows[0]["because"] if rows else None


def keep() -> Work[None]:
    """Let nobody pause or resume from here to the commit."""
    yield _KEEP, {}
