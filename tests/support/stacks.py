"""The three stacks of docs/how-to/stacks.md: the files as they stand there, and `serve` with them.

All three are clients of one deployment.  What is changed in a file is where its providers are.
"""

from __future__ import annotations

import asyncio
import json
import re
import sqlite3
import ssl
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager, closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import attrs
import httpx
import trustme

from support import hubspot_api, mail, pbx, pipedrive_api, slack_api, telnyx_side, vonage_side
from support.deployment import NOON, TEXTBACK, TOKEN, Serving, command, until
from support.hubspot_api import HubSpotApi
from support.mail import Folder, Post
from support.pbx import Pbx
from support.pipedrive_api import PipedriveApi
from support.ringcentral_api import OnLoopback
from support.served import served
from support.slack_api import Workspace
from support.telnyx_side import Texts
from support.twilio_api import TwilioApi
from support.vonage_side import VonageApi
from textback.clock import SystemClock

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "stacks.md"
BRIGHT, ACME, KETTLE = "bright-smile", "acme-plumbing", "copper-kettle"
FILES = dict(
    zip(
        (BRIGHT, ACME, KETTLE),
        re.findall(r"```toml\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL),
        strict=True,
    )
)
SECRETS = {
    "BRIGHT_VONAGE_SECRET": vonage_side.API_SECRET,
    "BRIGHT_VONAGE_SIGNATURE": vonage_side.SIGNATURE_SECRET,
    "BRIGHT_VONAGE_KEY": vonage_side.PRIVATE_KEY,
    "BRIGHT_HUBSPOT_TOKEN": hubspot_api.TOKEN,
    "BRIGHT_SLACK_TOKEN": slack_api.BOT_TOKEN,
    "BRIGHT_SLACK_SIGNING_SECRET": slack_api.SIGNING_SECRET,
    "ACME_RC_SECRET": "the secret of an app at RingCentral",
    "ACME_RC_JWT": "eyJhbGciOiJ1.jwt0of1the2tests3.c2lnbmF0dXJl",
    "ACME_TWILIO_TOKEN": TOKEN,
    "ACME_PIPEDRIVE_TOKEN": pipedrive_api.TOKEN,
    "ACME_TEAMS_WORKFLOW": "https://prod-1.westus.logic.azure.com/workflows/1/triggers/x?sig=1",
    "KETTLE_AMI_SECRET": pbx.SECRET,
    "KETTLE_TELNYX_KEY": "KEY0123456789ABCDEF_secretofthetests",
    "KETTLE_TELNYX_PUBLIC_KEY": telnyx_side.PUBLIC_KEY,
    "KETTLE_MAIL_PASSWORD": mail.PASSWORD,
}


def live(file: str) -> str:
    """A file as it is once the client's texts are registered."""
    return file.replace("\n[plugins", '\nmode = "live"\nregistration.id = "CMP1"\n[plugins', 1)


def moved(file: str, **places: Mapping[str, str | int | float]) -> str:
    """A file whose plugins find their providers elsewhere: settings by the plugin's table."""
    for table, settings in places.items():
        head = f"[plugins.{table.replace('_', '.')}]\n"
        before, found, after = file.partition(head)
        assert found, head
        own, rest = re.fullmatch(r"((?:[^\n\[][^\n]*\n)*)(.*)", after, re.DOTALL).groups()
        kept = "".join(
            line
            for line in own.splitlines(keepends=True)
            if line.partition(" = ")[0] not in settings
        )
        new = "".join(f"{name} = {json.dumps(value)}\n" for name, value in settings.items())
        file = f"{before}{head}{new}{kept}{rest}"
    return file


@attrs.define
class Teams:
    """A workflow of Teams that takes cards."""

    cards: list[dict[str, Any]] = attrs.field(factory=list)

    def __call__(self, request: httpx.Request) -> httpx.Response:
        (attachment,) = json.loads(request.content)["attachments"]
        self.cards.append(attachment["content"])
        return httpx.Response(202)


@attrs.define(kw_only=True)
class Agency:
    """One `serve` with the three clients, and all their providers."""

    config: Path
    vonage: VonageApi = attrs.field(factory=VonageApi)
    hubspot: HubSpotApi = attrs.field(factory=lambda: HubSpotApi(lambda: datetime.now(UTC)))
    slack: Workspace = attrs.field(factory=Workspace)
    ringcentral: OnLoopback = attrs.field(factory=lambda: OnLoopback(numbers=["+13125550100"]))
    twilio: TwilioApi = attrs.field(factory=TwilioApi)
    pipedrive: PipedriveApi = attrs.field(factory=lambda: PipedriveApi(SystemClock()))
    teams: Teams = attrs.field(factory=Teams)
    pbx: Pbx = attrs.field(factory=lambda: Pbx(stays=True))
    telnyx: Texts = attrs.field(factory=Texts)
    post: Post = attrs.field(factory=Post)
    mailbox: Folder = attrs.field(factory=Folder)
    secrets: dict[str, str] = attrs.field(factory=lambda: dict(SECRETS))
    _serving: Serving | None = None
    _http: httpx.AsyncClient = attrs.field(factory=lambda: httpx.AsyncClient(timeout=30))

    @classmethod
    @asynccontextmanager
    async def open(cls, folder: Path) -> AsyncIterator[Agency]:
        """Start the providers, write the files, serve them."""
        agency = cls(config=folder / "textback.toml")
        async with AsyncExitStack() as stack:
            files = await agency._providers(stack)
            (folder / "clients").mkdir()
            (folder / "plugins").mkdir()
            (folder / "plugins" / "noon.py").write_text(NOON)
            agency.config.write_text(TEXTBACK)
            for name, file in files.items():
                written = f"{live(file)}\n[plugins.noon]\n"
                (folder / "clients" / f"{name}.toml").write_text(written, encoding="utf-8")
            serving = await Serving.start(agency.config, secrets=agency.secrets)
            stack.push_async_callback(serving.stop)
            agency._serving = serving
            agency.ringcentral.ours.set_result(serving.address)
            await until(lambda: agency.pbx.open)
            await asyncio.wait_for(agency.ringcentral.subscribed.wait(), 30)
            yield agency

    async def _providers(self, stack: AsyncExitStack) -> dict[str, str]:
        """Let all listen; the files that say where."""
        folder, authority = self.config.parent, trustme.CA()
        authority.cert_pem.write_to_path(folder / "ca.pem")
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("127.0.0.1").configure_cert(tls)
        ca = {"host": "127.0.0.1", "ca_file": str(folder / "ca.pem")}
        stack.push_async_callback(self._http.aclose)
        stack.callback(self.hubspot.down)
        self.hubspot.define("contacts", "textback_tags")
        self.hubspot.define("contacts", "textback_number", hasUniqueValue=True)
        slack, stop_slack = await slack_api.serve(self.slack)
        stack.push_async_callback(stop_slack)
        await self.pbx.start(tls)
        stack.push_async_callback(self.pbx.stop)
        ringcentral, twilio = await self.ringcentral.start(), await self.twilio.start()
        stack.push_async_callback(self.ringcentral.stop)
        stack.push_async_callback(self.twilio.stop)
        smtp = await mail.smtp(
            self.post, tls_context=tls, authenticator=mail.login_of("textback", mail.PASSWORD)
        )
        stack.callback(smtp.close)
        imap = await asyncio.start_server(self.mailbox.serve, "127.0.0.1", 0, ssl=tls)
        stack.callback(imap.close)
        stack.callback(self.mailbox.hang_up)
        vonage, pipedrive, teams, telnyx = [
            await stack.enter_async_context(served(each))
            for each in (self.vonage, self.pipedrive, self.teams, self.telnyx)
        ]
        self.secrets["ACME_TEAMS_WORKFLOW"] = f"{teams}/workflows/1/triggers/manual/paths/invoke"
        return {
            BRIGHT: moved(
                FILES[BRIGHT],
                vonage={"base_url": vonage, "rest_base_url": vonage},
                hubspot={"base_url": self.hubspot.url},
                slack={"base_url": slack},
            ),
            ACME: moved(
                FILES[ACME],
                ringcentral={"base_url": ringcentral},
                twilio={"base_url": twilio},
                pipedrive={"base_url": pipedrive},
            ),
            KETTLE: moved(
                FILES[KETTLE],
                asterisk={"port": self.pbx.port, **ca},
                telnyx={"base_url": f"{telnyx}/v2"},
                email={"port": _port(smtp), **ca},
                email_imap={"host": "127.0.0.1", "port": _port(imap), "poll_s": 0.05},
            ),
        }

    async def tell(self, path: str, body: bytes, headers: Mapping[str, str]) -> httpx.Response:
        """A provider posts a webhook to an address under ``/hooks/``."""
        assert self._serving is not None
        url = f"{self._serving.address}/hooks/{path}"
        return await self._http.post(url, content=body, headers=headers)

    def rows(self, query: str, *values: str) -> list[dict[str, Any]]:
        """Look into the database, from outside."""
        with closing(self._database()) as store:
            return [dict(row) for row in store.execute(query, values)]

    def _database(self) -> sqlite3.Connection:
        store = sqlite3.connect(self.config.parent / "textback.db", timeout=30)
        store.row_factory = sqlite3.Row
        return store

    async def settled(self, number: str, *, calls: int = 1) -> None:
        """Wait until so many calls of a number are concluded and nothing is due for it."""

        def done() -> bool:
            told = self.rows("SELECT call_id FROM calls WHERE caller = ?", number)
            return len(told) == calls and not self.rows(
                """
                SELECT name FROM steps WHERE state IN ('waiting', 'running')
                AND name NOT LIKE 'follow_up/%' AND name <> 'idle' AND subject IN (
                    SELECT 'call/' || call_id FROM calls WHERE caller = ?1
                    UNION SELECT 'case/' || case_id FROM cases WHERE number = ?1
                )
                """,
                number,
            )

        await until(done, within_s=90)

    async def hurry(self, number: str, step: str) -> None:
        """Let a step that waits be due now; wait until it is done."""
        change = (
            "UPDATE steps SET due_at = 1 WHERE name = ? AND state = 'waiting'"
            " AND subject IN (SELECT 'case/' || case_id FROM cases WHERE number = ?)"
        )
        with closing(self._database()) as store, store:
            store.execute(change, (step, number))
        query = (
            "SELECT name FROM steps JOIN cases ON subject = 'case/' || case_id"
            " WHERE name = ? AND number = ? AND state IN ('waiting', 'running')"
        )
        await until(lambda: not self.rows(query, step, number))

    async def run(self, *words: str) -> str:
        """Run a command; what it prints."""
        code, out, err = await command(self.config, *words, secrets=self.secrets)
        assert code == 0, err
        return out

    async def cases(self, number: str) -> list[dict[str, Any]]:
        """The cases of a number as ``cases --json`` prints them, the oldest first."""
        listed = await self.run("cases", "--json")
        return [case for case in map(json.loads, listed.splitlines()) if case["caller"] == number]


def _port(server: asyncio.Server) -> int:
    port: int = server.sockets[0].getsockname()[1]
    return port
