"""What every sender does."""

import httpx
import pytest

from textback.config.secrets import Secret
from textback.testing.contracts import SenderContract
from textback.testing.fixtures import provider, services  # noqa: F401
from textback_ringcentral import RingCentral, Settings

SETTINGS = Settings(
    client_id="app-1",
    client_secret=Secret("secret0of1the2app3"),
    jwt=Secret("jwt0of1the2tests3"),
)


class TestRingCentralTexts(SenderContract):
    accepted = httpx.Response(200, json={"id": 315450330010, "messageStatus": "Queued"})
    secret = "secret0of1the2app3"

    @pytest.fixture
    async def sender(self, services):  # noqa: F811
        await services.state.set(f"token/{SETTINGS.account}", "a-token")
        return RingCentral(SETTINGS, services)
