"""One row a number: the version that a decision compares, and the embedded CRM."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from textback.errors import StoreError
from textback.store import pauses
from textback.store.work import Row, Work, every, one, statement

DEPLOYMENT = "*"

_RAISE = statement("""
    INSERT INTO contacts (client, number, version) VALUES (:client, :number, 1)
    ON CONFLICT (client, number) DO UPDATE SET version = contacts.version + 1
""")
_RAISE_BOTH = statement("""
    INSERT INTO contacts (client, number, version)
    VALUES ('*', :number, 1), (:client, :number, 1)
    ON CONFLICT (client, number) DO UPDATE SET version = contacts.version + 1
""")
_COMPARE = statement(
    """
    INSERT INTO contacts (client, number, version)
    VALUES ('*', :number, :seen_by_all + 1), (:client, :number, :seen + 1)
    ON CONFLICT (client, number) DO UPDATE SET version = contacts.version + 1
    WHERE contacts.version = excluded.version - 1
    RETURNING client, version
    """,
    on_postgres=pauses.SHARED,
)
_VERSIONS = statement("""
    SELECT client, version FROM contacts WHERE number = :number AND client IN (:client, '*')
""")
_GET = statement("""
    SELECT number, name, email, stage, tags, fields, created_at, updated_at FROM contacts
    WHERE client = :client AND number = :number AND created_at IS NOT NULL
""")
_EVERYONE = statement("""
    SELECT number, name, email, stage, tags, fields, created_at, updated_at FROM contacts
    WHERE client = :client AND created_at IS NOT NULL ORDER BY created_at, number
""")
_SAVE = statement("""
    INSERT INTO contacts
        (client, number, version, name, email, stage, tags, fields, created_at, updated_at)
    VALUES (:client, :number, 0, :name, :email, :stage, :tags, :fields, :now, :now)
    ON CONFLICT (client, number) DO UPDATE
    SET name = excluded.name, email = excluded.email, stage = excluded.stage,
        tags = excluded.tags, fields = excluded.fields, updated_at = excluded.updated_at,
        created_at = coalesce(contacts.created_at, excluded.created_at)
""")
_LOG = statement("""
    INSERT INTO contact_log (client, number, key, at, entry)
    VALUES (:client, :number, :key, :at, :entry) ON CONFLICT (client, number, key) DO NOTHING
""")
_ENTRIES = statement("""
    SELECT entry FROM contact_log WHERE client = :client AND number = :number ORDER BY at, key
""")
_FORGET = statement("""
    UPDATE contacts SET name = NULL, email = NULL, stage = NULL, tags = NULL, fields = NULL,
        created_at = NULL, updated_at = NULL
    WHERE client = :client AND number = :number AND created_at IS NOT NULL RETURNING number
""")
_FORGET_LOG = statement("""
    DELETE FROM contact_log WHERE client = :client AND number = :number RETURNING key
""")
_REF = statement("""
    SELECT ref, url FROM crm_refs
    WHERE client = :client AND plugin = :plugin AND kind = :kind AND number = :number
""")
_KEEP_REF = statement("""
    INSERT INTO crm_refs (client, plugin, kind, number, ref, url)
    VALUES (:client, :plugin, :kind, :number, :ref, :url)
    ON CONFLICT (client, plugin, kind, number) DO UPDATE
    SET ref = excluded.ref, url = excluded.url
