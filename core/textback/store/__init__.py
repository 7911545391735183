"""What is remembered: one schema, and units of work on SQLite and Postgres."""

from __future__ import annotations

from textback.store.migrations import HEAD
from textback.store.opening import (
    Place,
    open_embedded,
    open_store,
    place_of,
    schema_of,
)
from textback.store.sqlite import Lock, SQLiteStore, refuse_network, version_of
from textback.store.work import Statement, Store, Unit, Work, every, one, statement

__all__ = [
    "HEAD",
    "Lock",
    "Place",
    "SQLiteStore",
    "Statement",
    "Store",
    "Unit",
    "Work",
    "every",
    "one",
    "open_embedded",
    "open_store",
    "place_of",
    "refuse_network",
    "schema_of",
    "statement",
    "version_of",
]
