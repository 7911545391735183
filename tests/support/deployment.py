"""A deployment in a folder, served by a real process."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import attrs
import httpx
from twilio.request_validator import RequestValidator

ACCOUNT = "AC00000000000000000000000000000001"
TOKEN = "0123456789abcdef0123456789abcdef"
LINE = "+13035550100"
PUBLIC = "https://hooks.agency.example"

TEXTBACK = f"""
[server]
public_url = "{PUBLIC}"
listen = "127.0.0.1:0"
[store]
url = "sqlite:///textback.db"
key = "a key of this test, long enough for anyone"
[log]
format = "json"
"""

CLIENT = f"""
name = "Bright Smile Dental"
time_zone = "America/Denver"
lines = ["{LINE}"]
mode = "live"
registration.id = "CMP1234"

[plugins.twilio]
account_sid = "{ACCOUNT}"
auth_token = "{TOKEN}"
ring = ["+13035550111"]
base_url = "BASE_URL"
SETTINGS

[plugins.contacts]
[plugins.noon]

[[lead]]
tag = "missed-call"
stage = "new-lead"
fields = {{ lead_source = "Missed call" }}

[[follow_up]]
after = "2h"
body = "Still need us? Reply STOP to opt out"
"""

NOON = """
import attrs
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from textback.hookspecs import hookimpl
from textback.model import Caller


@attrs.frozen(kw_only=True)
class Settings:
    pass


@attrs.frozen(eq=False)
class Noon:
    settings: Settings
    services: object

    api = 1

    @hookimpl
    async def identify_caller(self, call):
        return Caller(zone=ZoneInfo(f"Etc/GMT{datetime.now(UTC).hour - 13:+}"))
"""
"""A plugin that has every caller where it is about one in the afternoon: whenever the tests run, by
the machine's clock, no text waits for the day."""

NO_SECRETS: Mapping[str, str] = {}
PROGRAM = ("-m", "textback.cli")

_validator = RequestValidator(TOKEN)


def write(
    folder: Path,
    base_url: str,
    *,
    settings: str = "",
    more: str = "",
    name: str = "bright",
    store: str = "sqlite:///textback.db",
) -> Path:
    """Write the files; the path of textback.toml."""
    (folder / "clients").mkdir(parents=True, exist_ok=True)
    config = folder / "textback.toml"
    if not config.exists():
        config.write_text(TEXTBACK.replace("sqlite:///textback.db", store))
    (folder / "plugins").mkdir(exist_ok=True)
    (folder / "plugins" / "noon.py").write_text(NOON)
    client = CLIENT.replace("BASE_URL", base_url).replace("SETTINGS", settings) + more
    (folder / "clients" / f"{name}.toml").write_text(client)
    return config


def environment(**secrets: str) -> dict[str, str]:
    """The environment of a command: quiet, not this one's deployment, and with its secrets."""
    env = {name: value for name, value in os.environ.items() if not name.startswith("TEXTBACK")}
    return {**env, "NO_COLOR": "1", "COLUMNS": "200", "PYTHONWARNINGS": "ignore", **secrets}


async def until(true: Callable[[], object], within_s: float = 30.0) -> None:
    """Wait for something that must come; the limit only ends a test that fails."""
    async with asyncio.timeout(within_s):
        while True:
            answer = true()
            if await answer if isinstance(answer, Awaitable) else answer:
                return
            await asyncio.sleep(0.02)


