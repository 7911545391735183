"""A deployment in this process, on a real database and a virtual clock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.house import House
from support.outside import Outside
from textback.store.migrate import migrate


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A database with the schema and nothing in it: making one takes longer than a copy."""
    path = tmp_path_factory.mktemp("empty") / "textback.db"
    migrate(f"sqlite:///{path}")
    return path


@pytest.fixture
async def closed(tmp_path: Path, empty: Path) -> AsyncIterator[House]:
    """A house whose files a test writes before it opens it."""
    house = House(tmp_path, empty)
    yield house
    await house.close()


@pytest.fixture
async def house(closed: House) -> House:
    """A live client with three follow-ups, a source, a sender, a CRM, a team and a booking tool."""
    closed.write()
    await closed.open()
    return closed


@pytest.fixture
def outside(closed: House) -> Outside:
    """What is across the internet."""
    return closed.outside
