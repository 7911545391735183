"""What every lookup of callers does, and every CRM that is asked who calls."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Final

import httpx
import pytest

from textback.errors import ProviderError
from textback.model import Caller
from textback.testing.builders import a_call
from textback.testing.contracts.hostile import HOSTILE_NAMES
from textback.testing.contracts.over_http import OverHttp, asks_over_http
from textback.testing.fixtures import Provider

BROKEN_ANSWERS: Final = (b"", b"<html>", b"[]", b"{}", b"null", b'{"id": nul', b'[{"x": 1}]')


class LookupContract(OverHttp):
    """What every lookup does; give `accepted`, `caller`, `nobody` and a fixture ``lookup``.

    Attributes:
        caller: What `accepted` tells of the caller.
        nobody: The answer of a provider that knows nothing of the number.
        paid: Each question costs money: the same number isn't asked for twice.
    """

    caller: ClassVar[Caller]
    nobody: ClassVar[httpx.Response]
    paid: ClassVar[bool] = False

    async def ask(self, plugin: Any) -> Any:
        """Ask who calls."""
        return await plugin.identify_caller(a_call())

    @pytest.fixture
    @abstractmethod
    def lookup(self) -> Any:
        """The plugin, made with `services`."""

    @pytest.fixture
    def plugin(self, lookup: Any) -> Any:
        """The same, under the name that all contracts share."""
        return lookup

    def named(self, name: str) -> httpx.Response | None:
        """`accepted` with another name; None if the provider tells no names."""
        del name
        return None

    async def test_says_who_calls(self, lookup: Any, provider: Provider) -> None:
        """The fields that the provider knows, and no others."""
        if self.over_http:
            provider.response = self.accepted
        assert await self.ask(lookup) == self.caller

    @asks_over_http
    async def test_knows_nobody_of_whom_nothing_is_known(
        self, lookup: Any, provider: Provider
    ) -> None:
        """No field is made up."""
        provider.response = self.nobody
        answer = await self.ask(lookup)
        assert answer is None or (answer.name, answer.first_name) == (None, None)

    async def test_a_withheld_number_is_nobodys(self, lookup: Any, provider: Provider) -> None:
        """There is nothing to look for, so nobody is asked."""
        provider.response = ProviderError("must not be asked")
        assert await lookup.identify_caller(a_call(caller=None, caller_raw="anonymous")) is None
        assert provider.requests == []

    @asks_over_http
    @pytest.mark.parametrize("body", BROKEN_ANSWERS)
    async def test_a_broken_answer_tells_nothing(
        self, lookup: Any, provider: Provider, body: bytes
    ) -> None:
        """It is nobody, or the provider's trouble, told as such."""
        provider.response = httpx.Response(200, content=body)
        try:
            answer = await self.ask(lookup)
        except ProviderError:
            return
        assert answer is None or isinstance(answer, Caller)

    @asks_over_http
    @pytest.mark.parametrize("name", HOSTILE_NAMES)
    async def test_takes_whatever_a_caller_is_called(
        self, lookup: Any, provider: Provider, name: str
    ) -> None:
        """RTL, emoji, line breaks, 10 kB: a name or none, and never a crash."""
        response = self.named(HOSTILE_NAMES[name])
        if response is None:
            pytest.skip("this provider tells no names; if it does, override named")
        provider.response = response
        answer = await self.ask(lookup)
        assert answer is None or isinstance(answer.name, str | None)

    @asks_over_http
    async def test_is_paid_for_once(self, lookup: Any, provider: Provider) -> None:
        """A caller who calls again is remembered for a while."""
        if not self.paid:
            pytest.skip("questions to this provider cost nothing")
        provider.response = self.accepted
        await self.ask(lookup)
        asked = len(provider.requests)
        assert await self.ask(lookup) == self.caller
        assert len(provider.requests) == asked
