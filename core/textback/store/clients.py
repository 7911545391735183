"""Which clients the store knows, so that none is lost with its file; and their earlier names."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from textback.store.work import Work, every, statement

_SEEN = statement("""
    INSERT INTO clients (client, first_seen) VALUES (:client, :now) ON CONFLICT DO NOTHING
""")
_ALL = statement("SELECT client FROM clients WHERE retired_at IS NULL ORDER BY client")
_EVER = statement("SELECT client FROM clients ORDER BY client")
_RETIRED = statement("SELECT client FROM clients WHERE retired_at IS NOT NULL")
_RETIRE = statement("""
    INSERT INTO clients (client, first_seen, retired_at) VALUES (:client, :now, :now)
    ON CONFLICT (client) DO UPDATE SET retired_at = excluded.retired_at
    WHERE clients.retired_at IS NULL RETURNING client
""")
_BRING_BACK = statement("""
    UPDATE clients SET retired_at = NULL
    WHERE client = :client AND retired_at IS NOT NULL RETURNING client
""")
_IS_RETIRED = statement("""
    SELECT 1 AS found FROM clients WHERE client = :client AND retired_at IS NOT NULL
""")
TABLES = (
    *("subjects", "inbox", "calls", "cases", "steps", "texts", "team_texts", "contacts"),
    *(
        "contact_log",
        "crm_refs",
        "suppressions",
        "consents",
        "bookings",
        "plugin_state",
        "pauses",
        "counters",
        "ledger",
    ),
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
    for name in ("crm_refs", "inbox", "plugin_state", "bookings", "texts", "team_texts")
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


def all_ever() -> Work[Sequence[str]]:
    """All clients that were ever served, the retired ones too."""
    return [row["client"] for row in (yield from every(_EVER))]


def retired() -> Work[frozenset[str]]:
    """The clients that are retired."""
    return frozenset(row["client"] for row in (yield from every(_RETIRED)))


def retire(client: str, now: int) -> Work[bool]:
    """Serve a client no longer; False if it was so already."""
    return bool((yield _RETIRE, {"client": client, "now": now}))


def bring_back(client: str) -> Work[bool]:
    """Serve a retired client again; False if it wasn't retired."""
    return bool((yield _BRING_BACK, {"client": client}))


def is_retired(client: str) -> Work[bool]:
    """Whether a client is retired."""
    return bool((yield _IS_RETIRED, {"client": client}))


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
