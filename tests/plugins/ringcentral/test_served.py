"""End to end: `serve` makes its subscription, proves its address, and texts a caller once."""

import asyncio
from datetime import UTC, datetime

import httpx
from aiohttp import web

from support.deployment import LINE, TEXTBACK, Serving, cases
from support.ringcentral_api import CALLER, Platform, Story
from textback.clock import SystemClock

CLIENT = f"""
name = "Bright Smile Dental"
time_zone = "America/Denver"
lines = ["{LINE}"]
mode = "live"
registration.id = "CMP1234"

[plugins.ringcentral]
client_id = "app-1"
client_secret = "secret"
jwt = "jwt"
settle_s = 0
base_url = "BASE_URL"
"""


class OnLoopback:
    """RingCentral at an address of its own; it asks ours before it tells it anything."""

    def __init__(self):
        self.platform = Platform(SystemClock())
        self.ours = asyncio.get_running_loop().create_future()  # where `serve` listens
        self.proved = []
        self.texted = asyncio.Event()
        self.subscribed = asyncio.Event()

    async def start(self):
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self._serve)
        self._runner = web.AppRunner(app)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{self._runner.addresses[0][1]}"

    async def stop(self):
        await self._runner.cleanup()

    async def post(self, address, **more):
        """Post to our public address, wherever it is served."""
        async with httpx.AsyncClient(timeout=20) as http:
            url = httpx.URL(address)
            return await http.post(f"{await self.ours}{url.raw_path.decode()}", **more)

    async def _serve(self, request):
        body = await request.read()
        given = httpx.Request(
            request.method, str(request.url), headers=dict(request.headers), content=body
        )
        subscribes = request.method == "POST" and request.path.endswith("/subscription")
        if subscribes:
            address = (await request.json())["deliveryMode"]["address"]
            asked = {"Validation-Token": "prove it"}
            answer = await self.post(address, headers=asked)
            self.proved.append((answer.status_code, answer.headers.get("validation-token")))
        answer = self.platform.answer(given)
        if request.path.endswith("/sms"):
            self.texted.set()
        if subscribes:
            self.subscribed.set()
        return web.Response(
            status=answer.status_code, body=answer.content, content_type="application/json"
        )


async def test_a_missed_call_is_texted_once(tmp_path):
    """Told twice and in disorder; what hasn't the word is refused."""
    ringcentral = OnLoopback()
    (tmp_path / "clients").mkdir()
    (tmp_path / "textback.toml").write_text(TEXTBACK)
    client = CLIENT.replace("BASE_URL", await ringcentral.start())
    (tmp_path / "clients" / "bright.toml").write_text(client)
    serving = await Serving.start(tmp_path / "textback.toml")
    ringcentral.ours.set_result(serving.address)
    try:
        await asyncio.wait_for(ringcentral.subscribed.wait(), 20)
        (subscription,) = ringcentral.platform.subscriptions.values()
        address = subscription["deliveryMode"]["address"]
        story = Story(begins_at=datetime.now(UTC)).caller_is("Setup").user(2, "Proceeding")
        story.user(2, "Disconnected", reason="NoAnswer", missedCall=True)
        forged = await ringcentral.post(address, json=story.told[0])
        for told in (*story.told, *reversed(story.told)):
            answer = await ringcentral.post(
                address, json=told, headers={"Verification-Token": subscription["_word"]}
            )
            assert answer.status_code == 200
        await asyncio.wait_for(ringcentral.texted.wait(), 20)
    finally:
        await serving.stop()
        await ringcentral.stop()

    assert ringcentral.proved == [(200, "prove it")]
    assert forged.status_code == 401
    (text,) = ringcentral.platform.texts
    assert (text["to"], text["from"]) == ([{"phoneNumber": CALLER}], {"phoneNumber": LINE})
    (case,) = await cases(serving.config)
    assert case["end"] == "sent"
