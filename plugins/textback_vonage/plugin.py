"""The plugin: which hook is answered where."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime

import attrs

from textback.errors import UnreadableWebhook
from textback.events import Event, Reading, WebhookRequest, WebhookResponse
from textback.hookspecs import hookimpl
from textback.model import Addresses, CannotTell, Change, Finding, Kind, Receipt, Text
from textback.picture import Action, Picture, Verdict
from textback.services import Services
from textback_vonage import (
    checking,
    connecting,
    listing,
    parts,
    reports,
    sending,
    texts,
    voice,
    whisper,
)
from textback_vonage.api import Api
from textback_vonage.settings import Settings
from textback_vonage.webhook import Webhook, verified

READERS: Mapping[str, Callable[[Webhook], Reading]] = {
    "answer": voice.called,
    "event": voice.happened,
    "recording": voice.recorded,
    "consent": voice.agreed,
    "whisper": whisper.picked_up,
    "sms-status": texts.status,
}
TOPICS = (*READERS, "sms", "whisper-digits", "next")


@attrs.frozen(eq=False)
class Vonage:
    """Calls and texts of one Vonage account; its calls are those of one application."""

    api = 1

    settings: Settings
    services: Services
    _api: Api = attrs.field(init=False, repr=False)

    @_api.default
    def _make_api(self) -> Api:
        return Api(self.settings, self.services)

    @hookimpl
    async def read_webhook(self, request: WebhookRequest) -> Reading:
        """Verify one request of Vonage's and read it by its topic, one of `TOPICS`.

        Raises:
            WebhookRejected: It isn't signed with a secret of ours, is old, or is about another
                account.
            UnreadableWebhook: It has an unknown topic, or lacks what belongs to it.
        """
        if _is_probe(request):
            return Reading(response=WebhookResponse(200))
        webhook = verified(request, self.settings, self.services.address)
        reading = await self._read(webhook, request.topic)
        # Who waits on the phone is answered as often as Vonage asks; it changes nothing.
        return reading if reading.live else attrs.evolve(reading, once=webhook.once)

    async def _read(self, webhook: Webhook, topic: str) -> Reading:
        match topic:
            case "sms":
                return await parts.read(webhook, self.services)
            case "whisper-digits":
                return await whisper.answered(webhook, self._api, self.services)
            case "next":
                return await whisper.onward(webhook, self.services)
        read = READERS.get(topic)
        if read is None:
            raise UnreadableWebhook(f"the address ends in none of: {', '.join(TOPICS)}")
        if topic == "event" and webhook.maybe("reason"):
            self.services.log.warning("vonage complains", reason=webhook.fields["reason"][:200])
        return read(webhook)

    @hookimpl
    def judge(self, picture: Picture) -> Verdict | None:
        """The phones that ring here are the business's own: no caller is behind them."""
        if picture.kind is not Kind.FIRST or picture.to not in self.settings.ring:
            return None
        return Verdict(
            rule=self.services.plugin,
            action=Action.SUPPRESS,
            because="it is one of the business's own phones, which ring when the line is called",
        )

    @hookimpl
    async def send_text(self, text: Text) -> Receipt:
        """Hand one text to Vonage; see `textback_vonage.sending.send`."""
        return await sending.send(self._api, self.settings, text)

    @hookimpl
    async def find_text(self, text: Text) -> Receipt | CannotTell:
        """Look for a text in the reports; see `textback_vonage.reports.find`."""
        return await reports.find(self._api, self.settings, text)

    @hookimpl
    async def list_calls(self, since: datetime) -> AsyncIterator[Event]:
        """Find calls whose webhooks never came; see `textback_vonage.listing.calls`."""
        async for event in listing.calls(self._api, self.settings, since):
            yield event

    @hookimpl
    async def list_texts(self, since: datetime) -> AsyncIterator[Event]:
        """Find texts in and out; see `textback_vonage.reports.texts`."""
        lines, clock = self.services.lines, self.services.clock
        async for event in reports.texts(self._api, self.settings, lines, clock, since):
            yield event

    @hookimpl
    async def check(self) -> list[Finding]:
        """Whether account and application are set up; see `textback_vonage.checking`."""
        return await checking.check(self._api, self.settings, self.services)

    @hookimpl
    async def connect(self, addresses: Addresses, dry_run: bool) -> list[Change]:
        """Set our addresses at the client's application; see `textback_vonage.connecting`."""
        return await connecting.connect(
            self._api, self.settings, self.services, addresses, dry_run=dry_run
        )


def _is_probe(request: WebhookRequest) -> bool:
    """Vonage asks an address for inbound SMS whether it is there before it takes it.

    Nothing is in such a request, and nothing is told by the answer.
    https://developer.vonage.com/en/api/numbers, moHttpUrl
    """
    bare = not request.body and "?" not in request.url and "authorization" not in request.headers
    return request.method == "GET" and request.topic == "sms" and bare
