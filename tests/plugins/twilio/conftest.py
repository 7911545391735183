"""Twilio from both sides: its API as told, and webhooks signed by the class it publishes."""

import re
from datetime import UTC, datetime
from email.utils import format_datetime
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

        def build(*, roles=None, **settings):
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
                lines=(PhoneNumber("+13035550100"),),
                roles=roles,
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


@attrs.define
class Console:
    """An account as Twilio's APIs show it; a test sets it up, and posts change it.

    Attributes:
        service_numbers: The numbers of each messaging service, by its SID.
        campaigns: The states of each messaging service's campaigns, by its SID.
        toll_free: The states of the one toll-free number's verifications.
        broken: Paths that answer 403.
    """

    account: dict = attrs.field(factory=lambda: {"status": "active", "type": "Full"})
    numbers: list = attrs.field(factory=list)
    services: dict = attrs.field(factory=dict)
    service_numbers: dict = attrs.field(factory=dict)
    campaigns: dict = attrs.field(factory=dict)
    toll_free: list = attrs.field(factory=list)
    broken: tuple = ()
    date: datetime = NOW
    posted: list = attrs.field(factory=list)

    def add(self, number, **more):
        """A number of the account; its texts are registered."""
        sid = f"PN{len(self.numbers):032x}"
        capabilities = {"sms": True, "voice": True}
        self.numbers.append(
            {"sid": sid, "phone_number": number, "capabilities": capabilities, **more}
        )
        self.services.setdefault("MG1", {"sid": "MG1"})
        self.service_numbers.setdefault("MG1", []).append(number)
        self.campaigns.setdefault("MG1", ["VERIFIED"])
        return self.numbers[-1]

    def __call__(self, request):
        path = request.url.path.removeprefix(f"/2010-04-01/Accounts/{ACCOUNT}")
        path = path.removeprefix("/v1").removesuffix(".json")
        if any(word in path for word in self.broken):
            return httpx.Response(403, json={"code": 20403})
        headers = {"date": format_datetime(self.date, usegmt=True)}
        if request.method == "POST":
            return httpx.Response(200, json=self._change(path, request), headers=headers)
        return httpx.Response(200, json=self._show(path), headers=headers)

    def _show(self, path):
        match path.split("/")[1:]:
            case [""] | []:
                return self.account
            case ["IncomingPhoneNumbers"]:
                return {"incoming_phone_numbers": self.numbers}
            case ["Services"]:
                return {"services": list(self.services.values()), "meta": {}}
            case ["Services", sid]:
                return self.services[sid]
            case ["Services", sid, "PhoneNumbers"]:
                entries = [{"phone_number": each} for each in self.service_numbers[sid]]
                return {"phone_numbers": entries, "meta": {}}
            case ["Services", sid, "Compliance", "Usa2p"]:
                entries = [{"campaign_status": each} for each in self.campaigns.get(sid, ())]
                return {"compliance": entries, "meta": {}}
            case ["Tollfree", "Verifications"]:
                return {"verifications": [{"status": each} for each in self.toll_free]}
        raise AssertionError(path)

    def _change(self, path, request):
        form = dict(parse_qsl(request.content.decode(), keep_blank_values=True))
        self.posted.append((path, form))
        kind, sid = path.split("/")[1:]
        known = self.services.values() if kind == "Services" else self.numbers
        (resource,) = [each for each in known if each["sid"] == sid]
        for name, value in form.items():
            resource[re.sub(r"(?<!^)([A-Z])", r"_\1", name).lower()] = value
        return resource


@pytest.fixture
def console(provider):
    """An account without numbers, behind the plugin that `make` makes."""
    console = Console()
    provider.answers = [console]
    return console


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
