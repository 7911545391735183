"""The subscription: there is one that serves, whatever happens to it."""

import asyncio
from datetime import timedelta

import httpx
import pytest

from support.ringcentral_api import BASE
from textback.errors import Refused
from textback.model import Addresses


def only(platform):
    (subscription,) = platform.subscriptions.values()
    return subscription


async def test_is_made(plugin, platform):
    """With what the roles need, to our address, with a word."""
    await plugin.maintain()
    made = only(platform)
    assert made["eventFilters"] == [
        "/restapi/v1.0/account/1/telephony/sessions",
        "/restapi/v1.0/account/1/extension/1/message-store/instant?type=SMS",
        "/restapi/v1.0/account/1/extension/1/message-store?type=SMS&direction=Outbound",
    ]
    assert made["deliveryMode"]["address"].startswith(f"{BASE}?agreed=")
    assert len(made["_word"]) == 64


async def test_is_left_alone(plugin, platform):
    """Again and again nothing is changed."""
    for _ in range(3):
        await plugin.maintain()
    assert len(platform.asked("/subscription", "POST")) == 1
    assert not platform.asked("/renew")


async def test_is_made_once(make, platform):
    """However many look at the same time."""
    await asyncio.gather(*(make().maintain() for _ in range(4)))
    assert len(platform.asked("/subscription", "POST")) == 1


async def test_is_renewed(plugin, platform, clock):
    """In the second half of its life."""
    await plugin.maintain()
    ends = only(platform)["expirationTime"]
    clock.advance(timedelta(days=4))
    await plugin.maintain()
    await plugin.maintain()
    assert only(platform)["expirationTime"] > ends
    assert len(platform.asked("/renew")) == 1


@pytest.mark.parametrize("status", ["Blacklisted", "Suspended"])
async def test_is_made_anew(plugin, platform, status):
    """RingCentral doesn't revive one that it has ended; the old one goes after the new one came."""
    await plugin.maintain()
    old = only(platform)
    old["status"] = status
    await plugin.maintain()
    assert only(platform)["id"] != old["id"]
    methods = [each.method for each in platform.requests if "subscription" in each.url.path]
    assert methods[-2:] == ["POST", "DELETE"]


@pytest.mark.parametrize("more", [{"roles": ("source",)}, {"client_secret": None}])
async def test_what_was_agreed_on_changes(make, platform, more):
    """Other roles or another secret need another subscription."""
    await make().maintain()
    old = only(platform)
    if "client_secret" in more:
        more = {"client_secret": make().settings.jwt}
    await make(**more).maintain()
    new = only(platform)
    assert new["id"] != old["id"]
    assert (new["eventFilters"], new["_word"]) != (old["eventFilters"], old["_word"])


async def test_others_are_left_alone(plugin, platform):
    """Other programs, and other clients of ours, have their own."""
    for number, address in enumerate(["https://other.example", f"{BASE}-2?agreed=1"]):
        platform.subscriptions[f"x{number}"] = {
            "id": f"x{number}",
            "status": "Blacklisted",
            "deliveryMode": {"transportType": "WebHook", "address": address},
        }
    platform.subscriptions["x2"] = {"id": "x2", "status": "Active"}
    await plugin.maintain()
    assert {"x0", "x1", "x2"} < set(platform.subscriptions)


async def test_connect(plugin, platform):
    """It does the same at once, and shows it first."""
    (change,) = await plugin.connect(Addresses(BASE), dry_run=True)
    assert (change.before, platform.subscriptions) == (None, {})
    assert "telephony/sessions" in change.after
    await plugin.connect(Addresses(BASE), dry_run=False)
    assert await plugin.connect(Addresses(BASE), dry_run=False) == []
    assert only(platform)


async def test_cant_reach_us(plugin, platform):
    """RingCentral's own words are passed on."""
    answer = {"errorCode": "SUB-521", "message": "WebHook is not reachable"}
    platform.answers["/subscription"] = [
        httpx.Response(200, json={"records": []}),
        httpx.Response(400, json=answer),
    ]
    with pytest.raises(Refused, match="not reachable"):
        await plugin.connect(Addresses(BASE), dry_run=False)
