"""E-mail does what every notifier, every mailer and every reader of webhooks does."""

import attrs
import pytest

from textback.events import EmailReceived
from textback.testing.builders import NOW, a_request
from textback.testing.contracts import (
    EmailContract,
    Example,
    NotifierContract,
    WebhookContract,
)
from textback.testing.fixtures import provider

__all__ = ["provider"]

PASSWORD = "a-password-of-this-test"


class TestNotices(NotifierContract):
    over_http = False

    @pytest.fixture
    def notifier(self, mail):
        return mail

    @pytest.fixture
    def provider(self, post):
        return post

    def told(self, provider):
        mails = [f"{mail['subject']}\n{mail.get_content()}" for mail in provider.mails]
        return "\n".join(mails).replace("\r\n", "\n")


class TestFollowUps(EmailContract):
    over_http = False

    @pytest.fixture
    def mailer(self, mail):
        return mail

    @pytest.fixture
    def mails(self, post):
        return lambda: post.mails


class TestAnswers(WebhookContract):
    secret = PASSWORD
    other_secret = "another-password-of-this-test"
    covers_body = False
    examples = (
        Example(
            name="a caller answers",
            request=a_request(
                b"From: caller@example.com\r\nSubject: Re: your call\r\n"
                b"Message-ID: <m1@example.com>\r\n\r\nYes please\r\n",
                topic="inbound",
                headers={"content-type": "message/rfc822"},
            ),
            events=(
                EmailReceived(
                    key="mail:<m1@example.com>",
                    at=NOW,
                    sender="caller@example.com",
                    subject="Re: your call",
                    body="Yes please",
                ),
            ),
        ),
    )

    @pytest.fixture
    def plugin(self, mail):
        return mail

    def signed(self, request, secret):
        return attrs.evolve(
            request, headers={**request.headers, "authorization": f"Bearer {secret}"}
        )
