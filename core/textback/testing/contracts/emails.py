"""What every sender of e-mails to callers does."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Sequence
from email.message import EmailMessage
from typing import Any

import httpx
import pytest

from textback.errors import DeliveryError, MaybeSent
from textback.model import Receipt
from textback.testing.builders import an_email
from textback.testing.contracts.hostile import HOSTILE_NAMES, HOSTILE_TEXTS
from textback.testing.contracts.over_http import OverHttp, asks_over_http
from textback.testing.fixtures import Provider

Mails = Callable[[], Sequence[EmailMessage]]


class EmailContract(OverHttp):
    """What every sender of e-mails does; give a fixture ``mailer``, and `mails`.

    One that asks a mail service by ``services.http`` gives `accepted`; one that speaks SMTP has
    ``over_http = False``.
    """

    async def ask(self, plugin: Any) -> Any:
        """Send a mail."""
        return await plugin.send_email(an_email())

    @pytest.fixture
    @abstractmethod
    def mailer(self) -> Any:
        """The plugin, made with `services`; its server takes mail."""

    @pytest.fixture
    @abstractmethod
    def mails(self) -> Mails:
        """A function that gives all mails that have left."""

    @pytest.fixture
    def plugin(self, mailer: Any) -> Any:
        """The same, under the name that all contracts share."""
        return mailer

    async def test_taken_gives_a_receipt(self, mailer: Any, mails: Mails) -> None:
        """One mail, to the caller alone."""
        receipt = await self.ask(mailer)
        assert isinstance(receipt, Receipt)
        assert receipt.provider_id
        (mail,) = mails()
        assert an_email().to in str(mail["to"])

    @asks_over_http
    @pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
    async def test_a_broken_provider_may_have_sent_it(
        self, mailer: Any, provider: Provider, status: int
    ) -> None:
        """Any other error would have the mail sent again."""
        provider.response = httpx.Response(status, json={})
        with pytest.raises(MaybeSent):
            await self.ask(mailer)

    async def test_can_be_unsubscribed_from(self, mailer: Any, mails: Mails) -> None:
        """In one click, as RFC 8058 says."""
        await self.ask(mailer)
        (mail,) = mails()
        assert an_email().unsubscribe_url in str(mail["list-unsubscribe"])
        assert mail["list-unsubscribe-post"] == "List-Unsubscribe=One-Click"

    @pytest.mark.parametrize("words", HOSTILE_TEXTS)
    async def test_says_it_word_for_word(self, mailer: Any, mails: Mails, words: str) -> None:
        """Emoji, other scripts, quotes and line breaks arrive as they were written."""
        await mailer.send_email(an_email(body=HOSTILE_TEXTS[words]))
        (mail,) = mails()
        part = mail.get_body(preferencelist=("plain",))
        assert part is not None
        assert HOSTILE_TEXTS[words] in part.get_content().replace("\r\n", "\n")

    @pytest.mark.parametrize("name", HOSTILE_NAMES)
    async def test_no_name_bends_the_headers(self, mailer: Any, mails: Mails, name: str) -> None:
        """Whatever stands in subject and business name: the mail goes to the caller alone."""
        called = HOSTILE_NAMES[name]
        try:
            await mailer.send_email(an_email(subject=f"Your call, {called}", client_name=called))
        except DeliveryError as error:
            assert error.permanent  # noqa: PT017 (to be sent is as well)
            return
        (mail,) = mails()
        assert mail["bcc"] is None
        assert "eve@example.com" not in str(mail["to"])
