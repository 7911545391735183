"""Texts: what is handed to Vonage by either API, and what its answers mean."""

import asyncio
import json
from datetime import timedelta
from urllib.parse import parse_qsl

import httpx
import jwt
import pytest

from support.vonage_side import API_KEY, API_SECRET, APPLICATION, PRIVATE_KEY
from textback.config.secrets import Secret
from textback.errors import DeliveryError, MaybeSent, NotSent
from textback.model import PhoneNumber
from textback.testing.builders import a_text

UUID = "aaaaaaaa-bbbb-4ccc-8ddd-0123456789ab"
TAKEN = httpx.Response(202, json={"message_uuid": UUID})
STATUS_URL = "http://127.0.0.1:8000/hooks/bright-smile/plugin/sms-status"


def of_parts(*statuses):
    """The SMS API's answer to a text of some parts."""
    parts = [
        {"status": status, "message-id": f"0A{number}", "to": "13035550123"}
        if status == "0"
        else {"status": status, "error-text": "no"}
        for number, status in enumerate(statuses, 1)
    ]
    return httpx.Response(200, json={"message-count": str(len(parts)), "messages": parts})


class TestMessagesApi:
    async def test_the_request(self, make, vonage):
        """As JSON, with our id as the reference and the address for its status."""
        vonage.answers = [TAKEN]

        receipt = await make().send_text(a_text(body="Sorry & ✓"))

        (request,) = vonage.requests
        assert (request.method, str(request.url)) == ("POST", "https://api.nexmo.com/v1/messages")
        assert json.loads(request.content) == {
            "message_type": "text",
            "channel": "sms",
            "to": "13035550123",
            "from": "13035550100",
            "text": "Sorry & ✓",
            "client_ref": "case1-text-1-1",
            "webhook_url": STATUS_URL,
            "webhook_version": "v1",
        }
        assert receipt.provider_id == UUID

    async def test_the_token(self, make, vonage, clock):
        """The application's key signs; one token serves for ten minutes."""
        vonage.answers = [TAKEN]
        plugin = make()

        for minutes in (0, 9, 2):
            clock.advance_to(clock.now() + timedelta(minutes=minutes))
            await plugin.send_text(a_text())

        tokens = [request.headers["authorization"][7:] for request in vonage.requests]
        assert tokens[0] == tokens[1] != tokens[2]
        said = jwt.decode(tokens[0], options={"verify_signature": False})
        assert said["application_id"] == APPLICATION
        assert said["exp"] - said["iat"] == 900

    async def test_a_broken_key(self, make, vonage):
        """Nothing was asked, and the key is in no message."""
        plugin = make(private_key=Secret(PRIVATE_KEY[:300] + "\n-----END PRIVATE KEY-----\n"))

        with pytest.raises(NotSent, match="private_key can't be used") as caught:
            await plugin.send_text(a_text())

        assert vonage.requests == []
        assert PRIVATE_KEY[40:80] not in f"{caught.value!r} {caught.value.__cause__!r}"

    async def test_another_sender(self, make, vonage):
        """A number of the account that can text, for lines that can't."""
        vonage.answers = [TAKEN]

        await make(from_number=PhoneNumber("+13035550199")).send_text(a_text(status_url=""))

        sent = json.loads(vonage.requests[0].content)
        assert sent["from"] == "13035550199"
        assert "webhook_url" not in sent

    @pytest.mark.parametrize(
        ("status", "body", "expected"),
        [
            (401, {}, {"permanent": True, "try_next": True, "code": "401"}),
            (402, {}, {"permanent": True, "try_next": True, "code": "402"}),
            (403, {"title": "Forbidden"}, {"permanent": True, "try_next": True, "code": "403"}),
            (422, {"title": 1120}, {"permanent": True, "try_next": True, "code": "1120"}),
            (422, {"title": 1170}, {"unreachable": True, "try_next": True, "code": "1170"}),
            (422, {"title": 1050}, {"unreachable": True, "try_next": False, "code": "1050"}),
            (422, {"title": 1240}, {"opted_out": True, "try_next": False, "code": "1240"}),
            (422, {"title": 1000}, {"permanent": False, "try_next": True, "code": "1000"}),
            (429, {}, {"permanent": False, "try_next": True, "code": "429"}),
        ],
    )
    async def test_refused(self, make, vonage, status, body, expected):
        """It did not leave: whether others may try, and what it says of the number."""
        vonage.answers = [httpx.Response(status, json=body)]

        with pytest.raises(DeliveryError) as caught:
            await make().send_text(a_text())

        assert {name: getattr(caught.value, name) for name in expected} == expected

    @pytest.mark.parametrize("status", [302, 408, 500, 503])
    async def test_nobody_knows(self, make, vonage, status):
        """Vonage may have it: nobody else tries."""
        vonage.answers = [httpx.Response(status, json={})]

        with pytest.raises(MaybeSent):
            await make().send_text(a_text())

    async def test_cut_off_is_not_sent_again(self, make, vonage):
        """The SDK's own client would repeat it; here one request is one request."""
        vonage.answers = [MaybeSent("RemoteDisconnected")]

        with pytest.raises(MaybeSent):
            await make().send_text(a_text())

        assert len(vonage.requests) == 1

    async def test_too_long(self, make, vonage):
        """Known before anything is asked, and told without the words."""
        with pytest.raises(DeliveryError, match="see text") as caught:
            await make().send_text(a_text(body="secret words " * 300))

        assert vonage.requests == []
        assert caught.value.permanent
        assert "secret" not in f"{caught.value!r} {caught.value.__cause__!r}"

    async def test_many_at_once(self, make, vonage):
        """Each with its own reference, by one token."""
        vonage.answers = [TAKEN]
        plugin = make()
        await plugin.send_text(a_text(id="first"))

        await asyncio.gather(*(plugin.send_text(a_text(id=f"t{n}")) for n in range(15)))

        sent = [json.loads(request.content)["client_ref"] for request in vonage.requests]
        assert sorted(sent) == sorted(["first", *(f"t{n}" for n in range(15))])
        assert len({request.headers["authorization"] for request in vonage.requests}) == 1


