"""A client with a booking tool, served: a call is missed, the text has the link, and it is used."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import attrs
import httpx
from standardwebhooks.webhooks import Webhook as Oracle

from support.deployment import LINE, Serving, cases, write
from support.twilio_api import OK, TwilioApi

CALLER = "+13035550123"
PBX_SECRET = "whsec_dGV4dGJhY2sgdGVzdHMgc2lnbiB3aXRoIHRoaXMga2V5"
MORE = f"""
[plugins.pbx]
use = "webhook"
roles = ["source"]
secret = "{PBX_SECRET}"

[[text]]
body = "Sorry we missed you. Book here: {{{{ booking_link }}}} Reply STOP to opt out"
"""


@attrs.define
class Client:
    """One client that is served.

    Attributes:
        tool: The booking plugin's name.
    """

    config: Path
    serving: Serving
    provider: TwilioApi
    texted: asyncio.Event
    tool: str

    @classmethod
    async def start(cls, folder: Path, tool: str, settings: str) -> Client:
        """Write its files and serve it; *settings* are the booking plugin's, in TOML."""
        texted = asyncio.Event()

        def take(_form: dict[str, str]) -> str:
            texted.set()
            return OK

        provider = TwilioApi(behave=take)
        more = f"{MORE}\n[plugins.{tool}]\n{settings}\n"
        config = write(folder, await provider.start(), settings='roles = ["sender"]', more=more)
        return cls(config, await Serving.start(config), provider, texted, tool)

    async def stop(self) -> None:
        """Stop it."""
        await self.serving.stop()
        await self.provider.stop()

    async def link_fields(self) -> dict[str, str]:
        """Miss a call; what the link fills in that the caller got."""
        now = datetime.now(UTC)
        call = {
            "id": "c1",
            "occurred_at": now.isoformat(),
            "direction": "inbound",
            "from": CALLER,
            "to": LINE,
            "status": "missed",
        }
        body = json.dumps(call)
        headers = {
            "webhook-id": "m1",
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Oracle(PBX_SECRET).sign("m1", now, body),
        }
        assert await self._post("pbx/calls", body.encode(), headers) == 204
        await asyncio.wait_for(self.texted.wait(), 15)
        (link,) = [word for word in self.provider.taken[0].body.split() if "://" in word]
        return dict(parse_qsl(urlsplit(link).query, strict_parsing=True))

    async def tell(self, body: bytes, headers: dict[str, str]) -> int:
        """The booking tool posts a webhook; the answer's status."""
        return await self._post(self.tool, body, headers)

    async def done(self, step: str) -> dict[str, Any]:
        """The case, once a step is done."""
        async with asyncio.timeout(15):
            while True:
                (case,) = await cases(self.config)
                if {each["name"]: each["state"] for each in case["steps"]}.get(step) == "done":
                    return case

    async def _post(self, path: str, body: bytes, headers: dict[str, str]) -> int:
        async with httpx.AsyncClient(timeout=20) as http:
            url = f"{self.serving.address}/hooks/bright/{path}"
            return (await http.post(url, content=body, headers=headers)).status_code
