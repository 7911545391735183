"""Plugins of ``textback.toml``: they give secrets and watch what was committed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from support import deployment as d
from support import twilio_api

pytestmark = pytest.mark.slow

VAULT = '''
"""A vault and an observer in one file."""
import json
from pathlib import Path

import attrs

from textback.hookspecs import hookimpl
from textback.model import Committed
from textback.services import Services



@attrs.frozen(kw_only=True)
class Settings:
    """Where to write."""

    log: str


@attrs.frozen(eq=False)
class Vault:
    """Answers for one name."""

    settings: Settings
    services: Services

    @hookimpl
    async def resolve_secret(self, reference: str) -> str | None:
        return {"vault:twilio": "TOKEN"}.get(reference)

    @hookimpl
    async def observe(self, event: Committed) -> None:
        with Path(self.settings.log).open("a") as log:
            log.write(json.dumps([event.what, event.client, event.case, event.detail["seq"]]))
            log.write("\\n")
'''


async def test_secrets_come_from_the_vault_and_commits_are_seen(tmp_path: Path) -> None:
    """A token that only the plugin knows signs webhooks, and the ledger's rows go out."""
    import httpx

    api = twilio_api.TwilioApi()
    config = d.write(tmp_path, await api.start())
    (tmp_path / "plugins" / "vault.py").write_text(VAULT.replace("TOKEN", d.TOKEN))
    seen = tmp_path / "seen.jsonl"
    config.write_text(f'{config.read_text()}\n[plugins.vault]\nlog = "{seen}"\n')
    client = tmp_path / "clients" / "bright.toml"
    client.write_text(client.read_text().replace(d.TOKEN, "${vault:twilio}"))

    serving = await d.Serving.start(config)
    async with httpx.AsyncClient() as http:
        response = await d.post(http, serving.address, "dial", d.missed("CA1", "+13035550123"))
    assert response.status_code == 200
    assert await serving.stop() == 0
    await api.stop()

    rows = [json.loads(line) for line in seen.read_text().splitlines()]
    assert [row[0] for row in rows][:3] == ["declared", "decided", "sent"]
    assert [row[3] for row in rows] == list(range(1, len(rows) + 1))
    assert {row[1] for row in rows} == {"bright"}
