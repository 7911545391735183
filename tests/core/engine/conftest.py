"""A deployment in this process, on a real database and a virtual clock."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from support.house import House
from support.outside import Outside


@pytest.fixture
async def closed(tmp_path: Path) -> AsyncIterator[House]:
    """A house whose files a test writes before it opens it."""
    house = House(tmp_path)
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
