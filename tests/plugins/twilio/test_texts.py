"""Texts: what comes in, what goes out, and what became of it."""

import base64
from datetime import UTC, datetime, timedelta

import attrs
import httpx
import pytest

from textback.errors import DeliveryError, MaybeSent, NotSent, Refused, UnreadableWebhook
from textback.model import (
    CannotTell,
    FailureReason,
    Keyword,
    Media,
    PhoneNumber,
    Receipt,
    TextState,
)

ACCOUNT = "AC00000000000000000000000000000007"
MESSAGES = f"/2010-04-01/Accounts/{ACCOUNT}/Messages.json"
TAKEN = httpx.Response(201, json={"sid": "SM1", "status": "queued"})


def refused(code, status=400):
    return httpx.Response(status, json={"code": code, "message": "no", "status": status})


@pytest.fixture
def reply():
    """The fields of a text that a caller wrote, with more on top."""

    def fields(**more):
        return {
            "MessageSid": "SM2",
            "From": "+13035550123",
            "To": "+13035550100",
            "Body": "After five, please",
            "NumMedia": "0",
            **more,
        }

    return fields


class TestReceived:
    async def test_reply(self, make, webhook, reply):
        """Who wrote what; the answer is one that Twilio doesn't text back."""
        told = await make().read_webhook(webhook("sms", reply()))

        (event,) = told.events
        assert (event.number, event.line) == ("+13035550123", "+13035550100")
        assert event.body == "After five, please"
        assert event.keyword is None
        assert event.provider_id == "SM2"
        assert told.response.content_type.startswith("text/xml")
        assert told.response.body.endswith("<Response></Response>")

    async def test_pictures(self, make, webhook, reply):
        """Pictures come as addresses; without a type they are just files."""
        fields = reply(
            NumMedia="2",
            MediaUrl0="https://api.twilio.com/1",
            MediaContentType0="image/jpeg",
            MediaUrl1="https://api.twilio.com/2",
        )

        (event,) = (await make().read_webhook(webhook("sms", fields))).events

        assert event.media == (
            Media("https://api.twilio.com/1", "image/jpeg"),
            Media("https://api.twilio.com/2"),
        )

    @pytest.mark.parametrize(
        ("word", "keyword"),
        [
            ("STOP", Keyword.STOP),
            ("START", Keyword.START),
            ("help", Keyword.HELP),
            ("NEW", None),
        ],
    )
    async def test_keyword(self, make, webhook, reply, word, keyword):
        """What Twilio took the text for, in whichever language it was written."""
        fields = reply(Body="ya no", OptOutType=word)

        (event,) = (await make().read_webhook(webhook("sms", fields))).events

        assert event.keyword is keyword

    @pytest.mark.parametrize("more", [{"NumMedia": "x"}, {"NumMedia": "1"}, {"From": ""}])
    async def test_unreadable(self, make, webhook, reply, more):
        """What lacks a sender or a picture that it announces is refused."""
        with pytest.raises(UnreadableWebhook, match="field"):
            await make().read_webhook(webhook("sms", reply(**more)))


class TestStatus:
    @pytest.mark.parametrize(
        ("word", "state"),
        [
            ("queued", TextState.SENT),
            ("accepted", TextState.SENT),
            ("sent", TextState.SENT),
            ("delivered", TextState.DELIVERED),
            ("read", TextState.DELIVERED),
            ("undelivered", TextState.FAILED),
            ("failed", TextState.FAILED),
            ("canceled", TextState.FAILED),
        ],
    )
    async def test_state(self, make, webhook, word, state):
        """Our id comes back in the address; a queued text is one that Twilio has."""
        fields = {"MessageSid": "SM1", "MessageStatus": word}

        (event,) = (
            await make().read_webhook(webhook("sms-status", fields, query="?text=T1"))
        ).events

        assert (event.text, event.provider_id, event.state) == ("T1", "SM1", state)
        assert event.key == f"SM1/{word}"

    @pytest.mark.parametrize(
        ("code", "reason"),
        [
            ("30003", FailureReason.TEMPORARY),
            ("30005", FailureReason.INVALID_NUMBER),
            ("30006", FailureReason.UNREACHABLE),
            ("30007", FailureReason.FILTERED),
            ("30034", FailureReason.UNREGISTERED),
            ("21610", FailureReason.OPTED_OUT),
            ("39999", FailureReason.UNKNOWN),
        ],
    )
    async def test_reason(self, make, webhook, code, reason):
        """Why it failed, in the words that all senders share."""
        fields = {"MessageSid": "SM1", "MessageStatus": "undelivered", "ErrorCode": code}

        (event,) = (await make().read_webhook(webhook("sms-status", fields))).events

        assert (event.reason, event.code, event.text) == (reason, code, None)

    async def test_code_of_a_delivered_text(self, make, webhook):
        """What arrived didn't fail, whatever else is said."""
        fields = {"MessageSid": "SM1", "MessageStatus": "delivered", "ErrorCode": "30008"}

        (event,) = (await make().read_webhook(webhook("sms-status", fields))).events

        assert (event.reason, event.code) == (None, None)

    async def test_unreadable(self, make, webhook):
        """A status that belongs to a text that came in is none of ours."""
        fields = {"MessageSid": "SM1", "MessageStatus": "received"}

        with pytest.raises(UnreadableWebhook, match="MessageStatus"):
            await make().read_webhook(webhook("sms-status", fields))


