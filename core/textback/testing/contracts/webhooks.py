"""What holds for whatever a provider posts to us."""

from __future__ import annotations

import traceback
from abc import ABC, abstractmethod
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, ClassVar, Final

import attrs
import pytest
from structlog.testing import capture_logs

from textback.errors import UnreadableWebhook, WebhookRejected
from textback.events import Event, Reading, TextReceived, WebhookRequest
from textback.plugins.anatomy import hooks_of
from textback.plugins.roles import TELLS, playable
from textback.services import Services
from textback.testing.contracts.fields import ODD, variants, wrong_in
from textback.testing.contracts.hostile import HOSTILE_NAMES, HOSTILE_TEXTS
from textback.testing.fixtures import Provider
from textback.testing.memory import MemoryState

GARBAGE: Final = (
    b"",
    b"{",
    b"[]",
    b"{}",
    b"null",
    b"3",
    b"<html>",
    b"a=b",
    b"\xff\xfe\x00",
    b"[[[",
)
ODD_SIGNATURES: Final = ("", " ", "x", "ü", "t=1,v1=", "=" * 10_240)

reads_webhooks = pytest.mark.usefixtures("webhooks_only")


@attrs.frozen(kw_only=True)
class Example:
    """One webhook of the provider's, and what it tells.

    Attributes:
        name: What it is about; shows in the tests' names.
        request: As it comes in, but for the signature, which `WebhookContract.signed` adds.
        events: What the plugin makes of it, in order.
    """

    name: str
    request: WebhookRequest
    events: tuple[Event, ...] = ()


