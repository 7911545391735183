"""A call through Telnyx, end to end: `serve` as a process, Telnyx as a server, all over HTTP."""

import asyncio
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import attrs
import httpx
import pytest

from support.deployment import PUBLIC, Serving, cases, write
from support.served import served
from support.telnyx_exchange import APPLICATION, CALLER, LINE, SESSION, Behaviour, Exchange
from support.telnyx_side import PUBLIC_KEY, Texts, signature

pytestmark = pytest.mark.slow

PHONE = "+13035550110"
CLIENT = f"""
name = "Bright Smile Dental"
time_zone = "America/Denver"
lines = ["{LINE}"]
mode = "live"
registration.id = "CMP1234"

[plugins.telnyx]
api_key = "KEY0123456789ABCDEF_secretofthetests"
public_key = "{PUBLIC_KEY}"
application_id = "{APPLICATION}"
ring = ["{PHONE}"]
base_url = "BASE_URL/v2"

[plugins.contacts]
"""


@attrs.define
class Telnyx:
    """Telnyx's API: live calls as the exchange plays them, texts kept."""

    exchange: Exchange = attrs.field(factory=Exchange)
    texts: Texts = attrs.field(factory=Texts)

    def __call__(self, request):
        live = request.method == "POST" and not request.url.path.endswith("/messages")
        return self.exchange.answer(request) if live else self.texts(request)

    async def deliver(self, serving):
        """Tell all that there is to tell, signed; the statuses of the answers."""
        statuses = []
        async with httpx.AsyncClient(timeout=20) as http:
            while self.exchange.pending:
                body = self.exchange.pending.pop(0)
                body["data"]["occurred_at"] = datetime.now(UTC).isoformat()
                content = json.dumps(body).encode()
                headers = signature(content, datetime.now(UTC))
                url = f"{serving.address}/hooks/bright/telnyx/voice"
                response = await http.post(url, content=content, headers=headers)
                statuses.append(response.status_code)
        return statuses


@pytest.fixture
def telnyx():
    return Telnyx()


@pytest.fixture
async def config(tmp_path, telnyx):
    async with served(telnyx) as address:
        config = write(tmp_path, address)
        (tmp_path / "clients" / "bright.toml").write_text(CLIENT.replace("BASE_URL", address))
        yield config


async def test_a_call_that_nobody_takes_is_texted_once(telnyx, config):
    """Also if textback is killed while the phone rings."""
    telnyx.exchange.phones = {PHONE: Behaviour.RINGS_OUT}
    serving = await Serving.start(config)
    telnyx.exchange.call()
    assert set(await telnyx.deliver(serving)) == {200}
    await serving.kill()

    serving = await Serving.start(config)
    try:
        telnyx.exchange.phones_act()
        assert set(await telnyx.deliver(serving)) == {200}
        await asyncio.wait_for(telnyx.texts.came.wait(), 15)
        telnyx.exchange.caller_hangs_up()
        await telnyx.deliver(serving)
    finally:
        await serving.stop()

    (case,) = await cases(config)
    assert (case["end"], case["outcome"]) == ("sent", "no_answer")
    (text,) = telnyx.texts.taken
    assert (text["from"], text["to"]) == (LINE, CALLER)
    assert text["webhook_url"].startswith(f"{PUBLIC}/hooks/bright/telnyx/sms-status?text=")
    assert telnyx.exchange.rung == [PHONE]
    assert len(telnyx.exchange.spoken) == 1


@pytest.mark.parametrize("detect", ["ring", "forwarded"])
async def test_a_caller_presses_1_for_texts(telnyx, config, detect):
    """Asked after the greeting; the key is evidence, and the text doesn't wait for it."""
    prompt = "Press 1 for our answer by text."
    client = config.parent / "clients" / "bright.toml"
    more = f'ring = ["{PHONE}"]\ndetect = "{detect}"\nconsent_prompt = "{prompt}"'
    client.write_text(client.read_text().replace(f'ring = ["{PHONE}"]', more))
    telnyx.exchange.phones = {PHONE: Behaviour.RINGS_OUT}
    telnyx.exchange.keys = "1"
    serving = await Serving.start(config)
    try:
        telnyx.exchange.call()
        await telnyx.deliver(serving)
        telnyx.exchange.phones_act()
        assert set(await telnyx.deliver(serving)) <= {200}
        await asyncio.wait_for(telnyx.texts.came.wait(), 15)
    finally:
        await serving.stop()

    with closing(sqlite3.connect(config.parent / "textback.db")) as store:
        found = store.execute("SELECT basis, evidence FROM consents").fetchall()
    assert found == [("keypress", f"pressed 1 in call telnyx/{SESSION}, asked: “{prompt}”")]
    assert telnyx.exchange.spoken[-1] == prompt
    assert telnyx.exchange.caller.state == "gone"


async def test_a_call_that_somebody_takes_is_none_of_ours(telnyx, config):
    """Nobody is texted, and no case is opened."""
    telnyx.exchange.phones = {PHONE: Behaviour.PERSON}
    serving = await Serving.start(config)
    try:
        telnyx.exchange.call()
        await telnyx.deliver(serving)
        telnyx.exchange.phones_act()
        await telnyx.deliver(serving)
        telnyx.exchange.caller_hangs_up()
        assert set(await telnyx.deliver(serving)) == {200}
    finally:
        await serving.stop()
    assert await cases(config) == []
    assert telnyx.texts.taken == []