class TestSend:
    async def test_request(self, make, provider, text):
        """The account is in the path and the password, the text in a form."""
        provider.answers = [TAKEN]

        receipt = await make().send_text(text)

        assert receipt == Receipt("SM1", TextState.SENT)
        (request,) = provider.requests
        assert (request.method, request.url.path) == ("POST", MESSAGES)
        assert request.url.host == "api.twilio.com"
        user_and_password = f"{ACCOUNT}:token-of-the-tests".encode()
        basic = base64.b64encode(user_and_password).decode()
        assert request.headers["authorization"] == f"Basic {basic}"
        assert provider.form == {
            "To": "+13035550123",
            "From": "+13035550100",
            "Body": text.body,
            "StatusCallback": text.status_url,
        }

    async def test_from_number(self, make, provider, text):
        """A number of its own beats the line that was called."""
        provider.answers = [TAKEN]

        await make(from_number=PhoneNumber("+13035550190")).send_text(text)

        assert provider.form["From"] == "+13035550190"

    async def test_messaging_service(self, make, provider, text):
        """A messaging service picks the number."""
        provider.answers = [TAKEN]

        await make(messaging_service_sid="MG1").send_text(text)

        assert provider.form["MessagingServiceSid"] == "MG1"
        assert "From" not in provider.form

    async def test_base_url(self, make, provider, text):
        """It may be elsewhere, with or without a slash at the end."""
        provider.answers = [TAKEN]

        await make(base_url="http://127.0.0.1:9/").send_text(text)

        assert str(provider.requests[0].url) == f"http://127.0.0.1:9{MESSAGES}"

    @pytest.mark.parametrize(
        ("answer", "unreachable"),
        [
            (refused(21211), True),
            (refused(21614), True),
            (refused(30006), True),
            (refused(21606), False),
            (refused(20003, 401), False),
            (refused(99999, 404), False),
            (httpx.Response(403, text="<html>"), False),
        ],
    )
    async def test_refused(self, make, provider, text, answer, unreachable):
        """It surely didn't leave: another sender may try, this one would be told the same."""
        provider.answers = [answer]

        with pytest.raises(DeliveryError) as refusal:
            await make().send_text(text)

        assert refusal.value.permanent
        assert refusal.value.try_next
        assert not refusal.value.opted_out
        assert refusal.value.unreachable is unreachable
        assert refusal.value.code in str(refusal.value)

    async def test_opted_out(self, make, provider, text):
        """An opt-out holds for every sender."""
        provider.answers = [refused(21610)]

        with pytest.raises(DeliveryError, match="opted out") as refusal:
            await make().send_text(text)

        assert refusal.value.opted_out
        assert not refusal.value.try_next

    async def test_too_many(self, make, provider, text):
        """A request that was turned away for its number may be made again."""
        answer = refused(20429, 429)
        answer.headers["Retry-After"] = "7"
        provider.answers = [answer]

        with pytest.raises(DeliveryError) as refusal:
            await make().send_text(text)

        assert not refusal.value.permanent
        assert refusal.value.try_next
        assert refusal.value.retry_after == 7.0

    @pytest.mark.parametrize(
        "answer",
        [
            httpx.Response(500),
            httpx.Response(503, json={"code": 20503}),
            httpx.Response(408),
            httpx.Response(302, headers={"location": "https://elsewhere.example"}),
            httpx.Response(201, text="taken"),
            httpx.Response(201, json=["SM1"]),
            httpx.Response(200, json={"sid": None}),
            MaybeSent("closed after the request"),
        ],
    )
    async def test_unsure(self, make, provider, text, answer):
        """Where Twilio may have the text, nobody else may try."""
        provider.answers = [answer]

        with pytest.raises(MaybeSent):
            await make().send_text(text)

    async def test_not_sent(self, make, provider, text):
        """What the transport surely didn't write stays so."""
        provider.answers = [NotSent("refused")]

        with pytest.raises(NotSent):
            await make().send_text(text)

    async def test_no_secret_shows(self, make, provider, text):
        """Neither the plugin nor a refusal shows the token or the number."""
        provider.answers = [refused(21211)]
        plugin = make()

        with pytest.raises(DeliveryError) as refusal:
            await plugin.send_text(text)

        shown = f"{plugin!r} {refusal.value!r}"
        assert "token-of-the-tests" not in shown
        assert text.to not in shown


