"""Telnyx does what every sender does."""

import base64

import httpx
import pytest

from textback.config.secrets import Secret
from textback.testing.contracts import SenderContract
from textback.testing.fixtures import provider, services
from textback_telnyx import Settings, Telnyx

__all__ = ["provider", "services"]

API_KEY = "KEY0123456789ABCDEF_abcdef0123456789"


class TestTelnyxTexts(SenderContract):
    accepted = httpx.Response(200, json={"data": {"id": "ac012cbf-5e09-46af-a69a-7c0e2d90993c"}})
    secret = API_KEY

    @pytest.fixture
    def sender(self, services):
        settings = Settings(
            api_key=Secret(API_KEY), public_key=base64.b64encode(bytes(32)).decode()
        )
        return Telnyx(settings, services)
