"""Pauses: everything of a client, or of the whole deployment, is held until resumed."""

from __future__ import annotations

from textback.store.work import Work, statement

_PAUSE = statement("""
    INSERT INTO pauses (client, because, since) VALUES (:client, :because, :now)
    ON CONFLICT (client) DO UPDATE SET because = excluded.because
""")
_RESUME = statement("DELETE FROM pauses WHERE client = :client RETURNING client")
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
