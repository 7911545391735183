"""Slack does what every notifier does, by either of its ways, and reads webhooks as all do."""

import hmac
import json
from datetime import UTC, datetime

import attrs
import httpx
import pytest

from support.slack_api import BEN, BOT_TOKEN, CHANNEL, HOOK, SIGNING_SECRET, Workspace, written
from textback.config.secrets import Secret
from textback.events import TeamReply
from textback.testing.builders import a_request
from textback.testing.contracts import CheckContract, Example, NotifierContract, WebhookContract
from textback.testing.fixtures import provider, services
from textback_slack import Settings, Slack

__all__ = ["provider", "services"]

ROOT = "1772472600.000001"
BOTS = {"bot_token": Secret(BOT_TOKEN), "channel": CHANNEL}


class TestSlackBot(NotifierContract):
    accepted = httpx.Response(
        200,
        json={
            "ok": True,
            "channel": CHANNEL,
            "ts": "1503435956.000247",
            "message": {"type": "message", "bot_id": "B1", "ts": "1503435956.000247"},
        },
    )
    secret = BOT_TOKEN

    @pytest.fixture
    def notifier(self, services):
        return Slack(Settings(**BOTS), services)


class TestSlackWebhook(NotifierContract):
    accepted = httpx.Response(200, text="ok")
    secret = HOOK

    @pytest.fixture
    def notifier(self, services):
        return Slack(Settings(webhook_url=Secret(HOOK)), services)


def example(name, told, *events):
    request = a_request(json.dumps(told).encode(), topic="events")
    return Example(name=name, request=request, events=events)


class TestSlackAnswers(WebhookContract):
    secret = SIGNING_SECRET
    other_secret = "0f742231b10e8888abcd99yyyzzz85a5"
    window_s = 300
    examples = (
        example(
            "an answer",
            written("Come at five", thread=ROOT),
            TeamReply(
                key=f"message:{CHANNEL}:1772472700.000100",
                at=datetime(2026, 3, 2, 17, 31, 40, 100, tzinfo=UTC),
                body="Come at five",
                by=BEN,
                case="case1",
            ),
        ),
        example("among colleagues", written("<!here> who takes it?", thread=ROOT)),
        example("in another thread", written("Lunch?", thread="1772472600.999999")),
        example("the handshake", {"type": "url_verification", "token": "x", "challenge": "y"}),
    )

    @pytest.fixture
    async def plugin(self, services):
        await services.state.set(f"case/{CHANNEL}/{ROOT}", "case1")
        services.state.touched.clear()
        return Slack(Settings(**BOTS, signing_secret=Secret(SIGNING_SECRET)), services)

    def signed(self, request, secret):
        stamp = str(int(request.received_at.timestamp()))
        # Slack's own code signs only what is UTF-8; test_answers.py holds ours against it.
        message = b":".join((b"v0", stamp.encode(), request.body))
        signature = f"v0={hmac.digest(secret.encode(), message, 'sha256').hex()}"
        headers = {"x-slack-request-timestamp": stamp, "x-slack-signature": signature}
        return attrs.evolve(request, headers={**request.headers, **headers})


class TestCheckOfTheBot(CheckContract):
    secret = BOT_TOKEN

    @pytest.fixture
    def plugin(self, services):
        return Slack(Settings(**BOTS, signing_secret=Secret(SIGNING_SECRET)), services)

    def all_is_well(self, request):
        method = request.url.path.removeprefix("/api/")
        told = Workspace().told(method, dict(request.url.params))
        return httpx.Response(200, json=told)


class TestCheckOfTheWebhook(CheckContract):
    """It resolves a name, and asks nobody over HTTP."""

    over_http = False
    secret = "a-token-in-the-path"

    @pytest.fixture
    def plugin(self, services):
        settings = Settings(webhook_url=Secret(f"http://127.0.0.1:80/{self.secret}"))
        return Slack(settings, services)