class WebhookContract(ABC):
    """What every plugin with ``read_webhook`` does; say how the provider signs, with examples.

    A webhook that comes unsigned has its proof elsewhere, in the path or a header: `signed` puts it
    there, `unsigned` takes it away, and ``covers_body`` is False.

    Attributes:
        secret: What the provider signs with, as written in the plugin's settings.
        other_secret: Another one of the same form, which nobody has agreed on.
        examples: At least one of each kind of webhook.
        window_s: Seconds by which the signed time may be off; None if no time is signed.
        covers_body: Whether the signature proves what the body says.
    """

    secret: ClassVar[str] = ""
    other_secret: ClassVar[str]
    examples: ClassVar[Sequence[Example]] = ()
    window_s: ClassVar[float | None] = None
    covers_body: ClassVar[bool] = True

    @pytest.fixture
    @abstractmethod
    def plugin(self) -> Any:
        """The plugin, made with `services`."""

    def signed(self, request: WebhookRequest, secret: str) -> WebhookRequest:
        """The request as the provider sends it; signed at its ``received_at``.

        Any body must be taken, also one that the provider would never send.
        """
        raise NotImplementedError("say how the provider signs: def signed(self, request, secret)")

    def unsigned(self, request: WebhookRequest) -> WebhookRequest:
        """A signed request without its signature: here, without all headers but its type."""
        kept = {name: value for name, value in request.headers.items() if name == "content-type"}
        return attrs.evolve(request, headers=kept)

    def changed(self, request: WebhookRequest) -> WebhookRequest:
        """A signed request that says something else: here, by a byte, or in its address.

        Where white space isn't signed, change what is.
        """
        if request.body:
            return attrs.evolve(request, body=request.body + b" ")
        return attrs.evolve(request, url=request.url + ("&" if request.query else "?") + "a=b")

    def text_saying(self, body: str) -> WebhookRequest | None:
        """A caller's text with these words, not yet signed; None if the plugin reads no texts."""
        del body
        return None

    @pytest.fixture
    def webhooks_only(self, plugin: Any) -> None:
        """Skip what is about webhooks where the plugin reads none."""
        if "read_webhook" not in hooks_of(type(plugin)):
            pytest.skip("this plugin reads no webhooks")

    def pytest_generate_tests(self, metafunc: pytest.Metafunc) -> None:
        """Each example is a test of its own."""
        if "example" in metafunc.fixturenames:
            metafunc.parametrize(
                "example", self.examples, ids=[each.name for each in self.examples]
            )

    async def read(self, plugin: Any, request: WebhookRequest) -> Reading:
        """What the plugin says to a request that is signed as it should be."""
        reading = await plugin.read_webhook(self.signed(request, self.secret))
        assert isinstance(reading, Reading)
        return reading

    # ── what is told ────────────────────────────────────────────────────────────────────────────

    @reads_webhooks
    def test_there_are_examples(self) -> None:
        """Without one, nothing is looked at."""
        assert self.examples, f"{type(self).__name__} has no examples"

    @reads_webhooks
    async def test_tells_what_happened(self, plugin: Any, example: Example) -> None:
        """Signed rightly, a webhook is read to the events of the example, and answered 2xx."""
        reading = await self.read(plugin, example.request)

        assert reading.events == example.events
        assert 200 <= reading.response.status < 300

    @reads_webhooks
    async def test_its_events_are_well_made_and_count(self, plugin: Any, example: Example) -> None:
        """Keys, types and times are right, and the plugin plays a role in which they count."""
        roles = set(playable(type(plugin)))
        for event in (await self.read(plugin, example.request)).events:
            assert wrong_in(event) == []
            assert roles & TELLS[type(event)], (
                f"{type(event).__name__} counts in no role of {roles}"
            )

    @reads_webhooks
    async def test_told_again_it_is_the_same(self, plugin: Any, example: Example) -> None:
        """A repeat has the same keys, whenever it comes: none is made from the time of arrival.

        The plugin itself rejects no repeat: the first may have been lost.  `Reading.once` is the
        mark of a provider that signs each request anew.
        """
        later = attrs.evolve(
            example.request, received_at=example.request.received_at + timedelta(seconds=1)
        )
        first = await self.read(plugin, example.request)
        for request in (example.request, later):
            again = await self.read(plugin, request)
            assert [each.key for each in again.events] == [each.key for each in first.events]

    @reads_webhooks
    async def test_order_changes_nothing(self, plugin: Any) -> None:
        """What comes last is read as if it had come first: nothing is carried over."""
        for example in reversed(self.examples):
            reading = await self.read(plugin, example.request)
            assert reading.events == example.events, example.name

    # ── who may tell ────────────────────────────────────────────────────────────────────────────

    @reads_webhooks
    async def test_unsigned_is_rejected(
        self, plugin: Any, example: Example, provider: Provider, services: Services
    ) -> None:
        """Nobody is believed without proof, and nothing is asked or kept before there is one."""
        request = self.unsigned(self.signed(example.request, self.secret))
        with pytest.raises(WebhookRejected):
            await plugin.read_webhook(request)
        assert provider.requests == []
        if isinstance(services.state, MemoryState):
            assert services.state.touched == [], "services.state was used before the proof"

    @reads_webhooks
    async def test_signed_by_another_is_rejected(self, plugin: Any, example: Example) -> None:
        """A right signature with a wrong secret."""
        with pytest.raises(WebhookRejected):
            await plugin.read_webhook(self.signed(example.request, self.other_secret))

    @reads_webhooks
    async def test_changed_is_rejected(self, plugin: Any, example: Example) -> None:
        """A right signature of another body, or without a body, of another address."""
        if not self.covers_body:
            pytest.skip("this provider's proof says nothing of the body")
        with pytest.raises(WebhookRejected):
            await plugin.read_webhook(self.changed(self.signed(example.request, self.secret)))

    @reads_webhooks
    @pytest.mark.parametrize("given", ODD_SIGNATURES)
    async def test_odd_signature_is_rejected(
        self, plugin: Any, example: Example, given: str
    ) -> None:
        """Empty, cut off, not ASCII or endless: a signature that can't be read is a wrong one."""
        request = self.signed(example.request, self.secret)
        for name in request.headers.keys() - example.request.headers.keys():
            odd = attrs.evolve(request, headers={**request.headers, name: given})
            with pytest.raises(WebhookRejected):
                await plugin.read_webhook(odd)

    @reads_webhooks
    async def test_replayed_later_is_rejected(self, plugin: Any, example: Example) -> None:
        """A recording of a webhook is of no use once its time is over, nor before it."""
        if self.window_s is None:
            pytest.skip("this provider signs no time: repeats are told apart by their keys")
        now = example.request.received_at
        for off_s in (self.window_s + 1, -self.window_s - 1):
            at = attrs.evolve(example.request, received_at=now + timedelta(seconds=off_s))
            stale = attrs.evolve(self.signed(at, self.secret), received_at=now)
            with pytest.raises(WebhookRejected):
                await plugin.read_webhook(stale)

    @reads_webhooks
    async def test_late_within_the_window_is_read(self, plugin: Any, example: Example) -> None:
        """Clocks differ, and webhooks wait in queues."""
        if self.window_s is None:
            pytest.skip("this provider signs no time")
        now = example.request.received_at
        at = attrs.evolve(
            example.request, received_at=now - timedelta(seconds=max(0, self.window_s - 1))
        )
        stale = attrs.evolve(self.signed(at, self.secret), received_at=now)
        assert len((await plugin.read_webhook(stale)).events) == len(example.events)

    @reads_webhooks
    async def test_a_rejection_shows_no_secret(
        self, plugin: Any, example: Example, caplog: pytest.LogCaptureFixture
    ) -> None:
        """Neither the secret nor the signature that would have been right."""
        right = self.signed(example.request, self.secret)
        signature = {
            value for name, value in right.headers.items() if name not in example.request.headers
        }
        wrong = self.signed(example.request, self.other_secret)
        with capture_logs() as logs, pytest.raises(WebhookRejected) as caught:
            await plugin.read_webhook(wrong)
        told = "".join(traceback.format_exception(caught.value))
        shown = f"{told} {plugin!r} {plugin.settings!r} {logs} {caplog.text}"
        assert not self.secret or self.secret not in shown
        assert [each for each in signature - set(wrong.headers.values()) if each in shown] == []

    # ── what can't be read ──────────────────────────────────────────────────────────────────────

    @reads_webhooks
    @pytest.mark.parametrize("body", GARBAGE)
    async def test_garbage_is_unreadable_at_worst(
        self, plugin: Any, example: Example, body: bytes
    ) -> None:
        """Signed, and not in the provider's format: 400 or nothing told, never a crash."""
        await self._survives(plugin, attrs.evolve(example.request, body=body))

    @reads_webhooks
    async def test_an_odd_field_is_unreadable_at_worst(self, plugin: Any, example: Example) -> None:
        """Each field once missing, empty, or of another type: what is told is well made."""
        for request in variants(example.request, ODD):
            await self._survives(plugin, request)

    @reads_webhooks
    async def test_hostile_words_are_unreadable_at_worst(
        self, plugin: Any, example: Example
    ) -> None:
        """Each field once RTL, emoji, line breaks, markup, 10 kB."""
        for request in variants(example.request, tuple(HOSTILE_NAMES.values())):
            await self._survives(plugin, request)

    @reads_webhooks
    @pytest.mark.parametrize("words", HOSTILE_TEXTS)
    async def test_a_text_comes_in_word_for_word(self, plugin: Any, words: str) -> None:
        """What the caller wrote is what the team reads."""
        request = self.text_saying(HOSTILE_TEXTS[words])
        if request is None:
            pytest.skip("this plugin reads no texts; if it does, override text_saying")
        events = (await self.read(plugin, request)).events
        said = [event.body for event in events if isinstance(event, TextReceived)]
        assert said == [HOSTILE_TEXTS[words]]

    async def _survives(self, plugin: Any, request: WebhookRequest) -> None:
        try:
            reading = await self.read(plugin, request)
        except (UnreadableWebhook, WebhookRejected):
            return
        for event in reading.events:
            assert wrong_in(event) == [], f"read from {request.body[:500]!r} {request.url[:500]}"
