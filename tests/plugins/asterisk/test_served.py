"""End to end: `serve` holds the connection, makes it again, and texts a caller once."""

import asyncio

from support.deployment import LINE, Serving, cases, write
from support.pbx import CALLER, SECRET, USER, Call, Pbx
from support.twilio_api import OK, TwilioApi

ASTERISK = f"""
[plugins.asterisk]
port = PORT
username = "{USER}"
secret = "{SECRET}"
settle_s = 0
dids = {{ s = "{LINE}" }}
"""


async def test_a_missed_call_is_texted_once(tmp_path):
    """Also if it is told again after the connection broke."""
    came = asyncio.Event()

    def take(_form):
        came.set()
        return OK

    provider, pbx = TwilioApi(behave=take), await Pbx().start()
    pbx.says = str(Call(exten="s").rings("101").ends("101", "NOANSWER").over())
    config = write(
        tmp_path,
        await provider.start(),
        settings='roles = ["sender"]',
        more=ASTERISK.replace("PORT", str(pbx.port)),
    )
    serving = await Serving.start(config)
    try:
        await asyncio.wait_for(came.wait(), 20)
        async with asyncio.timeout(20):
            while pbx.connections < 2 or len(pbx.closed) < 2:
                await asyncio.sleep(0.01)
    finally:
        await serving.stop()
        await provider.stop()
        await pbx.stop()

    (text,) = provider.taken
    assert (text.to, text.sender) == (CALLER, LINE)
    (case,) = await cases(config)
    assert (case["end"], case["outcome"]) == ("sent", "no_answer")
