"""The webhook does what every notifier does."""

import httpx
import pytest

from textback.config.secrets import Secret
from textback.testing.contracts import NotifierContract
from textback.testing.fixtures import provider, services
from textback_webhook import Settings, Webhook

__all__ = ["provider", "services"]

SECRET = "whsec_dGV4dGJhY2sgdGVzdHMgc2lnbiB3aXRoIHRoaXMga2V5"


class TestWebhookNotices(NotifierContract):
    accepted = httpx.Response(204)
    secret = SECRET

    @pytest.fixture
    def notifier(self, services):
        settings = Settings(url="https://hooks.example.com/textback", secret=Secret(SECRET))
        return Webhook(settings, services)