class TestSmsApi:
    async def test_the_request(self, make, vonage):
        """As a form, with key and secret, our id as the reference, and the status's address."""
        vonage.answers = [of_parts("0")]

        receipt = await make(api="sms").send_text(a_text(body="Sorry & grüße"))

        (request,) = vonage.requests
        assert str(request.url) == "https://rest.nexmo.com/sms/json"
        assert request.headers["content-type"] == "application/x-www-form-urlencoded"
        assert dict(parse_qsl(request.content.decode())) == {
            "api_key": API_KEY,
            "api_secret": API_SECRET,
            "to": "13035550123",
            "from": "13035550100",
            "text": "Sorry & grüße",
            "type": "text",
            "client-ref": "case1-text-1-1",
            "callback": STATUS_URL,
        }
        assert receipt.provider_id == "0A1"

    @pytest.mark.parametrize(
        ("body", "kind"), [("a{}€", "text"), ("✓", "unicode"), ("ô", "unicode")]
    )
    async def test_which_alphabet(self, make, vonage, body, kind):
        """Vonage is told; by itself it would replace what it can't write."""
        vonage.answers = [of_parts("0")]

        await make(api="sms").send_text(a_text(body=body))

        assert dict(parse_qsl(vonage.requests[0].content.decode()))["type"] == kind

    async def test_a_long_address(self, make, vonage):
        """Vonage takes no more than 100 characters: then the account's own address counts."""
        vonage.answers = [of_parts("0")]

        await make(api="sms").send_text(a_text(status_url=f"https://{'h' * 90}.example/x?text=T1"))

        assert "callback" not in dict(parse_qsl(vonage.requests[0].content.decode()))

    async def test_without_an_application(self, make, vonage):
        """It needs none."""
        vonage.answers = [of_parts("0", "0")]

        receipt = await make(api="sms", application_id=None, private_key=None).send_text(a_text())

        assert receipt.provider_id == "0A1"

    @pytest.mark.parametrize(
        ("status", "expected"),
        [
            ("1", {"permanent": False, "try_next": True}),
            ("10", {"permanent": False, "try_next": True}),
            ("3", {"permanent": True, "try_next": True, "unreachable": False}),
            ("4", {"permanent": True, "try_next": True}),
            ("6", {"permanent": True, "try_next": True, "unreachable": True}),
            ("7", {"permanent": True, "try_next": False, "unreachable": True}),
            ("9", {"permanent": True, "try_next": True}),
            ("15", {"permanent": True, "try_next": True}),
            ("29", {"permanent": True, "try_next": True}),
            ("33", {"permanent": True, "unreachable": True}),
            ("4711", {"permanent": True, "try_next": True}),
        ],
    )
    async def test_200_with_an_error(self, make, vonage, status, expected):
        """HTTP says yes, and the status no."""
        vonage.answers = [of_parts(status)]

        with pytest.raises(DeliveryError) as caught:
            await make(api="sms").send_text(a_text())

        assert caught.value.code == status
        assert {name: getattr(caught.value, name) for name in expected} == expected

    async def test_failed_inside(self, make, vonage):
        """Status 5 doesn't say whether it left: nobody else tries."""
        vonage.answers = [of_parts("5")]

        with pytest.raises(MaybeSent):
            await make(api="sms").send_text(a_text())

    @pytest.mark.parametrize("statuses", [("0", "1"), ("1", "0"), ("0", "0", "5")])
    async def test_a_part_left(self, make, vonage, statuses):
        """Neither the same sender nor another one may repeat what the caller has already."""
        vonage.answers = [of_parts(*statuses)]

        with pytest.raises(DeliveryError, match="a part of it has left") as caught:
            await make(api="sms").send_text(a_text())

        assert caught.value.permanent
        assert not caught.value.try_next

    @pytest.mark.parametrize(
        "answer", [{"messages": []}, {"messages": ["x"]}, {"messages": [{"status": "0"}]}, {}]
    )
    async def test_unreadable(self, make, vonage, answer):
        """It said 200 and nothing that can be read: the text may be on its way."""
        vonage.answers = [httpx.Response(200, json=answer)]

        with pytest.raises(MaybeSent):
            await make(api="sms").send_text(a_text())
