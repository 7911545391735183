"""What tests of the core share: a database server; `serve` as a process, and what is around it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from support import deployment as d
from support import postgres, twilio_api


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Any]:
    """A Postgres server of our own."""
    postgres.skip_if_missing()
    with postgres.running() as server:
        yield server


@pytest.fixture
async def provider() -> AsyncIterator[twilio_api.TwilioApi]:
    """The far side of Twilio."""
    api = twilio_api.TwilioApi()
    yield api
    await api.stop()


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """What webhooks are sent with."""
    async with httpx.AsyncClient(timeout=20) as client:
        yield client


@pytest.fixture
async def config(tmp_path: Path, provider: twilio_api.TwilioApi) -> Path:
    """A client on twilio and contacts."""
    return d.write(tmp_path, await provider.start())


@pytest.fixture
async def serving(config: Path) -> AsyncIterator[d.Serving]:
    """`serve`, running."""
    process = await d.Serving.start(config)
    yield process
    if process.process.returncode is None:
        assert await process.stop() == 0
