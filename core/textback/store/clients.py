"""Which clients the store knows, so that none is lost with its file; and their earlier names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textback.store.work import Work, every, statement

_SEEN = statement("""
    INSERT INTO clients (client, first_seen) VALUES (:client, :now) ON CONFLICT DO NOTHING
""")
_ALL = statement("SELECT client FROM clients WHERE retired_at IS NULL ORDER BY client")
TABLES = (
    *("subjects", "inbox", "calls", "cases", "steps", "texts", "contacts", "contact_log"),
    *("crm_refs", "suppressions", "bookings", "plugin_state", "pauses", "ledger"),
)
_RENAME = [
    statement(f"UPDATE {table} SET client = :client WHERE client = :was") for table in TABLES
]
_DROP = statement("DELETE FROM clients WHERE client = :was")
_PREFIX = statement("""
    UPDATE steps SET name = :kind || '/' || :plugin || substr(name, length(:old) + 1)
    WHERE client = :client AND (name = :old OR name LIKE :like)
""")
_PLUGIN = {
    name: statement(f"UPDATE {name} SET plugin = :plugin WHERE client = :client AND plugin = :was")
    for name in ("crm_refs", "inbox", "plugin_state", "bookings", "texts")
}
_STEPS_OF_PLUGINS = ("lead", "deal", "log", "notify")


def seen(clients: Iterable[str], now: int) -> Work[None]:
    """Remember that these clients are served."""
    for client in clients:
        yield _SEEN, {"client": client, "now": now}


def known() -> Work[Sequence[str]]:
    """All clients that were served and are not retired."""
    rows = yield from every(_ALL)
    return [row["client"] for row in rows]


def renamed(client: str, was: str) -> Work[bool]:
    """Give a client everything that is stored under an earlier name; False if there is nothing."""
    clients = yield from known()
    if was not in clients:
        return False
    for query in _RENAME:
        yield query, {"client": client, "was": was}
    yield _DROP, {"was": was}
    return True


def plugin_renamed(client: str, plugin: str, was: str) -> Work[None]:
    """Give a plugin's table what is stored under its earlier name: steps, records, state."""
    for query in _PLUGIN.values():
        yield query, {"client": client, "plugin": plugin, "was": was}
    for kind in _STEPS_OF_PLUGINS:
        old = f"{kind}/{was}"
        yield (
            _PREFIX,
            {"client": client, "kind": kind, "plugin": plugin, "old": old, "like": f"{old}/%"},
        )
