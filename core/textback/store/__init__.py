"""What is remembered: one schema, and units of work on SQLite and Postgres."""

from __future__ import annotations

from pathlib import Path

from textback.errors import WrongStore
from textback.store.migrations import HEAD
from textback.store.sqlite import Lock, SQLiteStore, refuse_network, version_of
from textback.store.work import Statement, Store, Unit, Work, every, one, statement

__all__ = [
    "HEAD",
    "Lock",
    "SQLiteStore",
    "Statement",
    "Store",
    "Unit",
    "Work",
    "every",
    "one",
    "open_embedded",
    "refuse_network",
    "sqlite_path",
    "statement",
    "version_of",
]


def sqlite_path(url: str, directory: Path) -> Path:
    """The file that a ``sqlite:///`` address names, relative to the deployment's folder.

    Raises:
        WrongStore: It is another kind of address.
    """
    scheme, separator, place = url.partition(":///")
    if scheme != "sqlite" or not separator or not place:
        raise WrongStore("store.url must be sqlite:///FILE, e.g. sqlite:///textback.db")
    return directory / place


def open_embedded(path: Path) -> SQLiteStore:
    """Open the embedded store, its schema brought up to date first."""
    refuse_network(path)
    if version_of(path) != HEAD:
        from textback.store.migrate import migrate  # loads SQLAlchemy and alembic

        migrate(f"sqlite:///{path}")
    return SQLiteStore(path)
