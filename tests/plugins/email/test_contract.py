"""E-mail does what every notifier, every mailer and every reader of webhooks does."""

import attrs
import pytest

from textback.events import EmailReceived
from textback.testing.builders import NOW, a_request
from textback.testing.contracts import (
    CheckContract,
    EmailContract,
    Example,
    ListenContract,
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


ANSWER = (
    b"From: caller@example.com\r\nSubject: Re: your call\r\n"
    b"Message-ID: <m1@example.com>\r\n\r\nYes please\r\n"
)
ANSWERED = EmailReceived(
    key="mail:<m1@example.com>",
    at=NOW,
    sender="caller@example.com",
    subject="Re: your call",
    body="Yes please",
)


@attrs.define
class Mailbox:
    """The mailbox as the far side of a connection."""

    folder: object

    @property
    def open(self):
        looked = any(command.startswith("UID SEARCH") for command in self.folder.commands)
        return looked and sum(not each.is_closing() for each in self.folder.writers)

    async def tell(self):
        self.folder.put(ANSWER)

    async def hang_up(self):
        self.folder.hang_up()


class TestMailbox(ListenContract):
    told = (ANSWERED,)

    @pytest.fixture
    def plugin(self, reading):
        return reading()

    @pytest.fixture
    def far_side(self, folder):
        return Mailbox(folder)


class TestCheck(CheckContract):
    over_http = False

    @pytest.fixture
    def plugin(self, mail):
        return mail


class TestAnswers(WebhookContract):
    secret = PASSWORD
    other_secret = "another-password-of-this-test"
    covers_body = False
    examples = (
        Example(
            name="a caller answers",
            request=a_request(ANSWER, topic="inbound", headers={"content-type": "message/rfc822"}),
            events=(ANSWERED,),
        ),
    )

    @pytest.fixture
    def plugin(self, mail):
        return mail

    def signed(self, request, secret):
        return attrs.evolve(
            request, headers={**request.headers, "authorization": f"Bearer {secret}"}
        )
