"""A deployment on a Postgres server of its own, with any number of processes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from support import deployment as d
from support import postgres, twilio_api

SLOW = '''
import asyncio
import time
from pathlib import Path

import attrs

from textback.hookspecs import hookimpl
from textback.model import CrmRef


@attrs.frozen(kw_only=True)
class Settings:
    folder: str
    timeout_s: float = 600.0


@attrs.frozen(eq=False)
class Slow:
    """A CRM that doesn't answer as long as there is a file "hang"; one "block" lets nobody else."""

    settings: Settings
    services: object

    api = 1

    @hookimpl
    async def save_contact(self, lead, key):
        folder = Path(self.settings.folder)
        with (folder / "asked").open("a") as asked:
            asked.write(f"{lead.number}\\n")
        if (folder / "block").exists():
            time.sleep(0.8)
        while (folder / "hang").exists():
            await asyncio.sleep(0.05)
        return CrmRef("1")

    @hookimpl
    async def listen(self, emit):
        with (Path(self.settings.folder) / "listening").open("a") as listening:
            listening.write("x\\n")
        await asyncio.sleep(3600)
'''


class Site:
    """The processes of one deployment, and what they are asked and told."""

    def __init__(self, folder: Path, server: Any, api: twilio_api.TwilioApi) -> None:
        self.folder = folder
        self.server = server
        self.api = api
        self.url = server.database()
        self.database = self.url.rsplit("/", 1)[1]
        self.config = folder / "textback.toml"
        self.serves: list[d.Serving] = []
        self.workers: list[d.Serving] = []
        self.http = httpx.AsyncClient(timeout=30)

    async def begin(self, *, serves: int, workers: int, queue: str = "pgqueuer") -> None:
        """Write the files and start the processes."""
        (self.folder / "plugins").mkdir(exist_ok=True)
        (self.folder / "plugins" / "slow.py").write_text(SLOW)
        d.write(
            self.folder,
            await self.api.start(),
            store=f'{self.url}"\nqueue = "{queue}',
            more=f'\n[plugins.slow]\nfolder = "{self.folder}"\n',
        )
        self.serves = await asyncio.gather(*(d.Serving.start(self.config) for _ in range(serves)))
        self.workers = await asyncio.gather(*(self.worker() for _ in range(workers)))

    async def worker(self, *options: str) -> d.Serving:
        """Start one more worker."""
        return await d.Serving.start(self.config, *options, command="worker")

    async def post(self, at: int, topic: str, form: dict[str, str]) -> int:
        """One webhook to one of those who serve; the status."""
        response = await d.post(self.http, self.serves[at].address, topic, form)
        return response.status_code

    async def psql(self, query: str) -> str:
        """Ask the database."""
        return await asyncio.to_thread(self.server.psql, query, self.database)

    async def alive(self) -> list[dict[str, Any]]:
        """The processes, as they say of themselves."""
        rows = await self.psql(
            "SELECT jsonb_build_object('owner', substr(key, 9)) || value::jsonb"
            " FROM plugin_state WHERE key LIKE 'process/%'"
            " AND expires_at > extract(epoch FROM now()) * 1000000"
        )
        return [json.loads(row) for row in rows.splitlines()]

    async def on_duty(self) -> int | None:
        """The process that keeps the timers."""
        return next((each["pid"] for each in await self.alive() if each["on_duty"]), None)

    async def holder(self) -> int:
        """The process that holds a subject."""
        owner = await self.psql("SELECT owner FROM subjects WHERE lease_until > 0 LIMIT 1")
        return next(each["pid"] for each in await self.alive() if each["owner"] == owner)

    async def kill(self, pid: int) -> None:
        """End one process as a power cut would."""
        os.kill(pid, signal.SIGKILL)
        for each in [*self.serves, *self.workers]:
            if each.process.pid == pid:
                await each.process.wait()

    async def states(self, step: str) -> list[str]:
        """The states of one step in all cases."""
        return sorted(
            (await self.psql(f"SELECT state FROM steps WHERE name = '{step}'")).splitlines()
        )

    def texted(self) -> list[str]:
        """Everybody who was texted, once for each text."""
        return sorted(text.to for text in self.api.taken)

    @property
    def log(self) -> str:
        """What all processes wrote."""
        return (self.folder / "serve.log").read_text()

    async def end(self) -> None:
        """Stop whatever still runs."""
        for each in [*self.serves, *self.workers]:
            if each.process.returncode is None:
                each.process.kill()
                await each.process.wait()
        await self.http.aclose()
        await self.api.stop()


@pytest.fixture(scope="session")
def server() -> Iterator[Any]:
    """A Postgres server that may be killed."""
    postgres.skip_if_missing()
    with postgres.running() as started:
        yield started


@pytest.fixture
async def site(tmp_path: Path, server: Any) -> AsyncIterator[Site]:
    """A deployment, not yet begun."""
    made = Site(tmp_path, server, twilio_api.TwilioApi())
    yield made
    sys.stderr.write(made.log[-3000:])  # shown if the test fails
    await made.end()
