"""Slack does what every notifier does, by either of its ways."""

import httpx
import pytest

from textback.config.secrets import Secret
from textback.testing.contracts import NotifierContract
from textback.testing.fixtures import provider, services
from textback_slack import Settings, Slack

__all__ = ["provider", "services"]

BOT_TOKEN = "xoxb-1234567890-abcdefghijklmnop"
HOOK = "https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"


class TestSlackBot(NotifierContract):
    accepted = httpx.Response(
        200,
        json={
            "ok": True,
            "channel": "C0123456789",
            "ts": "1503435956.000247",
            "message": {"type": "message", "bot_id": "B1", "ts": "1503435956.000247"},
        },
    )
    secret = BOT_TOKEN

    @pytest.fixture
    def notifier(self, services):
        settings = Settings(bot_token=Secret(BOT_TOKEN), channel="C0123456789")
        return Slack(settings, services)


class TestSlackWebhook(NotifierContract):
    accepted = httpx.Response(200, text="ok")
    secret = HOOK

    @pytest.fixture
    def notifier(self, services):
        return Slack(Settings(webhook_url=Secret(HOOK)), services)
