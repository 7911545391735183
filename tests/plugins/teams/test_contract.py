"""Teams does what every notifier does."""

import httpx
import pytest

from textback.testing.contracts import CheckContract, NotifierContract


class TestTeamsNotices(NotifierContract):
    accepted = httpx.Response(202)
    secret = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA0"

    @pytest.fixture
    def notifier(self, teams):
        return teams


class TestCheck(CheckContract):
    """It resolves a name, and asks nobody over HTTP."""

    over_http = False
    secret = "a-signature-in-the-address"

    @pytest.fixture
    def plugin(self, build):
        return build(f"https://127.0.0.1/workflows/1?sig={self.secret}")
