"""What every sender of texts does."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar, Final

import httpx
import pytest

from textback.errors import DeliveryError, MaybeSent, ProviderError
from textback.model import Absent, Receipt
from textback.plugins.anatomy import hooks_of
from textback.testing.builders import NOW, a_text
from textback.testing.contracts.hostile import HOSTILE_TEXTS, LONG_NAME
from textback.testing.contracts.over_http import OverHttp, asks_over_http, everything_in, said_in
from textback.testing.contracts.sources import FAILED_LISTINGS
from textback.testing.fixtures import Provider

BROKEN_ANSWERS: Final = (b"", b"<html>", b"[]", b"{}", b'{"id": nul')


class SenderContract(OverHttp):
    """What every sender does; give `accepted` and a fixture ``sender``.

    What the provider posts about texts is looked at by a `WebhookContract` beside it.

    Attributes:
        refused: Answers by which the provider refuses one text for good.
        opted_out: Its answer if the number has opted out; None if it never says so.
        never_taken: Statuses among 408, 500 and above after which, by the provider's own words,
            the text surely did not leave.
        found: Its answer to ``find_text`` where it has the text; None if there is no such hook.
    """

    refused: ClassVar[Sequence[httpx.Response]] = (httpx.Response(400, json={}),)
    opted_out: ClassVar[httpx.Response | None] = None
    never_taken: ClassVar[frozenset[int]] = frozenset()
    found: ClassVar[httpx.Response | None] = None

    async def ask(self, plugin: Any) -> Any:
        """Send a text."""
        return await plugin.send_text(a_text())

    @pytest.fixture
    @abstractmethod
    def sender(self) -> Any:
        """The plugin, made with `services`."""

    @pytest.fixture
    def plugin(self, sender: Any) -> Any:
        """The same, under the name that all contracts share."""
        return sender

    # ── taken ───────────────────────────────────────────────────────────────────────────────────

    @asks_over_http
    async def test_taken_gives_a_receipt(self, sender: Any, provider: Provider) -> None:
        """One request, and the provider's id in the receipt."""
        provider.response = self.accepted

        receipt = await self.ask(sender)

        assert isinstance(receipt, Receipt)
        assert isinstance(receipt.provider_id, str)
        assert receipt.provider_id
        assert len(provider.requests) == 1

    @asks_over_http
    async def test_goes_to_the_caller_alone(self, sender: Any, provider: Provider) -> None:
        """The number is in what leaves, and no other recipient."""
        provider.response = self.accepted
        text = a_text()
        await sender.send_text(text)
        assert text.to[1:] in everything_in(provider.requests)

    @asks_over_http
    @pytest.mark.parametrize("words", HOSTILE_TEXTS)
    async def test_says_it_word_for_word(self, sender: Any, provider: Provider, words: str) -> None:
        """Quotes, ampersands, emoji, other scripts and braces arrive as they were written."""
        provider.response = self.accepted
        await sender.send_text(a_text(body=HOSTILE_TEXTS[words]))
        (request,) = provider.requests
        assert HOSTILE_TEXTS[words] in said_in(request)

    @asks_over_http
    async def test_cuts_nothing_off(self, sender: Any, provider: Provider) -> None:
        """10 kB are sent whole, or refused for good before anything leaves."""
        provider.response = self.accepted
        try:
            await sender.send_text(a_text(body=LONG_NAME))
        except DeliveryError as error:
            assert error.permanent  # noqa: PT017 (to be sent is as well)
            assert provider.requests == []
        else:
            assert LONG_NAME in [each for r in provider.requests for each in said_in(r)]

    # ── not taken, or nobody knows ──────────────────────────────────────────────────────────────

    @asks_over_http
    @pytest.mark.parametrize("body", BROKEN_ANSWERS)
    async def test_broken_answer_may_be_sent(
        self, sender: Any, provider: Provider, body: bytes
    ) -> None:
        """It said yes and nothing that can be read: the text may be on its way."""
        provider.response = httpx.Response(self.accepted.status_code, content=body)
        with pytest.raises(MaybeSent):
            await self.ask(sender)

    @asks_over_http
    @pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
    async def test_a_broken_provider_may_have_sent_it(
        self, sender: Any, provider: Provider, status: int
    ) -> None:
        """Unless it says that it took nothing: any other error would have the text sent again."""
        if status in self.never_taken:
            pytest.skip(f"this provider takes nothing when it answers {status}")
        provider.response = httpx.Response(status, json={})
        with pytest.raises(MaybeSent):
            await self.ask(sender)

    @asks_over_http
    async def test_a_refusal_is_final(self, sender: Any, provider: Provider) -> None:
        """The same text would be refused again; the error has the provider's code."""
        for response in self.refused:
            provider.response = response
            with pytest.raises(DeliveryError) as caught:
                await self.ask(sender)
            assert caught.value.permanent
            assert caught.value.code

    @asks_over_http
    async def test_an_opt_out_is_ours_too(self, sender: Any, provider: Provider) -> None:
        """Nobody else texts a number that told this provider to stop."""
        if self.opted_out is None:
            pytest.skip("this provider doesn't say that a number has opted out")
        provider.response = self.opted_out
        with pytest.raises(DeliveryError) as caught:
            await self.ask(sender)
        assert caught.value.opted_out
        assert caught.value.permanent
        assert not caught.value.try_next

    # ── looked up ───────────────────────────────────────────────────────────────────────────────

    @asks_over_http
    @pytest.mark.parametrize("failure", FAILED_LISTINGS)
    async def test_a_failed_look_up_proves_nothing(
        self, sender: Any, provider: Provider, failure: str
    ) -> None:
        """Only a sure "never got it" permits another attempt."""
        self._needs(sender, "find_text")
        provider.response = FAILED_LISTINGS[failure]
        try:
            answer = await sender.find_text(a_text())
        except ProviderError:
            return
        assert not isinstance(answer, Absent)

    @asks_over_http
    async def test_finds_a_text(self, sender: Any, provider: Provider) -> None:
        """What was cut off is settled by the provider's id."""
        self._needs(sender, "find_text")
        assert self.found is not None, "give found: the answer in which the text is"
        provider.response = self.found
        receipt = await sender.find_text(a_text())
        assert isinstance(receipt, Receipt)
        assert receipt.provider_id

    @asks_over_http
    @pytest.mark.parametrize("failure", FAILED_LISTINGS)
    async def test_a_failed_listing_is_not_an_empty_one(
        self, sender: Any, provider: Provider, failure: str
    ) -> None:
        """A restored store would take an opt-out for never said."""
        self._needs(sender, "list_texts")
        provider.response = FAILED_LISTINGS[failure]
        with pytest.raises(ProviderError):
            [_ async for _ in sender.list_texts(NOW - timedelta(hours=1))]

    def _needs(self, sender: Any, hook: str) -> None:
        if hook not in hooks_of(type(sender)):
            pytest.skip(f"this sender has no {hook}")
