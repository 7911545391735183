"""The team by SMS through the front door: one Twilio number for callers and for the team."""

from __future__ import annotations

import asyncio

import pytest

from support import deployment as d

pytestmark = pytest.mark.slow

CALLER, STAFF = "+13035550123", "+13035550181"


async def test_a_notice_and_its_answer_travel_by_twilio(config, http, provider):
    """A missed call is told to the staff phone; what it texts back reaches the caller."""
    file = config.parent / "clients" / "bright.toml"
    written = file.read_text().replace(
        "[plugins.twilio]", '[plugins.twilio]\nroles = ["source", "sender", "notifier"]'
    )
    file.write_text(f'staff_phones = ["{STAFF}"]\n{written}')
    serving = await d.Serving.start(config)

    async def arrived(number, count):
        async with asyncio.timeout(20):
            while len(provider.to(number)) < count:
                await asyncio.sleep(0.02)
        return provider.to(number)[-1]

    await d.post(http, serving.address, "dial", d.missed("CA1", CALLER))
    notice = await arrived(STAFF, 1)
    assert "(303) 555-0123 called" in notice.body
    await d.post(http, serving.address, "sms", d.text("SM1", STAFF, "We open at eight"))

    answer = await arrived(CALLER, 2)

    assert (answer.body, answer.sender) == ("We open at eight", d.LINE)
    assert await serving.stop() == 0
