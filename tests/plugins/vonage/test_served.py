"""The whole way over HTTP: `serve` as a process, and a Vonage on loopback that signs webhooks."""

import asyncio
import sqlite3
from contextlib import asynccontextmanager, closing

import attrs
import httpx
import pytest

from support.deployment import Serving
from support.served import served
from support.vonage_side import (
    API_KEY,
    API_SECRET,
    APPLICATION,
    CALL,
    PRIVATE_KEY,
    SIGNATURE_SECRET,
    VonageApi,
    answer,
    event,
    now_signed,
    rung,
)

pytestmark = pytest.mark.slow

CALLER = "+13035550123"

TEXTBACK = """
[server]
public_url = "https://hooks.agency.example"
listen = "127.0.0.1:0"
[store]
url = "sqlite:///textback.db"
key = "a key of this test, long enough for anyone"
"""

CLIENT = f"""
name = "Bright Smile Dental"
time_zone = "America/Denver"
lines = ["+13035550100"]
mode = "live"
registration.id = "CMP1234"
[plugins.vonage]
api_key = "{API_KEY}"
api_secret = "{API_SECRET}"
signature_secret = "{SIGNATURE_SECRET}"
application_id = "{APPLICATION}"
private_key = '''{PRIVATE_KEY}'''
ring = ["+13035550110"]
base_url = "BASE_URL"
MORE
[plugins.contacts]
"""


@asynccontextmanager
async def deployment(folder, api, more=""):
    """`serve` with one client on that Vonage, and a way to post to it."""
    async with served(api) as base_url, httpx.AsyncClient(timeout=20) as http:
        (folder / "clients").mkdir()
        config = folder / "textback.toml"
        config.write_text(TEXTBACK)
        client = CLIENT.replace("BASE_URL", base_url).replace("MORE", more)
        (folder / "clients" / "bright.toml").write_text(client)
        serving = await Serving.start(config)
        try:

            async def post(request):
                place = request.url.partition("/plugin/")[2]
                url = f"{serving.address}/hooks/bright/vonage/{place}"
                return await http.post(url, content=request.body, headers=request.headers)

            yield config, post
        finally:
            await serving.stop()


RANG_OUT = event("unanswered", direction="outbound", detail="timeout")


async def until_ends(config, *ends):
    """The cases came to these ends; the limit only ends a test that fails."""
    async with asyncio.timeout(15):
        while True:
            with closing(sqlite3.connect(config.parent / "textback.db")) as store:
                found = store.execute("SELECT end_state FROM cases ORDER BY opened_at").fetchall()
            if found == [(end,) for end in ends]:
                return
            await asyncio.sleep(0.02)


async def test_a_missed_call_is_texted_once(tmp_path):
    """The phone rings, the caller hears the greeting and gets one text, whatever comes again."""
    api = VonageApi()
    async with deployment(tmp_path, api) as (config, post):
        rings = await post(now_signed("answer", answer()))
        told = now_signed("event", RANG_OUT, query=rung(0))
        greeting = await post(told)
        replayed = await post(told)
        again = await post(now_signed("event", RANG_OUT, query=rung(0)))
        elsewhere = await post(
            attrs.evolve(told, url=told.url.replace(CALL, "CON-of-another-call"))
        )
        forged = await post(now_signed("event", RANG_OUT, query=rung(0), secret="x" * 32))
        unsigned = await post(attrs.evolve(told, headers={}))
        await asyncio.wait_for(api.came.wait(), 15)
        status = {
            "message_uuid": api.uuid(1),
            "to": CALLER[1:],
            "from": "13035550100",
            "channel": "sms",
        }
        reference = api.taken[0]["client_ref"]
        delivered = await post(
            now_signed("sms-status", {**status, "status": "delivered", "client_ref": reference})
        )
        await until_ends(config, "sent")

    assert rings.json()[0]["endpoint"] == [{"type": "phone", "number": "13035550110"}]
    assert greeting.json()[0]["action"] == "talk"
    codes = [each.status_code for each in (replayed, again, elsewhere, forged, unsigned, delivered)]
    assert codes == [401, 200, 401, 401, 401, 204]
    (text,) = api.taken
    assert (text["to"], text["from"]) == ("13035550123", "13035550100")
    assert text["webhook_url"] == "https://hooks.agency.example/hooks/bright/vonage/sms-status"


async def test_a_status_settles_an_unsure_text(tmp_path):
    """The connection broke when Vonage had the text: it isn't sent again, and then it is known."""
    api = VonageApi(breaks=True)
    async with deployment(tmp_path, api) as (config, post):
        await post(now_signed("answer", answer()))
        await post(now_signed("event", RANG_OUT, query=rung(0)))
        await until_ends(config, "unknown")
        fields = {
            "message_uuid": api.uuid(1),
            "to": CALLER[1:],
            "from": "13035550100",
            "channel": "sms",
            "status": "submitted",
            "client_ref": api.taken[0]["client_ref"],
        }
        told = await post(now_signed("sms-status", fields))
        await until_ends(config, "sent")

    assert told.status_code == 204
    assert len(api.taken) == 1


async def test_a_caller_presses_1_for_texts(tmp_path):
    """Asked after the greeting; the key is evidence, and the text doesn't wait for it."""
    api = VonageApi()
    prompt = "Press 1 for our answer by text."
    async with deployment(tmp_path, api, f'consent_prompt = "{prompt}"') as (config, post):
        await post(now_signed("answer", answer()))
        asked = await post(now_signed("event", RANG_OUT, query=rung(0)))
        await until_ends(config, "sent")
        key = {
            "from": CALLER[1:],
            "to": "13035550100",
            "conversation_uuid": CALL,
            "uuid": "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab",
            "dtmf": {"digits": "1", "timed_out": False},
        }
        forged = await post(now_signed("consent", key, query=rung(0), secret="x" * 32))
        ended = await post(now_signed("consent", key, query=rung(0)))

    greeting, question, keys = asked.json()
    assert (greeting["action"], question["text"], keys["action"]) == ("talk", prompt, "input")
    assert (forged.status_code, ended.status_code, ended.json()) == (401, 200, [])
    with closing(sqlite3.connect(config.parent / "textback.db")) as store:
        found = store.execute("SELECT basis, evidence FROM consents").fetchall()
    assert found == [("keypress", f"pressed 1 in call vonage/{CALL}, asked: “{prompt}”")]


async def test_a_caller_opts_out(tmp_path):
    """Vonage leaves STOP to us: it is confirmed once, and the number is not texted again."""
    api = VonageApi()
    message = {
        "message_uuid": "in-1",
        "from": CALLER[1:],
        "to": "13035550100",
        "channel": "sms",
        "message_type": "text",
        "text": "Stop",
    }
    async with deployment(tmp_path, api) as (config, post):
        await post(now_signed("answer", answer()))
        await post(now_signed("event", RANG_OUT, query=rung(0)))
        await until_ends(config, "sent")
        api.came.clear()
        await post(now_signed("sms", message))
        await asyncio.wait_for(api.came.wait(), 15)
        second = {"conversation_uuid": "CON-2"}
        await post(now_signed("answer", answer(**second)))
        last = {**RANG_OUT, **second}
        await post(now_signed("event", last, query="?call=CON-2&ring=0"))
        await until_ends(config, "sent", "suppressed")

    assert [text["client_ref"].partition("-")[2] for text in api.taken] == ["text-1-1", "stop-1-1"]
