"""What stands around the flow: ``check`` and ``erase``, of a plugin in any role."""

from __future__ import annotations

import traceback
from abc import ABC, abstractmethod
from typing import Any, ClassVar, Final

import httpx
import pytest
from structlog.testing import capture_logs

from textback.errors import MaybeSent, NotSent, ProviderError
from textback.model import Erased, Finding, PhoneNumber, Severity
from textback.testing.builders import CALLER
from textback.testing.contracts.secrecy import repeats, settings_secrets, shown_of
from textback.testing.fixtures import Answer, Provider

OTHER: Final = PhoneNumber("+13035550124")
READING: Final = frozenset({"GET", "HEAD"})
BROKEN: Final[dict[str, Answer]] = {
    "not reached": NotSent("refused the connection"),
    "cut off": MaybeSent("gave no whole answer"),
    "refused": httpx.Response(401, json={}),
    "forbidden": httpx.Response(403, json={}),
    "page of a proxy": httpx.Response(502, html="<h1>Bad Gateway</h1>"),
    "no JSON": httpx.Response(200, html="<h1>Sign in</h1>"),
    "list": httpx.Response(200, json=[]),
    "empty object": httpx.Response(200, json={}),
}


class CheckContract(ABC):
    """What every ``check`` does; give `all_is_well` and a fixture ``plugin``.

    Attributes:
        all_is_well: What the provider answers if everything is as it must be; a function of the
            request (or a method) where it is asked for more than one thing.
        secret: A secret in the plugin's settings; empty if it has none.
        over_http: Whether it asks by ``services.http``; else only `all_is_well` is looked at.
        reading_posts: Paths of what is asked by POST although it changes nothing.
    """

    all_is_well: ClassVar[Any]  # an Answer, or a method that takes the request
    secret: ClassVar[str] = ""
    over_http: ClassVar[bool] = True
    reading_posts: ClassVar[frozenset[str]] = frozenset()

    @pytest.fixture
    @abstractmethod
    def plugin(self) -> Any:
        """The plugin, made with `services`."""

    @pytest.fixture
    def well(self, provider: Provider) -> None:
        """The provider answers that everything is as it must be."""
        if self.over_http:
            provider.response = self.all_is_well

    async def test_says_that_all_is_well(self, plugin: Any, well: None) -> None:
        """In words, of which none is an error."""
        findings = await plugin.check()
        assert findings, "it looked, and says nothing"
        assert all(isinstance(each, Finding) and each.message for each in findings)
        assert [each for each in findings if each.severity is Severity.ERROR] == []

    async def test_changes_nothing(self, plugin: Any, well: None, provider: Provider) -> None:
        """It may be run at any time, as often as one likes."""
        await plugin.check()
        changing = [
            f"{each.method} {each.url.path}"
            for each in provider.requests
            if each.method not in READING and each.url.path not in self.reading_posts
        ]
        assert changing == []

    @pytest.mark.parametrize("answer", BROKEN)
    async def test_finds_what_is_wrong(self, plugin: Any, provider: Provider, answer: str) -> None:
        """A wrong key, or a provider that can't be asked, is an error in words."""
        if not self.over_http:
            pytest.skip("this check asks nobody by services.http")
        provider.response = BROKEN[answer]
        try:
            findings = await plugin.check()
        except ProviderError:
            return  # the engine tells it as this plugin's finding
        assert any(each.severity is Severity.ERROR for each in findings), findings

    async def test_shows_no_secret(
        self, plugin: Any, provider: Provider, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Neither plugin, findings nor logs have one, not even if the provider repeats it."""
        if not self.secret and not settings_secrets(plugin):
            pytest.skip("this plugin has no secret")
        if self.over_http:
            repeats(provider, 401, plugin, self.secret)
        with capture_logs() as logs:
            try:
                told = repr(await plugin.check())
            except ProviderError as error:
                told = "".join(traceback.format_exception(error))
        shown = f"{told} {plugin!r} {plugin.settings!r} {logs} {caplog.text}"
        assert shown_of(plugin, provider, self.secret, shown) == []


class EraseContract(ABC):
    """What every ``erase`` does; give `hold` and a fixture ``plugin``.

    Attributes:
        elsewhere: All that is held is held by the provider, and `erase` says where.
    """

    elsewhere: ClassVar[bool] = False

    @pytest.fixture
    @abstractmethod
    def plugin(self) -> Any:
        """The plugin, made with `services`."""

    async def hold(self, plugin: Any, number: PhoneNumber) -> None:
        """Make the plugin hold something of a number."""
        if not self.elsewhere:
            raise NotImplementedError("say how: async def hold(self, plugin, number)")

    async def test_erases_what_is_held(self, plugin: Any) -> None:
        """Once; a second time there is nothing left."""
        await self.hold(plugin, CALLER)
        first = await plugin.erase(CALLER)
        again = await plugin.erase(CALLER)
        assert isinstance(first, Erased)
        assert first.elsewhere if self.elsewhere else first.records > 0
        assert again.records == 0

    async def test_erases_nobody_else(self, plugin: Any) -> None:
        """What is held of others stays."""
        await self.hold(plugin, CALLER)
        await self.hold(plugin, OTHER)
        await plugin.erase(CALLER)
        assert self.elsewhere or (await plugin.erase(OTHER)).records > 0

    async def test_of_a_stranger_there_is_nothing(self, plugin: Any) -> None:
        """No error either."""
        assert (await plugin.erase(CALLER)).records == 0
