"""Every verified event, once: what was acknowledged is found again here after any crash."""

from __future__ import annotations

from collections.abc import Sequence

from textback.store.work import Row, Work, every, statement

_PUT = statement("""
    INSERT INTO inbox (client, plugin, key, subject, kind, at, received_at, body)
    VALUES (:client, :plugin, :key, :subject, :kind, :at, :received_at, :body)
    ON CONFLICT (client, plugin, key) DO NOTHING RETURNING 1 AS new
""")
_OF = statement("""
    SELECT plugin, kind, at, received_at, body FROM inbox
    WHERE client = :client AND subject = :subject ORDER BY received_at, at
""")
_LAST = statement("""
    SELECT max(received_at) AS last FROM inbox
    WHERE client = :client AND plugin = :plugin AND received_at < :before
""")


def put(
    client: str,
    plugin: str,
    key: str,
    *,
    subject: str | None,
    kind: str,
    at: int,
    received_at: int,
    body: str,
) -> Work[bool]:
    """Keep one event; False if it was told before."""
    rows = yield (
        _PUT,
        {
            "client": client,
            "plugin": plugin,
            "key": key,
            "subject": subject,
            "kind": kind,
            "at": at,
            "received_at": received_at,
            "body": body,
        },
    )
    return bool(rows)


def of(client: str, subject: str) -> Work[Sequence[Row]]:
    """All events of one subject, in the order in which they came."""
    return every(_OF, client=client, subject=subject)


def last_heard(client: str, plugin: str, before: int) -> Work[int | None]:
    """When this plugin last told anything, before a moment."""
    (row,) = yield _LAST, {"client": client, "plugin": plugin, "before": before}
    last: int | None = row["last"]
    return last
