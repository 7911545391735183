"""Calendly from both sides: its API as told, and its webhooks, signed as it signs them."""

import hashlib
import hmac
import json

import attrs
import httpx
import pytest

from textback import http
from textback.config.secrets import Secret
from textback.testing.builders import NOW, a_request
from textback.testing.fixtures import provider, services
from textback_calendly import Calendly, Settings

__all__ = ["provider", "services"]

KEY = "a signing key of these tests"
TOKEN = "eyJ0123456789abcdefghij"
API = "https://api.calendly.com"
ME = f"{API}/users/ME1"
ORGANIZATION = f"{API}/organizations/ORG1"


@pytest.fixture
def settings():
    """Makes settings with what a test is about."""

    def build(**more):
        given = {
            "link": "https://calendly.com/acme/intro",
            "signing_key": Secret(KEY),
            "access_token": Secret(TOKEN),
            **more,
        }
        return Settings(**given)

    return build


@attrs.define
class Account:
    """An account as Calendly's API shows it: a test sets it up, and requests change it.

    Attributes:
        page_size: Entries of a listing at once.
        broken: Answers instead, by method and the beginning of a path.
        keys: What the subscriptions sign with, which is never shown.
    """

    subscriptions: list = attrs.field(factory=list)
    event_types: list = attrs.field(
        factory=lambda: [{"scheduling_url": "https://calendly.com/acme/intro"}]
    )
    appointments: dict = attrs.field(factory=dict)
    page_size: int = 100
    broken: dict = attrs.field(factory=dict)
    keys: dict = attrs.field(factory=dict)
    asked: list = attrs.field(factory=list)
    made: int = 0

    def add(self, url, **more):
        """A subscription that needs nothing, but for what a test says."""
        self.made += 1
        subscription = {
            "uri": f"{API}/webhook_subscriptions/SUB{self.made}",
            "callback_url": url,
            "state": "active",
            "events": ["invitee.created", "invitee.canceled"],
            "scope": "user",
            **more,
        }
        self.subscriptions.append(subscription)
        return subscription

    def answer(self, request):
        """Take one request."""
        assert request.headers["authorization"] == f"Bearer {TOKEN}"
        self.asked.append(request)
        for beginning, answer in self.broken.items():
            if f"{request.method} {request.url.path}".startswith(beginning):
                if isinstance(answer, Exception):
                    raise answer
                return answer
        query = request.url.params
        match request.method, request.url.path.strip("/").split("/"):
            case "GET", ["users", "me"]:
                me = {
                    "uri": ME,
                    "name": "Dana",
                    "current_organization": ORGANIZATION,
                    "scheduling_url": "https://calendly.com/acme",
                }
                return httpx.Response(200, json={"resource": me})
            case "GET", ["scheduled_events", name]:
                return httpx.Response(200, json={"resource": self.appointments[name]})
            case "GET", ["event_types"]:
                assert query["active"] == "true"
                assert query.get("user") == ME or query.get("organization") == ORGANIZATION
                return self._page(self.event_types, query)
            case "GET", ["webhook_subscriptions"]:
                assert query["organization"] == ORGANIZATION
                assert (query.get("user") == ME) == (query["scope"] == "user")
                of = [each for each in self.subscriptions if each["scope"] == query["scope"]]
                return self._page(of, query)
            case "POST", ["webhook_subscriptions"]:
                return self._subscribe(json.loads(request.content))
            case "DELETE", ["webhook_subscriptions", name]:
                self.subscriptions = [
                    each for each in self.subscriptions if not each["uri"].endswith(f"/{name}")
                ]
                return httpx.Response(204)
        raise AssertionError(request.url)

    def _subscribe(self, values):
        if any(each["callback_url"] == values["url"] for each in self.subscriptions):
            words = {"title": "Already Exists", "message": "Hook with this url already exists"}
            return httpx.Response(409, json=words)
        assert values["organization"] == ORGANIZATION
        assert (values.get("user") == ME) == (values["scope"] == "user")
        made = self.add(values["url"], events=values["events"], scope=values["scope"])
        self.keys[values["url"]] = values["signing_key"]
        return httpx.Response(201, json={"resource": made})

    def _page(self, entries, query):
        start = int(query.get("page_token", "0"))
        end = start + self.page_size
        pagination = {"next_page_token": str(end) if end < len(entries) else None}
        page = {"collection": entries[start:end], "pagination": pagination}
        return httpx.Response(200, json=page)


@pytest.fixture
def account():
    """An account behind the plugins that `make` makes."""
    return Account()


@pytest.fixture
async def make(settings, services, account):
    """Makes a plugin whose API is the `account`."""
    async with http.client(httpx.MockTransport(account.answer), services.gate) as client:
        online = attrs.evolve(services, http=client)
        yield lambda **more: Calendly(settings(**more), online)


@pytest.fixture
def calendly(make):
    """A plugin as most clients have it."""
    return make()


@pytest.fixture
def signed():
    """Makes a request as Calendly does: the time, and an HMAC over it and the body."""

    def build(body, *, key=KEY, at=NOW, topic="", received_at=NOW):
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        stamp = str(int(at.timestamp()))
        signature = hmac.new(key.encode(), stamp.encode() + b"." + raw, hashlib.sha256).hexdigest()
        headers = {"Calendly-Webhook-Signature": f"t={stamp},v1={signature}"}
        return a_request(raw, topic=topic, headers=headers, received_at=received_at)

    return build


@pytest.fixture
def told(signed):
    """Makes a signed webhook about who was invited, in the documented fields."""

    def build(name="invitee.created", /, **more):
        invitee = {
            "uri": f"{API}/scheduled_events/EV1/invitees/INV1",
            "event": f"{API}/scheduled_events/EV1",
            "name": "Anna Example",
            "email": "anna@example.com",
            "status": "active",
            "rescheduled": False,
            "old_invitee": None,
            "new_invitee": None,
            "questions_and_answers": [],
            "text_reminder_number": None,
            "tracking": {"utm_content": "case1", "utm_source": None},
            "scheduled_event": {
                "uri": f"{API}/scheduled_events/EV1",
                "name": "Intro",
                "start_time": "2026-03-04T16:00:00.000000Z",
                "end_time": "2026-03-04T16:30:00.000000Z",
                "location": {"type": "physical", "location": "1 Main Street"},
            },
            **more,
        }
        body = {
            "event": name,
            "created_at": "2026-03-02T17:29:00.000000Z",
            "created_by": ME,
            "payload": invitee,
        }
        return signed(body)

    return build
