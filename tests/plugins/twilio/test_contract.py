"""Twilio does what every sender does."""

import httpx
import pytest

from textback.config.secrets import Secret
from textback.testing.contracts import SenderContract
from textback.testing.fixtures import provider, services
from textback_twilio import Settings, Twilio

__all__ = ["provider", "services"]

TOKEN = "fedcba9876543210fedcba9876543210"


class TestTwilioTexts(SenderContract):
    accepted = httpx.Response(201, json={"sid": "SM1", "status": "queued"})
    secret = TOKEN

    @pytest.fixture
    def sender(self, services):
        settings = Settings(
            account_sid="AC0123456789abcdef0123456789abcdef", auth_token=Secret(TOKEN)
        )
        return Twilio(settings, services)