async def command(
    config: Path, *words: str, secrets: Mapping[str, str] = NO_SECRETS
) -> tuple[int, str, str]:
    """Run one command to its end: exit code, data, words."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "textback.cli",
        *words,
        "--config",
        str(config),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env=environment(**secrets),
    )
    out, err = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


async def cases(config: Path) -> list[dict[str, Any]]:
    """What ``cases --json`` prints."""
    code, out, err = await command(config, "cases", "--json")
    assert code == 0, err
    return [json.loads(line) for line in out.splitlines()]


@attrs.define
class Serving:
    """``textback serve``, or ``worker``, as a process of its own."""

    config: Path
    process: asyncio.subprocess.Process
    address: str = ""

    @property
    def log(self) -> Path:
        """What it wrote to standard error, over all its lives."""
        return self.config.parent / "serve.log"

    @classmethod
    async def start(
        cls,
        config: Path,
        *options: str,
        command: str = "serve",
        program: Sequence[str] = PROGRAM,
        secrets: Mapping[str, str] = NO_SECRETS,
    ) -> Serving:
        """Start it and wait until it takes requests."""
        serving = await cls.spawn(
            config, *options, command=command, program=program, secrets=secrets
        )
        await serving.ready()
        return serving

    @classmethod
    async def spawn(
        cls,
        config: Path,
        *options: str,
        command: str = "serve",
        program: Sequence[str] = PROGRAM,
        secrets: Mapping[str, str] = NO_SECRETS,
        first: Callable[[], object] | None = None,
    ) -> Serving:
        """Start it, without waiting.

        Args:
            config: Its textback.toml.
            *options: Of the command.
            command: What it is told to do.
            program: What Python runs.
            secrets: More of its environment.
            first: Done in the new process before anything else.
        """
        with (config.parent / "serve.log").open("ab") as errors:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *program,
                command,
                "--config",
                str(config),
                *options,
                stdout=asyncio.subprocess.PIPE,
                stderr=errors,
                env=environment(**secrets),
                preexec_fn=first,
            )
        return cls(config, process)

    async def ready(self) -> None:
        """Wait until it takes requests."""
        assert self.process.stdout is not None
        line = (await self.process.stdout.readline()).decode()
        if not line.startswith(("listening on ", "working")):
            await self.process.wait()
            raise AssertionError(f"serve did not start: {self.log.read_text()[-3000:]}")
        _, scheme, rest = line.strip().partition("http://")
        self.address = scheme + rest

    async def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        await self.process.wait()

    async def stop(self) -> int:
        """End it as a service manager does; its exit code."""
        self.process.terminate()
        return await self.process.wait()


def signed(path: str, form: dict[str, str]) -> dict[str, str]:
    """The headers of a webhook, signed by the provider's own package."""
    signature = _validator.compute_signature(f"{PUBLIC}{path}", form)
    return {"X-Twilio-Signature": signature}


async def post(
    http: httpx.AsyncClient,
    address: str,
    topic: str,
    form: dict[str, str],
    *,
    client: str = "bright",
) -> httpx.Response:
    """Send one signed webhook, as Twilio does."""
    path = f"/hooks/{client}/twilio/{topic}"
    return await http.post(f"{address}{path}", data=form, headers=signed(path, form))


def call(sid: str, caller: str, **more: str) -> dict[str, str]:
    """The fields that every voice webhook has."""
    return {
        "AccountSid": ACCOUNT,
        "ApiVersion": "2010-04-01",
        "CallSid": sid,
        "From": caller,
        "To": LINE,
        "Caller": caller,
        "Called": LINE,
        "Direction": "inbound",
        "CallStatus": "in-progress",
        **more,
    }


def missed(sid: str, caller: str, status: str = "no-answer") -> dict[str, str]:
    """The result of a dial that nobody answered."""
    return call(sid, caller, DialCallStatus=status, DialCallSid=f"{sid}-leg")


def lines(serving: Serving, event: str) -> list[dict[str, Any]]:
    """What `serve` has logged under one event."""
    told = [json.loads(line) for line in serving.log.read_text().splitlines() if line[:1] == "{"]
    return [line for line in told if line["event"] == event]


def text(sid: str, caller: str, body: str, **more: str) -> dict[str, str]:
    """A text from a caller."""
    return {
        "AccountSid": ACCOUNT,
        "MessageSid": sid,
        "SmsSid": sid,
        "From": caller,
        "To": LINE,
        "Body": body,
        "NumMedia": "0",
        **more,
    }
