"""End to end: `serve` makes its subscription, proves its address, and texts a caller once."""

import asyncio
from datetime import UTC, datetime

from support.deployment import LINE, TEXTBACK, Serving, cases
from support.ringcentral_api import CALLER, OnLoopback, Story

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
