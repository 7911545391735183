"""Teams does what every notifier does."""

import httpx
import pytest

from textback.testing.contracts import NotifierContract


class TestTeamsNotices(NotifierContract):
    accepted = httpx.Response(202)
    secret = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA0"

    @pytest.fixture
    def notifier(self, teams):
        return teams
