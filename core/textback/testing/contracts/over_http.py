"""What holds for whatever is asked of a provider over HTTP."""

from __future__ import annotations

import asyncio
import json
import traceback
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from email.utils import format_datetime
from typing import Any, ClassVar, Final
from urllib.parse import parse_qsl, unquote

import httpx
import pytest
from structlog.testing import capture_logs

from textback.errors import MaybeSent, NotSent, ProviderError
from textback.testing.builders import CALLER, NOW
from textback.testing.contracts.secrecy import repeats, settings_secrets, shown_of
from textback.testing.fixtures import Provider

NOT_FOR_EVER: Final = (429, 500, 502, 503)

LATER: Final = {
    "seconds": "2",
    "date": format_datetime(NOW.replace(second=NOW.second + 2), usegmt=True),
}
"""Two seconds from `NOW`, in both forms of Retry-After."""

asks_over_http = pytest.mark.usefixtures("over_http_only")


class OverHttp(ABC):
    """What holds for whatever is asked of a provider over HTTP.

    Attributes:
        accepted: The answer of a provider that did what it was asked.
        secret: A secret in the plugin's settings, as written there; empty if it has none.
        over_http: Whether the plugin asks by ``services.http``; else these tests are skipped.
        in_threads: An SDK that blocks does the asking: it ends by its own time-out, not with the
            task that waits for it.
        goes_on: What was asked is waited for although nobody else does, e.g. since it is paid for.
    """

    accepted: ClassVar[httpx.Response]
    secret: ClassVar[str] = ""
    over_http: ClassVar[bool] = True
    in_threads: ClassVar[bool] = False
    goes_on: ClassVar[bool] = False

    @abstractmethod
    async def ask(self, plugin: Any) -> Any:
        """Ask the plugin for what its role is about."""

    @pytest.fixture
    @abstractmethod
    def plugin(self) -> Any:
        """The plugin, made with `services`."""

    @pytest.fixture
    def over_http_only(self) -> None:
        """Skip what is about HTTP where the plugin asks nobody by it."""
        if not self.over_http:
            pytest.skip("this plugin asks nobody by services.http")

    # ── whether it was done ─────────────────────────────────────────────────────────────────────

    @asks_over_http
    async def test_not_reached_is_not_sent(self, plugin: Any, provider: Provider) -> None:
        """No byte was written: the error says so, and nothing hides it."""
        provider.response = NotSent("refused the connection")
        with pytest.raises(NotSent):
            await self.ask(plugin)

    @asks_over_http
    async def test_cut_off_may_be_sent(self, plugin: Any, provider: Provider) -> None:
        """The request may have left: the error doesn't claim to know better."""
        provider.response = MaybeSent("gave no whole answer")
        with pytest.raises(MaybeSent):
            await self.ask(plugin)

    @asks_over_http
    async def test_does_not_wait_for_ever(self, plugin: Any, provider: Provider) -> None:
        """Every request has a time-out, in which an answer must come."""
        provider.response = MaybeSent("gave no whole answer in time")
        with pytest.raises(ProviderError):
            await self.ask(plugin)
        for request in provider.requests:
            timeout = request.extensions.get("timeout", {"read": 0})
            assert timeout.get("read") is not None, f"{request.url.path} has no time-out"

    # ── what the provider answers ───────────────────────────────────────────────────────────────

    @asks_over_http
    @pytest.mark.parametrize("status", NOT_FOR_EVER)
    async def test_busy_or_broken_is_not_for_ever(
        self, plugin: Any, provider: Provider, status: int
    ) -> None:
        """The same may work later, so nothing is given up."""
        provider.response = httpx.Response(status, headers={"retry-after": "2"}, json={})
        with pytest.raises(ProviderError) as caught:
            await self.ask(plugin)
        assert not caught.value.permanent

    @asks_over_http
    async def test_a_page_of_a_broken_proxy_is_an_error(
        self, plugin: Any, provider: Provider
    ) -> None:
        """HTML where JSON is expected is the provider's trouble, told as such."""
        provider.response = httpx.Response(
            502, html="<html><h1>Bad Gateway</h1></html>", headers={"retry-after": "soon"}
        )
        with pytest.raises(ProviderError) as caught:
            await self.ask(plugin)
        assert not caught.value.permanent

    @asks_over_http
    async def test_a_redirect_is_not_a_yes(self, plugin: Any, provider: Provider) -> None:
        """Nothing was done at the address that was asked."""
        provider.response = httpx.Response(302, headers={"location": "https://login.example/"})
        with pytest.raises(ProviderError):
            await self.ask(plugin)

    @asks_over_http
    @pytest.mark.parametrize("form", LATER)
    async def test_keeps_what_the_provider_asks_for(
        self, plugin: Any, provider: Provider, form: str
    ) -> None:
        """Retry-After is passed on, in seconds."""
        provider.response = httpx.Response(429, headers={"retry-after": LATER[form]}, json={})
        with pytest.raises(ProviderError) as caught:
            await self.ask(plugin)
        assert caught.value.retry_after == 2

    # ── what is shown ───────────────────────────────────────────────────────────────────────────

    @asks_over_http
    @pytest.mark.parametrize("status", [400, 401, 500])
    async def test_shows_no_secret(
        self, plugin: Any, provider: Provider, status: int, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Neither plugin, errors nor logs have one, not even if the provider repeats it.

        Nor do they have a token that the plugin was given in exchange, and sends.
        """
        if not self.secret and not settings_secrets(plugin):
            pytest.skip("this plugin has no secret")
        repeats(provider, status, plugin, self.secret)
        with capture_logs() as logs, pytest.raises(ProviderError) as caught:
            await self.ask(plugin)
        told = "".join(traceback.format_exception(caught.value))
        shown = f"{caught.value!r} {told} {plugin!r} {plugin.settings!r} {logs} {caplog.text}"
        assert shown_of(plugin, provider, self.secret, shown) == []

    @asks_over_http
    async def test_shows_no_number(
        self, plugin: Any, provider: Provider, caplog: pytest.LogCaptureFixture
    ) -> None:
        """A caller's number is masked in what is logged and stored of an error."""
        provider.response = httpx.Response(400, json={"message": f"{CALLER} is wrong"})
        with capture_logs() as logs, pytest.raises(ProviderError) as caught:
            await self.ask(plugin)
        assert CALLER[1:] not in f"{caught.value!r} {caught.value} {logs} {caplog.text}"

    # ── what is left behind ─────────────────────────────────────────────────────────────────────

    @asks_over_http
    async def test_cancelling_leaves_nothing_open(self, plugin: Any, provider: Provider) -> None:
        """A request that is under way ends with the task."""
        if self.in_threads:
            pytest.skip("this plugin's SDK blocks: it ends by its own time-out")
        if self.goes_on:
            pytest.skip("this plugin waits for what it has asked, and keeps it")
        provider.hangs = True
        task = asyncio.ensure_future(self.ask(plugin))
        asked = asyncio.ensure_future(provider.asked.wait())
        await asyncio.wait((task, asked), timeout=5, return_when=asyncio.FIRST_COMPLETED)
        asked.cancel()
        assert not task.done(), f"the provider was not asked: {task.exception()!r}"
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert provider.open == 0


def said_in(request: httpx.Request) -> list[str]:
    """All strings in a request's body, be it JSON or a form."""
    content = request.content.decode()
    try:
        return list(_strings(json.loads(content)))
    except ValueError:
        return [value for _, value in parse_qsl(content, keep_blank_values=True)]


def everything_in(requests: Sequence[httpx.Request]) -> str:
    """All strings in the bodies and addresses of requests, a line each."""
    said = [each for request in requests for each in said_in(request)]
    return "\n".join([*said, *(unquote(str(request.url)) for request in requests)])


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for each in value.values():
            yield from _strings(each)
    elif isinstance(value, list):
        for each in value:
            yield from _strings(each)
