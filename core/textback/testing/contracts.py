"""What every plugin of a role must do, as tests: derive a test class and say how it is made.

    class TestAcmeTexts(SenderContract):
        accepted = httpx.Response(201, json={"id": "M1"})
        secret = "the key in SETTINGS"

        @pytest.fixture
        def sender(self, services):
            return Acme(SETTINGS, services)

The fixtures `provider` and `services` come from `textback.testing.fixtures`.
"""

from __future__ import annotations

import asyncio
import json
from abc import ABC, abstractmethod
from collections.abc import Iterator
from typing import Any, ClassVar
from urllib.parse import parse_qsl

import httpx
import pytest

from textback.errors import MaybeSent, NotSent, ProviderError
from textback.model import CrmRef, Receipt
from textback.testing.builders import a_lead, a_notice, a_text, an_activity
from textback.testing.fixtures import Provider

HOSTILE = (
    'Zoë said: "it\'s 50% off & more" <b>\\n</b> {{ name }} ${HOME} a=b&c=d;e +1\n'
    "second line, 日本語, 🦷, שלום"
)
"""A text that careless quoting, encoding or templating would change."""

NOT_FOR_EVER = (429, 500, 502, 503)


class OverHttp(ABC):
    """What holds for whatever is asked of a provider over HTTP.

    Attributes:
        accepted: The answer of a provider that did what it was asked.
        secret: A secret in the plugin's settings, as written there; empty if it has none.
    """

    accepted: ClassVar[httpx.Response]
    secret: ClassVar[str] = ""

    @abstractmethod
    async def ask(self, plugin: Any) -> Any:
        """Ask the plugin for what its role is about."""

    @pytest.fixture
    @abstractmethod
    def plugin(self) -> Any:
        """The plugin, made with `services`."""

    async def test_not_reached_is_not_sent(self, plugin: Any, provider: Provider) -> None:
        """No byte was written: the error says so, and nothing hides it."""
        provider.response = NotSent("refused the connection")
        with pytest.raises(NotSent):
            await self.ask(plugin)

    async def test_cut_off_may_be_sent(self, plugin: Any, provider: Provider) -> None:
        """The request may have left: the error doesn't claim to know better."""
        provider.response = MaybeSent("gave no whole answer")
        with pytest.raises(MaybeSent):
            await self.ask(plugin)

    @pytest.mark.parametrize("status", NOT_FOR_EVER)
    async def test_busy_or_broken_is_not_for_ever(
        self, plugin: Any, provider: Provider, status: int
    ) -> None:
        """The same may work later, so nothing is given up."""
        provider.response = httpx.Response(status, headers={"retry-after": "2"}, json={})
        with pytest.raises(ProviderError) as caught:
            await self.ask(plugin)
        assert not caught.value.permanent

    async def test_keeps_what_the_provider_asks_for(self, plugin: Any, provider: Provider) -> None:
        """Retry-After is passed on."""
        provider.response = httpx.Response(429, headers={"retry-after": "2"}, json={})
        with pytest.raises(ProviderError) as caught:
            await self.ask(plugin)
        assert caught.value.retry_after == 2

    async def test_shows_no_secret(self, plugin: Any, provider: Provider) -> None:
        """Neither the plugin nor its errors print it, not even if the provider repeats it."""
        if not self.secret:
            pytest.skip("this plugin has no secret")
        provider.response = httpx.Response(401, json={"message": f"wrong key {self.secret}"})
        with pytest.raises(ProviderError) as caught:
            await self.ask(plugin)
        shown = f"{caught.value!r} {caught.value} {plugin!r} {caught.value.__cause__!r}"
        assert self.secret not in shown

    async def test_cancelling_leaves_nothing_open(self, plugin: Any, provider: Provider) -> None:
        """A request that is under way ends with the task."""
        provider.hangs = True
        task = asyncio.ensure_future(self.ask(plugin))
        await asyncio.wait_for(provider.asked.wait(), 5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert provider.open == 0


class SenderContract(OverHttp):
    """What every sender does; give `accepted` and a fixture ``sender``."""

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

    async def test_taken_gives_a_receipt(self, sender: Any, provider: Provider) -> None:
        """One request, and the provider's id in the receipt."""
        provider.response = self.accepted

        receipt = await self.ask(sender)

        assert isinstance(receipt, Receipt)
        assert receipt.provider_id
        assert len(provider.requests) == 1

    @pytest.mark.parametrize("body", [b"", b"<html>", b"[]", b"{}", b'{"id": nul'])
    async def test_broken_answer_may_be_sent(
        self, sender: Any, provider: Provider, body: bytes
    ) -> None:
        """It said yes and nothing that can be read: the text may be on its way."""
        provider.response = httpx.Response(self.accepted.status_code, content=body)
        with pytest.raises(MaybeSent):
            await self.ask(sender)

    async def test_says_it_word_for_word(self, sender: Any, provider: Provider) -> None:
        """Quotes, ampersands, emoji, other scripts and braces arrive as they were written."""
        provider.response = self.accepted
        await sender.send_text(a_text(body=HOSTILE))
        (request,) = provider.requests
        assert HOSTILE in said_in(request)


class NotifierContract(OverHttp):
    """What every notifier over HTTP does; give `accepted` and a fixture ``notifier``."""

    async def ask(self, plugin: Any) -> Any:
        """Tell the team something."""
        return await plugin.notify_team(a_notice())

    @pytest.fixture
    @abstractmethod
    def notifier(self) -> Any:
        """The plugin, made with `services`."""

    @pytest.fixture
    def plugin(self, notifier: Any) -> Any:
        """The same, under the name that all contracts share."""
        return notifier

    async def test_tells_title_and_text(self, notifier: Any, provider: Provider) -> None:
        """Who called and what the caller was sent are in what leaves, word for word."""
        provider.response = self.accepted
        await notifier.notify_team(a_notice(title='Anna "A" O\'Neil <called>', text=HOSTILE))
        everything = "\n".join(said for each in provider.requests for said in said_in(each))
        assert 'Anna "A" O\'Neil <called>' in everything
        assert HOSTILE in everything


class CrmContract(ABC):
    """What every CRM does; give a fixture ``crm``, with a provider or without."""

    @pytest.fixture
    @abstractmethod
    def crm(self) -> Any:
        """The plugin, made with `services`; where it needs answers, its provider has them."""

    async def test_gives_the_contacts_id(self, crm: Any) -> None:
        """The reference is what later steps address the contact by."""
        ref = await crm.save_contact(a_lead(), "key1")
        assert isinstance(ref, CrmRef)
        assert ref.id

    async def test_same_key_same_contact(self, crm: Any) -> None:
        """A step whose answer was lost is done again: it must find what it made."""
        first = await crm.save_contact(a_lead(), "key1")
        assert await crm.save_contact(a_lead(), "key1") == first

    async def test_takes_a_lead_of_which_little_is_known(self, crm: Any) -> None:
        """A number is enough: most callers are nothing but that."""
        lead = a_lead(tag=None, stage=None, fields={}, line=None)
        assert (await crm.save_contact(lead, "key1")).id

    async def test_logs_an_activity_twice_without_complaint(self, crm: Any) -> None:
        """The same key again is no error."""
        ref = await crm.save_contact(a_lead(), "key1")
        await crm.log_activity(ref, an_activity(), "key2")
        await crm.log_activity(ref, an_activity(), "key2")


def said_in(request: httpx.Request) -> list[str]:
    """All strings in a request's body, be it JSON or a form."""
    content = request.content.decode()
    try:
        return list(_strings(json.loads(content)))
    except ValueError:
        return [value for _, value in parse_qsl(content, keep_blank_values=True)]


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