""")


class Stale(StoreError):
    """Something happened to this number since the decision was made: decide again."""


def raise_version(client: str, number: str, *, everywhere: bool = False) -> Work[None]:
    """Make every decision about this number that is not yet committed stale.

    Args:
        client: Whose decisions, or ``*``.
        number: The number, or the keyed hash of an e-mail address.
        everywhere: Those of all other clients, too.  Whoever needs both takes them here: the
            deployment's row is locked first, as `compare_and_set` does, so that nobody waits for
            another who waits for him.
    """
    yield _RAISE_BOTH if everywhere else _RAISE, {"client": client, "number": number}


def versions(client: str, number: str) -> Work[tuple[int, int]]:
    """The versions of a number: the client's own and the deployment's."""
    rows = yield _VERSIONS, {"client": client, "number": number}
    found = {row["client"]: row["version"] for row in rows}
    return found.get(client, 0), found.get(DEPLOYMENT, 0)


def compare_and_set(client: str, number: str, seen: tuple[int, int]) -> Work[None]:
    """Commit only if nothing happened to this number since its versions were read.

    From here to the commit nobody pauses or resumes either.

    Raises:
        Stale: Something did.
    """
    rows = yield (
        _COMPARE,
        {"client": client, "number": number, "seen": seen[0], "seen_by_all": seen[1]},
    )
    wanted = {client: seen[0] + 1, DEPLOYMENT: seen[1] + 1}
    if {row["client"]: row["version"] for row in rows} != wanted:
        raise Stale(f"something else happened to {client}'s caller")


def get(client: str, number: str) -> Work[Row | None]:
    """The contact with a number."""
    return one(_GET, client=client, number=number)


def everyone(client: str) -> Work[Sequence[Row]]:
    """All contacts, the oldest first."""
    return every(_EVERYONE, client=client)


def save(client: str, number: str, values: Mapping[str, Any], now: int) -> Work[dict[str, Any]]:
    """Add a contact or what is new of it: tags are added, other given fields replaced."""
    row = yield from get(client, number)
    old = as_dict(row) if row else {"tags": [], "fields": {}}
    tags = dict.fromkeys([*old["tags"], *values.get("tags", ())])
    new = {
        **{
            key: values.get(key) or (row[key] if row else None)
            for key in ("name", "email", "stage")
        },
        "tags": list(tags),
        "fields": {**old["fields"], **values.get("fields", {})},
    }
    yield (
        _SAVE,
        {
            "client": client,
            "number": number,
            "now": now,
            **new,
            "tags": json.dumps(new["tags"]),
            "fields": json.dumps(new["fields"]),
        },
    )
    return new


def as_dict(row: Row) -> dict[str, Any]:
    """A contact as plain values."""
    columns = ("number", "name", "email", "stage", "created_at", "updated_at")
    return {
        **{column: row[column] for column in columns},
        "tags": json.loads(row["tags"] or "[]"),
        "fields": json.loads(row["fields"] or "{}"),
    }


def log(client: str, number: str, key: str, at: int, entry: Mapping[str, Any]) -> Work[None]:
    """Write one activity, once for each key."""
    yield (
        _LOG,
        {
            "client": client,
            "number": number,
            "key": key,
            "at": at,
            "entry": json.dumps(entry, ensure_ascii=False),
        },
    )


def entries(client: str, number: str) -> Work[list[dict[str, Any]]]:
    """A contact's activities, oldest first."""
    rows: Sequence[Row] = yield from every(_ENTRIES, client=client, number=number)
    return [json.loads(row["entry"]) for row in rows]


def erase(client: str, number: str) -> Work[int]:
    """Forget a contact with its log, but not its version; how many records that were."""
    key = {"client": client, "number": number}
    contact = yield _FORGET, key
    log = yield _FORGET_LOG, key
    return len(contact) + len(log)


def ref(client: str, plugin: str, kind: str, number: str) -> Work[Row | None]:
    """The record of a number in a CRM."""
    return one(_REF, client=client, plugin=plugin, kind=kind, number=number)


def keep_ref(
    client: str, plugin: str, kind: str, number: str, record: str, url: str | None
) -> Work[None]:
    """Remember the record of a number in a CRM."""
    yield (
        _KEEP_REF,
        {
            "client": client,
            "plugin": plugin,
            "kind": kind,
            "number": number,
            "ref": record,
            "url": url,
        },
    )
