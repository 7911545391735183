"""Webhooks gone wrong, signed and not: whatever comes, it is answered 2xx or 4xx, never 5xx.

But for one answer: Vonage brings a part of a long text again if it is told 503, and is told so on
purpose until the other parts are there.

Through all of the machine but the socket: the application, the plugin, the engine, a database.
More of them: ``pytest tests/plugins/test_any_webhook.py --hypothesis-profile long``.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Iterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import attrs
import httpx
import pytest
import structlog
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support import deployment as d
from support.mutating import mutated
from support.readers import PUBLIC, READERS, Reader, Sample
from support.served import served
from textback.config import load
from textback.engine.starting.runtime import Runtime, open_runtime
from textback.store import SQLiteStore, Unit
from textback.store.migrate import migrate
from textback.testing.builders import NOW
from textback.testing.clock import VirtualClock
from textback.web.app import public_app

pytestmark = pytest.mark.slow

CLIENT = """
name = "Bright Smile Dental"
time_zone = "America/Denver"
lines = ["LINE"]
mode = "live"
registration.id = "CMP1234"
[plugins.NAME]
SETTINGS
"""

ANSWER = {
    "ok": True,
    "data": {},
    "contact": {"id": "c1", "phone": "(303) 555-0123"},
    "user": {"name": "ben", "profile": {"real_name": "Ben"}},
}
"""Of every provider to every request."""


class Counting(SQLiteStore):
    """Counts what is asked of it."""

    asked = 0

    async def write(self, unit: Unit[Any]) -> Any:
        self.asked += 1
        return await super().write(unit)

    async def read(self, unit: Unit[Any]) -> Any:
        self.asked += 1
        return await super().read(unit)


class Door:
    """A deployment with a client for each plugin, asked without a socket."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._open = AsyncExitStack()
        self.runtime: Runtime
        self.logged: list[Any] = []
        self.said = b""  # in the last answer
        self.statuses: Counter[tuple[str, int]] = Counter()

    async def open(self) -> None:
        """Write the files, and open all."""
        provider = served(lambda request: httpx.Response(200, json=ANSWER))
        base = await self._open.enter_async_context(provider)
        config = d.write(self._folder, base)
        (self._folder / "clients" / "bright.toml").unlink()
        for number, reader in enumerate(READERS.values()):
            told = reader.settings.replace("BASE", f'base_url = "{base}"')
            file = self._folder / "clients" / f"{reader.name}.toml"
            file.write_text(
                CLIENT.replace("LINE", f"+13035550{150 + number}" if number else d.LINE)
                .replace("NAME", reader.name)
                .replace("SETTINGS", told)
            )
        files = load(config, environ={})
        assert not files.problems, files.problems
        path = self._folder / "textback.db"
        migrate(f"sqlite:///{path}")
        self.store = Counting(path)
        self._open.push_async_callback(self.store.close)
        runtime = open_runtime(files, clock=VirtualClock(NOW), store=self.store)
        self.runtime = await self._open.enter_async_context(runtime)
        for client in files.clients:
            await self.runtime.ctx.stack(client)
        self._app = public_app(
            self.runtime.ctx, self.runtime.engine, left_out={}, renamed={}, admin=True
        )

    async def close(self) -> None:
        """Close all."""
        await self._open.aclose()

    async def ask(self, sample: Sample, reader: Reader, headers: dict[str, str]) -> int:
        """The status of the answer."""
        url = urlsplit(sample.url(reader.name))
        given = {"content-type": sample.content_type, **headers}
        scope = {
            "type": "http",
            "method": sample.method,
            "path": url.path,
            "raw_path": url.path.encode(),
            "query_string": url.query.encode(),
            "headers": [(k.encode(), v.encode("latin-1", "replace")) for k, v in given.items()],
            "client": ("127.0.0.1", 1),
        }
        said: list[dict[str, Any]] = []

        async def receive() -> dict[str, Any]:
            return {"type": "http.request", "body": sample.body}

        async def send(message: dict[str, Any]) -> None:
            said.append(message)

        await self._app(scope, receive, send)
        status: int = said[0]["status"]
        self.said = said[1]["body"]
        self.statuses[reader.name, status] += 1
        return status


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.Runner]:
    """One event loop for all examples."""
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture(scope="module")
def door(loop: asyncio.Runner, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """One deployment for all examples."""
    found = Door(tmp_path_factory.mktemp("door"))
    loop.run(found.open())
    yield found
    loop.run(found.close())
    for (name, status), count in sorted(found.statuses.items()):
        print(f"{name} {status}: {count}")


def waits(name: str, sample: Sample, said: bytes) -> bool:
    """Whether a text is held back for its other parts, of which it must have some."""
    if (name, said) != ("vonage", b"waiting for the other parts"):
        return False
    told = json.loads(sample.body)
    return bool(told["concat"] == "true" and int(told["concat-total"]) > 1)


@pytest.mark.parametrize("name", READERS)
def test_samples_are_taken(name: str, door: Door, loop: asyncio.Runner) -> None:
    """What is mutated below is right to begin with."""
    reader = READERS[name]
    for sample in reader.samples:
        status = loop.run(door.ask(sample, reader, dict(reader.sign(sample))))
        taken = 200 <= status < 300 or (status == 503 and waits(name, sample, door.said))
        assert taken, (status, sample)


@pytest.mark.parametrize("name", READERS)
def test_what_is_forged_reaches_no_store(name: str, door: Door, loop: asyncio.Runner) -> None:
    """Unsigned, or signed for another body: refused before anything is read or written."""
    reader = READERS[name]
    before = door.store.asked
    for told in reader.samples:  # Vonage's SMS API signs within the body
        sample = attrs.evolve(told, body=told.body.replace(b'"sig": "', b'"sig": "0'))
        other = attrs.evolve(sample, body=sample.body + b" ")
        forged = {key: value[::-1] for key, value in reader.sign(other).items()}
        for headers in ({}, forged):
            assert loop.run(door.ask(sample, reader, dict(headers))) in (400, 401)

    assert door.store.asked == before


@pytest.mark.parametrize("signed", [True, False], ids=["signed", "unsigned"])
@pytest.mark.parametrize("name", READERS)
@settings(deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_never_a_5xx(
    name: str, signed: bool, door: Door, loop: asyncio.Runner, data: st.DataObject
) -> None:
    """Signed as the provider does, or not at all; and what is kept can be worked on."""
    reader = READERS[name]
    sample = data.draw(mutated(reader.samples))
    assert sample.url(name).startswith(PUBLIC)
    if signed:
        sample = reader.within(sample)
    headers = dict(reader.sign(sample)) if signed else {}

    with structlog.testing.capture_logs() as logged:
        status = loop.run(door.ask(sample, reader, headers))
        loop.run(door.runtime.engine.run_due())

    if not (status == 503 and waits(name, sample, door.said)):
        assert status < 500, (status, sample, logged)
    assert not [entry for entry in logged if entry["event"] == "failed"], (sample, logged)
    if not signed:
        assert status >= 400 or (name, status) == ("ringcentral", 200) or name == "vonage"
