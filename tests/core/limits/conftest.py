"""What the tests of limits share: `serve` as a process, and bare sockets to it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

from support import deployment as d
from support import twilio_api


@pytest.fixture
async def provider() -> AsyncIterator[twilio_api.TwilioApi]:
    """The far side of Twilio."""
    api = twilio_api.TwilioApi()
    yield api
    await api.stop()


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """What webhooks are sent with."""
    async with httpx.AsyncClient(timeout=30) as client:
        yield client


@pytest.fixture
async def config(tmp_path: Path, provider: twilio_api.TwilioApi) -> Path:
    """A client on twilio."""
    return d.write(tmp_path, await provider.start())


@pytest.fixture
async def serving(config: Path) -> AsyncIterator[d.Serving]:
    """`serve`, running."""
    process = await d.Serving.start(config)
    yield process
    if process.process.returncode is None:
        assert await process.stop() == 0
