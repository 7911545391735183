"""Durable key-values of one plugin of one client, with time to live."""

from __future__ import annotations

import json
from typing import Any

from textback.store.work import Work, statement

_GET = statement("""
    SELECT value FROM plugin_state WHERE client = :client AND plugin = :plugin AND key = :key
        AND (expires_at IS NULL OR expires_at > :now)
""")
_SET = statement("""
    INSERT INTO plugin_state (client, plugin, key, value, expires_at)
    VALUES (:client, :plugin, :key, :value, :expires_at)
    ON CONFLICT (client, plugin, key) DO UPDATE
    SET value = excluded.value, expires_at = excluded.expires_at
""")
_ADD = statement("""
    INSERT INTO plugin_state (client, plugin, key, value, expires_at)
    VALUES (:client, :plugin, :key, :value, :expires_at)
    ON CONFLICT (client, plugin, key) DO UPDATE
    SET value = excluded.value, expires_at = excluded.expires_at
    WHERE plugin_state.expires_at IS NOT NULL AND plugin_state.expires_at <= :now
    RETURNING key
""")
_TAKE = statement("""
    UPDATE plugin_state SET value = CAST(CAST(value AS BIGINT) + :amount AS TEXT)
    WHERE client = :client AND plugin = :plugin AND key = :key
        AND CAST(value AS BIGINT) + :amount <= :most
    RETURNING key
""")
_DELETE = statement("""
    DELETE FROM plugin_state WHERE client = :client AND plugin = :plugin AND key = :key
""")
_RELEASE = statement("""
    DELETE FROM plugin_state
    WHERE client = :client AND plugin = :plugin AND key = :key AND value = :value
""")
_EXPIRE = statement("DELETE FROM plugin_state WHERE expires_at <= :now")


def get(client: str, plugin: str, key: str, now: int) -> Work[Any]:
    """The value, or None."""
    rows = yield _GET, {"client": client, "plugin": plugin, "key": key, "now": now}
    return json.loads(rows[0]["value"]) if rows else None


def put(client: str, plugin: str, key: str, value: Any, expires_at: int | None) -> Work[None]:
    """Keep a value."""
    yield _SET, _values(client, plugin, key, value, expires_at)


def add(
    client: str, plugin: str, key: str, value: Any, expires_at: int | None, now: int
) -> Work[bool]:
    """Keep a value if there is none that still counts; False if there is."""
    values = {**_values(client, plugin, key, value, expires_at), "now": now}
    return bool((yield _ADD, values))


def take(
    client: str,
    plugin: str,
    key: str,
    amount: int,
    most: int,
    expires_at: int | None,
    now: int,
) -> Work[bool]:
    """Add to a count that stays at *most* or below; False if it wouldn't."""
    yield from add(client, plugin, key, 0, expires_at, now)
    values = {"client": client, "plugin": plugin, "key": key, "amount": amount, "most": most}
    return bool((yield _TAKE, values))


def delete(client: str, plugin: str, key: str) -> Work[None]:
    """Forget a value."""
    yield _DELETE, {"client": client, "plugin": plugin, "key": key}


def release(client: str, plugin: str, key: str, value: Any) -> Work[None]:
    """Forget a value if it still is this one: the end of a lock."""
    yield _RELEASE, _values(client, plugin, key, value)


def expire(now: int) -> Work[None]:
    """Delete what is over."""
    yield _EXPIRE, {"now": now}


def _values(
    client: str, plugin: str, key: str, value: Any, expires_at: int | bool | None = False
) -> dict[str, Any]:
    values = {"client": client, "plugin": plugin, "key": key, "value": json.dumps(value)}
    return values if expires_at is False else {**values, "expires_at": expires_at}
