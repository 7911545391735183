"""Twilio from both sides: its API as told, and webhooks signed by the class it publishes."""

from datetime import UTC, datetime
from urllib.parse import parse_qsl, urlencode

import attrs
import httpx
import pytest
import structlog
from twilio.request_validator import RequestValidator

from textback.config.secrets import Secret
from textback.events import WebhookRequest
from textback.model import PhoneNumber, Text
from textback.services import Services
from textback_twilio import Settings, Twilio

ADDRESS = "https://hooks.agency.example/hooks/bright-smile/twilio"
NOW = datetime(2026, 3, 2, 17, 30, tzinfo=UTC)
ACCOUNT = "AC00000000000000000000000000000007"
TOKEN = "token-of-the-tests"
CALL = "CA00000000000000000000000000000001"
LEG = "CA00000000000000000000000000000002"


class StoppedClock:
    """It is always `NOW`."""

    def now(self):
        return NOW


@attrs.define
class Provider:
    """Answers requests with what a test gives it, the last answer for all that follow."""

    answers: list = attrs.field(factory=list)
    requests: list = attrs.field(factory=list)

    def answer(self, request):
        self.requests.append(request)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer(request) if callable(answer) else answer

    @property
    def form(self):
        """The form of the one request that came."""
        (request,) = self.requests
        return dict(parse_qsl(request.content.decode(), keep_blank_values=True))


@pytest.fixture
def provider():
    return Provider()


@pytest.fixture
async def make(provider):
    """Make a plugin with settings of one's own, whose API is the `provider`."""
    async with httpx.AsyncClient(transport=httpx.MockTransport(provider.answer)) as http:

        def build(**settings):
            given = {
                "account_sid": ACCOUNT,
                "auth_token": Secret(TOKEN),
                "ring": (PhoneNumber("+13035550110"), PhoneNumber("+13035550111")),
                **settings,
            }
            services = Services(
                client="bright-smile",
                plugin="twilio",
                address=ADDRESS,
                http=http,
                clock=StoppedClock(),
                log=structlog.get_logger(),
                state=None,
                contacts=None,
                in_thread=None,
            )
            return Twilio(Settings(**given), services)

        yield build


@pytest.fixture
def webhook():
    """Make a webhook as Twilio sends it, signed by the class that Twilio publishes."""

    def build(topic, fields, *, query="", token=TOKEN, method="POST", account=ACCOUNT):
        form = {"AccountSid": account, **fields}
        url = f"{ADDRESS}/{topic}{query}"
        body = urlencode(form).encode()
        if method == "GET":
            url, body, form = f"{url}{'&' if query else '?'}{urlencode(form)}", b"", {}
        signature = RequestValidator(token).compute_signature(url, form)
        return WebhookRequest(
            method=method,
            url=url,
            topic=topic,
            headers={"x-twilio-signature": signature},
            body=body,
            received_at=NOW,
        )

    return build


@pytest.fixture
def call():
    """The fields of every request about one incoming call, with more on top."""

    def fields(**more):
        return {
            "CallSid": CALL,
            "From": "+13035550123",
            "To": "+13035550100",
            "Direction": "inbound",
            "CallStatus": "in-progress",
            **more,
        }

    return fields


@pytest.fixture
def text():
    """A text to send."""
    return Text(
        id="T1",
        client="bright-smile",
        case="C1",
        to=PhoneNumber("+13035550123"),
        line=PhoneNumber("+13035550100"),
        body="Sorry we missed you & your call. ✓",
        status_url=f"{ADDRESS}/sms-status?text=T1",
        attempted_at=NOW,
    )
