"""Access tokens: one for all who need it, and a new one when it is refused."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from textback.errors import DeliveryError, MaybeSent, NotSent, Refused


async def test_one_for_all(make, platform):
    """Several at once, and other processes later, ask for one token."""
    await asyncio.gather(*(make().maintain() for _ in range(5)))
    assert len(platform.asked("/oauth/token")) == 1


async def test_a_new_one_before_its_end(make, platform, clock):
    """An hour later another is asked for."""
    await make().maintain()
    clock.advance(timedelta(minutes=57))
    await make().maintain()
    assert len(platform.asked("/oauth/token")) == 1
    clock.advance(timedelta(minutes=2))
    await make().maintain()
    assert len(platform.asked("/oauth/token")) == 2


async def test_refused(make, platform, a_text):
    """A token that was revoked is replaced, once for all, and the text leaves once."""
    await make().maintain()
    platform.tokens.clear()
    await asyncio.gather(*(make().send_text(a_text) for _ in range(3)))
    assert len(platform.asked("/oauth/token")) == 2
    assert len(platform.texts) == 3


async def test_of_another_credential(make, platform):
    """A new JWT doesn't get the token of the old one."""
    await make().maintain()
    plugin = make()
    await make(jwt=plugin.settings.client_secret).maintain()
    assert len(platform.asked("/oauth/token")) == 2


@pytest.mark.parametrize(
    ("answer", "error", "permanent"),
    [
        (httpx.Response(400, json={"error": "invalid_grant"}), DeliveryError, True),
        (httpx.Response(429, headers={"x-rate-limit-window": "60"}), DeliveryError, False),
        (httpx.Response(503), DeliveryError, False),
        (MaybeSent("gave no whole answer"), NotSent, False),
        (NotSent("refused the connection"), NotSent, False),
        (httpx.Response(200, json={}), NotSent, False),
    ],
)
async def test_no_token_no_text(plugin, platform, a_text, answer, error, permanent):
    """Whatever went wrong with the token, the text surely did not leave."""
    platform.answers["/oauth/token"] = [answer]
    with pytest.raises(error) as caught:
        await plugin.send_text(a_text)
    assert caught.value.permanent is permanent
    if error is DeliveryError:
        assert caught.value.try_next


async def test_limit_without_a_wait(plugin, platform):
    """Where RingCentral doesn't say how long to wait, the window of the limit is waited."""
    platform.answers["/subscription"] = [httpx.Response(429, headers={"x-rate-limit-window": "60"})]
    with pytest.raises(Refused) as caught:
        await plugin.maintain()
    assert (caught.value.retry_after, caught.value.permanent) == (60, False)


async def test_limit_with_a_wait(plugin, platform):
    """Retry-After is believed first."""
    headers = {"x-rate-limit-window": "60", "retry-after": "23"}
    platform.answers["/subscription"] = [httpx.Response(429, headers=headers)]
    with pytest.raises(Refused) as caught:
        await plugin.maintain()
    assert caught.value.retry_after == 23
