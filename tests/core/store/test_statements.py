"""Every statement, on both databases: it is understood, and it looks nothing up by scanning."""

from __future__ import annotations

import importlib
import pkgutil
import sqlite3
from collections.abc import Iterator
from typing import Any

import pytest

import textback.store
from textback.store import Statement
from textback.store.migrate import migrate

# What is asked rarely and may look at a whole table, or at a partial index that is small.
MAY_SCAN = {
    "cases._PLACE_OF",  # by a command, through an index by time
    "clients._ALL",  # at the start, and in `check`
    "clients._EVER",  # by commands
    "clients._RETIRED",  # a partial index
    "forgetting._KNOWN_TO",  # by a command, rarely
    "plugin_state._EXPIRE",
    "past.CALLS",  # what its inner query has found
    "pruning._DELETE_UNUSED[1]",  # of clients, for a case that is five years old
    "steps._COUNT",  # partial indexes
    "steps._RELEASE_HELD",  # a partial index
    "ledger._SEAL[0]",  # the rows that it is given
    "ledger._SEAL[1]",
    "ledger._SEAL[2]",
    "ledger._UNSEALED",  # a partial index
    "subjects._DUE",  # what its inner query has found
}


def _statements() -> dict[str, Statement]:
    found: dict[str, Statement] = {}
    for module in pkgutil.iter_modules(textback.store.__path__):
        if module.name in ("migrations", "postgres"):
            continue
        values = vars(importlib.import_module(f"textback.store.{module.name}"))
        for name, value in values.items():
            several = value if isinstance(value, list) else [value]
            several = list(value.values()) if isinstance(value, dict) else several
            found |= {
                f"{module.name}.{name}" + (f"[{place}]" if len(several) > 1 else ""): each
                for place, each in enumerate(several)
                if isinstance(each, Statement)
            }
    return found


STATEMENTS = _statements()
_OF_SOMEBODY = (
    "ledger._OF_NUMBER",
    *(
        f"forgetting._{what}_OF_{whose}"
        for what in ("LEDGER", "TEXTS")
        for whose in ("CASE", "NUMBER")
    ),
)


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sqlite3.Connection]:
    """A migrated file."""
    path = tmp_path_factory.mktemp("statements") / "textback.db"
    migrate(f"sqlite:///{path}")
    connection = sqlite3.connect(path)
    yield connection
    connection.close()


@pytest.mark.parametrize("name", STATEMENTS)
def test_sqlite_finds_rows_by_an_index(name: str, sqlite: sqlite3.Connection) -> None:
    """A call costs the same with ten cases in the store and with ten million."""
    query = STATEMENTS[name]

    plan = sqlite.execute(f"EXPLAIN QUERY PLAN {query.sql}", dict.fromkeys(query.names)).fetchall()

    scans = [row[3] for row in plan if row[3].startswith("SCAN") and "CONSTANT" not in row[3]]
    assert not scans or name in MAY_SCAN, scans


@pytest.mark.parametrize("name", _OF_SOMEBODY)
def test_somebody_is_found_in_a_long_past(name: str, sqlite: sqlite3.Connection) -> None:
    """Not by reading all that a client has: `forget` does it while webhooks wait."""
    query = STATEMENTS[name]

    plan = sqlite.execute(f"EXPLAIN QUERY PLAN {query.sql}", dict.fromkeys(query.names)).fetchall()

    found = [row[3] for row in plan if row[3].startswith("SEARCH")]
    assert found
    assert all("client=? AND " in each for each in found), found


async def test_postgres_understands_them(postgres_server: Any) -> None:
    """Each is prepared: names, types and conflict targets are right there, too."""
    import asyncpg

    postgres_server.psql("CREATE DATABASE statements;")
    url = postgres_server.url("statements")
    migrate(url)
    connection = await asyncpg.connect(url)
    wrong = []
    for name, query in STATEMENTS.items():
        try:
            await connection.prepare(query.postgres)
        except asyncpg.PostgresError as error:
            wrong.append(f"{name}: {error}")
    await connection.close()

    assert not wrong, "\n".join(wrong)
    assert len(STATEMENTS) > 80
