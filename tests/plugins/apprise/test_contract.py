"""Apprise does what every notifier does; it asks by its own means, not by ours."""

import pytest

from textback.testing.contracts import CheckContract, NotifierContract


class TestAppriseNotices(NotifierContract):
    over_http = False

    @pytest.fixture
    def notifier(self, build, listener):
        self.listener = listener
        return build("taken")

    def told(self, provider):
        bodies = self.listener.bodies("taken")
        return "\n".join(f"{body['title']}\n{body['message']}" for body in bodies)


class TestCheck(CheckContract):
    """Apprise reads the URLs, and asks nobody."""

    over_http = False
    secret = "a-password-of-this-test"

    @pytest.fixture
    def plugin(self, build):
        return build(f"json://desk:{self.secret}@127.0.0.1/taken")
