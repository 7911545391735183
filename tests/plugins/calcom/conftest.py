"""Cal.com from both sides: its API as told, and its webhooks, signed as it signs them."""

import hashlib
import hmac
import json

import attrs
import httpx
import pytest

from textback import http
from textback.config.secrets import Secret
from textback.testing.builders import ADDRESS, a_request
from textback.testing.fixtures import provider, services
from textback_calcom import CalCom, Settings

__all__ = ["provider", "services"]

SECRET = "a secret of these tests"
KEY = "cal_live_0123456789abcdef"
OURS = f"{ADDRESS}/plugin"


@pytest.fixture
def settings():
    """Makes settings with what a test is about."""

    def build(**more):
        given = {
            "link": "https://cal.com/acme/intro",
            "webhook_secret": Secret(SECRET),
            "api_key": Secret(KEY),
            **more,
        }
        return Settings(**given)

    return build


@pytest.fixture
async def make(settings, services, account):
    """Makes a plugin whose API is the `account`."""
    async with http.client(httpx.MockTransport(account.answer), services.gate) as client:
        online = attrs.evolve(services, http=client)
        yield lambda **more: CalCom(settings(**more), online)


@pytest.fixture
def calcom(make):
    """A plugin as most clients have it."""
    return make()


@attrs.define
class Account:
    """An account as Cal.com's API shows it: a test sets it up, and requests change it.

    Attributes:
        team_webhooks: Those of event types, by their number.
        broken: Answers instead, by the beginning of a path.
    """

    username: str = "acme"
    webhooks: list = attrs.field(factory=list)
    team_webhooks: dict = attrs.field(factory=dict)
    event_types: list = attrs.field(
        factory=lambda: [{"id": 7, "slug": "intro", "username": "acme", "ownerId": 1}]
    )
    broken: dict = attrs.field(factory=dict)
    changes: list = attrs.field(factory=list)
    asked: list = attrs.field(factory=list)

    def add(self, url=OURS, **more):
        """A webhook that needs nothing, but for what a test says."""
        webhook = {
            "id": len(self.webhooks) + 1,
            "subscriberUrl": url,
            "active": True,
            "triggers": [
                "BOOKING_CREATED",
                "BOOKING_RESCHEDULED",
                "BOOKING_CANCELLED",
                "BOOKING_REQUESTED",
                "BOOKING_PAYMENT_INITIATED",
                "BOOKING_REJECTED",
            ],
            "payloadTemplate": None,
            "secret": SECRET,
            "userId": 1,
            **more,
        }
        self.webhooks.append(webhook)
        return webhook

    def answer(self, request):
        """Take one request."""
        assert request.headers["authorization"] == f"Bearer {KEY}"
        self.asked.append(request)
        path = request.url.path
        for beginning, answer in self.broken.items():
            if path.startswith(beginning):
                if isinstance(answer, Exception):
                    raise answer
                return answer
        body = json.loads(request.content) if request.content else None
        found = self._do(request.method, path.strip("/").split("/")[1:], request.url.params, body)
        if found is None:
            return httpx.Response(404, json={"status": "error", "error": {"message": "not found"}})
        return httpx.Response(200, json={"status": "success", "data": found})

    def _do(self, method, path, query, body):
        match method, path:
            case "GET", ["me"]:
                return {"id": 1, "username": self.username}
            case "GET", ["event-types"]:
                name, slug = query["username"], query["eventSlug"]
                return [e for e in self.event_types if (e["username"], e["slug"]) == (name, slug)]
            case "GET", ["event-types", number]:
                return next((e for e in self.event_types if str(e["id"]) == number), None)
        hooks = self.webhooks
        if path[0] == "event-types":
            hooks = self.team_webhooks.setdefault(path[1], [])
            path = path[2:]
        match method, path:
            case "GET", ["webhooks"]:
                return hooks
            case "POST", ["webhooks"]:
                self.changes.append(body)
                hooks.append({"id": len(hooks) + 1, "payloadTemplate": None, **body})
                return hooks[-1]
            case "PATCH", ["webhooks", number]:
                self.changes.append(body)
                (hook,) = [each for each in hooks if str(each["id"]) == number]
                hook.update(body)
                return hook
        raise AssertionError((method, path))


@pytest.fixture
def account():
    """An account behind the plugins that `make` makes."""
    return Account()


@pytest.fixture
def signed():
    """Makes a request as Cal.com does: compact JSON, and its HMAC in hexadecimal."""

    def build(body, *, secret=SECRET, topic=""):
        raw = body if isinstance(body, bytes) else json.dumps(body, separators=(",", ":")).encode()
        signature = hmac.new(secret.encode(), raw, hashlib.sha256).hexdigest()
        return a_request(raw, topic=topic, headers={"X-Cal-Signature-256": signature})

    return build


@pytest.fixture
def told(signed):
    """Makes a signed webhook about a booking, in the documented fields."""

    def build(trigger="BOOKING_CREATED", *, at="2026-03-02T17:29:00.538Z", **more):
        payload = {
            "type": "intro",
            "title": "Intro between Acme and Anna Example",
            "startTime": "2026-03-04T16:00:00Z",
            "endTime": "2026-03-04T16:30:00Z",
            "organizer": {"name": "Acme", "email": "acme@example.com"},
            "responses": {
                "name": {"label": "your_name", "value": "Anna Example"},
                "email": {"label": "email_address", "value": "anna@example.com"},
                "location": {"label": "location", "value": {"value": "inPerson"}},
            },
            "attendees": [{"name": "Anna Example", "email": "anna@example.com"}],
            "seatsPerTimeSlot": None,
            "uid": "U1",
            "eventTitle": "Intro",
            "bookingId": 91,
            "metadata": {"tb": "case1"},
            "status": "ACCEPTED",
            **more,
        }
        return signed({"triggerEvent": trigger, "createdAt": at, "payload": payload})

    return build
