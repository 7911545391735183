"""A phone system without a plugin, end to end: a signed post, and the caller is texted."""

import asyncio
import json
import sqlite3
from contextlib import closing
from datetime import UTC, datetime

import httpx
from standardwebhooks.webhooks import Webhook as Oracle

from support.deployment import LINE, Serving, cases, until, write
from support.twilio_api import OK, TwilioApi

SECRET = "whsec_dGV4dGJhY2sgdGVzdHMgc2lnbiB3aXRoIHRoaXMga2V5"
CALLER = "+13035550123"
PBX = f"""
[plugins.pbx]
use = "webhook"
roles = ["source"]
secret = "{SECRET}"
"""


def a_call(number, status, **more):
    return {
        "id": f"c-{number}",
        "occurred_at": datetime.now(UTC).isoformat(),
        "direction": "inbound",
        "from": number,
        "to": LINE,
        "status": status,
        **more,
    }


async def post(serving, call, *, message_id="msg_1", secret=SECRET, topic="calls"):
    """Tell of a call as any library for Standard Webhooks does."""
    body, at = json.dumps(call), datetime.now(UTC)
    headers = {
        "webhook-id": message_id,
        "webhook-timestamp": str(int(at.timestamp())),
        "webhook-signature": Oracle(secret).sign(message_id, at, body),
    }
    async with httpx.AsyncClient(timeout=20) as http:
        url = f"{serving.address}/hooks/bright/pbx/{topic}"
        return (await http.post(url, content=body, headers=headers)).status_code


async def test_a_missed_call_is_texted_once(tmp_path):
    """Repeats and a forgery change nothing; an answered call is no case."""
    came = asyncio.Event()

    def take(_form):
        came.set()
        return OK

    provider = TwilioApi(behave=take)
    config = write(tmp_path, await provider.start(), settings='roles = ["sender"]', more=PBX)
    serving = await Serving.start(config)
    try:
        forged = await post(serving, a_call("+13035550124", "missed"), secret="whsec_" + "QUFB" * 8)
        answered = await post(serving, a_call("+13035550125", "answered"))
        told = [
            await post(serving, a_call(CALLER, "missed"), message_id=f"m{n}") for n in (1, 1, 2)
        ]
        await asyncio.wait_for(came.wait(), 15)
    finally:
        await serving.stop()
        await provider.stop()

    (case,) = await cases(config)
    assert (forged, answered, told) == (401, 204, [204, 204, 204])
    (text,) = provider.taken
    assert (text.to, text.sender) == (CALLER, LINE)
    assert case["end"] == "sent"


async def test_a_form_is_consent_until_it_is_taken_back(tmp_path):
    """Signed posts: kept as evidence, and then nobody is texted any more."""
    provider = TwilioApi()
    config = write(tmp_path, await provider.start(), settings='roles = ["sender"]', more=PBX)
    form = {
        "id": "form-77",
        "occurred_at": datetime.now(UTC).isoformat(),
        "number": CALLER,
        "evidence": "the form on bright-smile.example",
    }
    serving = await Serving.start(config)
    try:
        given = await post(serving, form, topic="consents")
        with closing(sqlite3.connect(tmp_path / "textback.db")) as store:
            kept = store.execute("SELECT basis, evidence FROM consents").fetchall()
        back = {**form, "given": False, "evidence": "unticked"}
        withdrawn = await post(serving, back, message_id="msg_2", topic="consents")
        await post(serving, a_call(CALLER, "missed"), message_id="msg_3")

        async def ended():
            return [case["end"] for case in await cases(config)] == ["suppressed"]

        await until(ended)
    finally:
        await serving.stop()
        await provider.stop()

    assert (given, withdrawn) == (204, 204)
    assert kept == [("form", "the form on bright-smile.example, told by pbx")]
    assert provider.taken == []
