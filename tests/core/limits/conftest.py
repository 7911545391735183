"""What the tests of limits send webhooks with: to a process that they keep busy."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """What webhooks are sent with."""
    async with httpx.AsyncClient(timeout=30) as client:
        yield client
