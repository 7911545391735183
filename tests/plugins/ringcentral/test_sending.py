"""Texts: what is asked of RingCentral, what its answers mean, and how a lost one is found."""

import json
from datetime import timedelta

import attrs
import httpx
import pytest

from support.ringcentral_api import CALLER, LINE
from textback.errors import DeliveryError, MaybeSent
from textback.events import TextReceived, TextStatus
from textback.model import CannotTell, PhoneNumber, Receipt, TextState
from textback.testing.builders import NOW


async def test_request(plugin, platform, a_text):
    """From the line last called, as the user whose JWT it is."""
    receipt = await plugin.send_text(a_text)
    (request,) = platform.asked("/sms")
    assert request.url.path == "/restapi/v1.0/account/~/extension/~/sms"
    assert json.loads(request.content) == {
        "from": {"phoneNumber": LINE},
        "to": [{"phoneNumber": CALLER}],
        "text": a_text.body,
    }
    assert receipt == Receipt(str(platform.texts[0]["id"]), TextState.SENT)


async def test_from_number(make, platform, a_text):
    """A number that is set wins."""
    await make(from_number=PhoneNumber("+13035550177")).send_text(a_text)
    assert platform.texts[0]["from"] == {"phoneNumber": "+13035550177"}


@pytest.mark.parametrize(
    ("body", "fits"), [("a" * 1000, True), ("a" * 1001, False), ("🦷" * 501, False)]
)
async def test_too_long(plugin, platform, a_text, body, fits):
    """RingCentral takes 1000 characters, and counts two for an emoji."""
    text = attrs.evolve(a_text, body=body)
    if fits:
        await plugin.send_text(text)
    else:
        with pytest.raises(DeliveryError) as caught:
            await plugin.send_text(text)
        assert caught.value.permanent
        assert caught.value.try_next
    assert len(platform.texts) == fits


def no(code, **more):
    return {"errorCode": code, "message": "no", **more}


@pytest.mark.parametrize(
    ("status", "answer", "expected"),
    [
        (400, no("MSG-245"), {"permanent": True, "try_next": True}),
        (400, no("MSG-247"), {"permanent": True, "unreachable": True}),
        (403, no("MSG-384"), {"permanent": True, "try_next": True}),
        (403, no("CMN-408"), {"permanent": True, "try_next": True}),
        (403, no("XYZ-1"), {"permanent": True, "try_next": True, "code": "XYZ-1"}),
        (404, "not json", {"permanent": True, "try_next": True, "code": "404"}),
        (
            400,
            no("CMN-101", errors=[{"parameterName": "to"}]),
            {"permanent": True, "unreachable": True},
        ),
        (400, no("CMN-101", errors=[{"parameterName": "from"}]), {"unreachable": False}),
        (
            200,
            {"id": 1, "messageStatus": "SendingFailed", "deliveryErrorCode": "SMS-RC-413"},
            {"permanent": True, "opted_out": True, "try_next": False},
        ),
        (
            200,
            {"id": 1, "messageStatus": "SendingFailed", "deliveryErrorCode": "SMS-UP-410"},
            {"permanent": True, "unreachable": True},
        ),
    ],
)
async def test_no(plugin, platform, a_text, status, answer, expected):
    """Each answer that says no says whether another sender may try."""
    platform.answers["/sms"] = [httpx.Response(status, json=answer)]
    with pytest.raises(DeliveryError) as caught:
        await plugin.send_text(a_text)
    assert {name: getattr(caught.value, name) for name in expected} == expected


async def test_too_many(plugin, platform, a_text):
    """Nothing was done, so another sender may; the wait is passed on."""
    headers = {"x-rate-limit-group": "medium", "x-rate-limit-window": "60"}
    platform.answers["/sms"] = [httpx.Response(429, json=no("MSG-305"), headers=headers)]
    with pytest.raises(DeliveryError) as caught:
        await plugin.send_text(a_text)
    assert (caught.value.permanent, caught.value.try_next) == (False, True)
    assert caught.value.retry_after == 60


@pytest.mark.parametrize("status", [408, 500, 502, 504])
async def test_nobody_knows(plugin, platform, a_text, status):
    """It may have taken the text before it failed."""
    platform.answers["/sms"] = [httpx.Response(status)]
    with pytest.raises(MaybeSent):
        await plugin.send_text(a_text)


class TestFind:
    async def test_the_text_itself(self, plugin, platform, a_text):
        """By recipient, sender, words and time."""
        receipt = await plugin.send_text(a_text)
        platform.texts[0]["messageStatus"] = "Delivered"
        found = await plugin.find_text(a_text)
        assert found == Receipt(receipt.provider_id, TextState.DELIVERED)
        (request,) = platform.asked("/message-store")
        assert request.url.params["phoneNumber"] == CALLER
        assert request.url.params["dateFrom"] == "2026-03-02T17:29:55.000Z"

    @pytest.mark.parametrize(
        "more",
        [
            {"subject": "other words"},
            {"to": [{"phoneNumber": "+13035550124"}]},
            {"from": {"phoneNumber": "+13035550177"}},
            {"direction": "Inbound"},
            {"creationTime": (NOW - timedelta(seconds=6)).isoformat()},
            {"creationTime": (NOW + timedelta(seconds=71)).isoformat()},
            {"creationTime": None},
        ],
    )
    async def test_another(self, plugin, platform, a_text, more):
        """One thing that differs, and it proves nothing."""
        await plugin.send_text(a_text)
        platform.texts[0] |= more
        assert await plugin.find_text(a_text) == CannotTell()

    async def test_never_tried(self, plugin, platform, a_text):
        """Without a time there is nothing to look for."""
        assert await plugin.find_text(attrs.evolve(a_text, attempted_at=None)) == CannotTell()
        assert not platform.requests


async def test_list_texts(plugin, platform, a_text):
    """All pages, in and out; the same keys as the notifications have."""
    platform.per_page = 1
    await plugin.send_text(a_text)
    platform.texts.append(
        {
            "id": 9,
            "direction": "Inbound",
            "from": {"phoneNumber": CALLER},
            "to": [{"phoneNumber": LINE}],
            "subject": "Yes",
            "messageStatus": "Received",
            "creationTime": "2026-03-02T17:31:00.000Z",
        }
    )
    platform.texts.append({**platform.texts[1], "id": 10, "from": {}})
    platform.texts.append({**platform.texts[1], "to": [{"phoneNumber": "+13035550188"}]})
    out, came = [event async for event in plugin.list_texts(NOW)]
    assert isinstance(out, TextStatus)
    assert (out.number, out.state) == (CALLER, TextState.SENT)
    assert isinstance(came, TextReceived)
    assert (came.key, came.body) == ("sms/9/received", "Yes")
    hosts = {request.url.host for request in platform.asked("/message-store")}
    assert hosts == {"platform.ringcentral.com"}