class TestFind:
    """After a crash: did it leave?"""

    @staticmethod
    def listed(text, **more):
        return {
            "sid": "SM9",
            "direction": "outbound-api",
            "status": "delivered",
            "body": text.body,
            "date_created": "Mon, 02 Mar 2026 17:30:01 +0000",
            **more,
        }

    @staticmethod
    def page(*entries, following=None):
        return httpx.Response(200, json={"messages": entries, "next_page_uri": following})

    async def test_found(self, make, provider, text):
        """Same words to the same number at that time: it left, and is that far."""
        provider.answers = [self.page(self.listed(text))]

        assert await make().find_text(text) == Receipt("SM9", TextState.DELIVERED)

        (request,) = provider.requests
        assert request.url.path == MESSAGES
        assert dict(request.url.params) == {
            "To": "+13035550123",
            "From": "+13035550100",
            "DateSent>": "2026-03-02",
            "PageSize": "50",
        }

    async def test_found_on_trial(self, make, provider, text):
        """On a trial account Twilio puts words of its own before ours."""
        body = f"Sent from your Twilio trial account - {text.body}"
        provider.answers = [self.page(self.listed(text, body=body, status="queued"))]

        assert await make().find_text(text) == Receipt("SM9", TextState.SENT)

    @pytest.mark.parametrize(
        "more",
        [
            {"body": "Other words"},
            {"direction": "inbound"},
            {"date_created": "Mon, 02 Mar 2026 17:29:50 +0000"},
            {"date_created": "Mon, 02 Mar 2026 17:45:00 +0000"},
            {"date_created": None},
        ],
    )
    async def test_another_text(self, make, provider, text, more):
        """Anything else is another text, and no hit proves nothing."""
        provider.answers = [self.page(self.listed(text, **more))]

        assert await make().find_text(text) == CannotTell()

    async def test_second_page(self, make, provider, text):
        """It looks on through all pages."""
        following = f"{MESSAGES}?Page=1&PageToken=PA1"
        provider.answers = [
            self.page(self.listed(text, body="x"), following=following),
            self.page(self.listed(text)),
        ]

        assert await make().find_text(text) == Receipt("SM9", TextState.DELIVERED)
        assert str(provider.requests[1].url) == f"https://api.twilio.com{following}"

    @pytest.mark.parametrize("following", ["@evil.example/x", ".evil.example/x", {"x": 1}, [1]])
    async def test_next_page_that_would_be_elsewhere(self, make, provider, text, following):
        """The token goes to Twilio alone."""
        provider.answers = [self.page(following=following)]

        with pytest.raises(MaybeSent, match="next page that can't be read"):
            await make().find_text(text)

        assert [request.url.host for request in provider.requests] == ["api.twilio.com"]

    async def test_endless_pages(self, make, provider, text):
        """A listing that never ends is given up."""
        provider.answers = [self.page(following=MESSAGES)]

        assert await make().find_text(text) == CannotTell()
        assert len(provider.requests) == 50

    async def test_messaging_service(self, make, provider, text):
        """A service may have picked any number, so none is asked for."""
        provider.answers = [self.page()]

        await make(messaging_service_sid="MG1").find_text(text)

        assert "From" not in provider.requests[0].url.params

    async def test_never_tried(self, make, provider, text):
        """Without a time to look at, nothing is asked."""
        assert await make().find_text(attrs.evolve(text, attempted_at=None)) == CannotTell()
        assert provider.requests == []

    @pytest.mark.parametrize(
        ("answer", "error"),
        [
            (refused(20003, 401), Refused),
            (httpx.Response(200, text="<html>"), MaybeSent),
            (httpx.Response(200, json={}), MaybeSent),
        ],
    )
    async def test_no_answer(self, make, provider, text, answer, error):
        """An answer that isn't one is an error, not a "no"."""
        provider.answers = [answer]

        with pytest.raises(error):
            await make().find_text(text)

    async def test_midnight(self, make, provider, text):
        """Just after midnight in UTC the day before is asked for too."""
        provider.answers = [self.page()]
        tried_at = datetime(2026, 3, 3, tzinfo=UTC) + timedelta(seconds=1)

        await make().find_text(attrs.evolve(text, attempted_at=tried_at))

        assert provider.requests[0].url.params["DateSent>"] == "2026-03-02"
