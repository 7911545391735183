"""Every store test runs on a real SQLite file and on a real Postgres."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support import postgres
from textback.store import Store, open_embedded


@pytest.fixture(params=["sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """An empty store."""
    if request.param == "sqlite":
        opened: Store = open_embedded(tmp_path / "textback.db")
    else:
        server = request.getfixturevalue("postgres_server")
        from textback.store.postgres import PostgresStore

        opened = await PostgresStore.open(postgres.new_database(server))
    yield opened
    await opened.close()
