"""The plugin: which hook is answered where."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping
from datetime import datetime

import attrs

from textback.errors import UnreadableWebhook
from textback.events import Event, Reading, WebhookRequest
from textback.hookspecs import hookimpl
from textback.model import Addresses, CannotTell, Change, Finding, Kind, Receipt, Text
from textback.picture import Action, Picture, Verdict
from textback.services import Services
from textback_twilio import checking, connecting, listing, sending, status, texts, voice
from textback_twilio.api import Api
from textback_twilio.settings import Settings
from textback_twilio.webhook import Webhook, verified

TOPICS: Mapping[str, Callable[[Webhook], Reading]] = {
    "voice": voice.called,
    "forwarded": voice.forwarded,
    "dial": voice.dialled,
    "recording": voice.recorded,
    "consent": voice.agreed,
    "whisper": voice.picked_up,
    "whisper-digits": voice.pressed,
    "status": status.told,
    "sms": texts.received,
    "sms-status": texts.status,
}


@attrs.frozen(eq=False)
class Twilio:
    """Calls and texts of one Twilio account; an API key is not needed, its auth token is."""

    api = 1

    settings: Settings
    services: Services
    _api: Api = attrs.field(init=False, repr=False)

    @_api.default
    def _make_api(self) -> Api:
        return Api(self.settings, self.services)

    @hookimpl
    async def read_webhook(self, request: WebhookRequest) -> Reading:
        """Verify one request of Twilio's and read it by its topic, one of `TOPICS`.

        Raises:
            WebhookRejected: It isn't signed with a token of ours, or is about another account.
            UnreadableWebhook: It has an unknown topic, or lacks what belongs to it.
        """
        webhook = verified(request, self.settings, self.services.address)
        read = TOPICS.get(request.topic)
        if read is None:
            raise UnreadableWebhook(f"the address ends in none of: {', '.join(TOPICS)}")
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
        """Hand one text to Twilio; see `textback_twilio.sending.send`."""
        return await sending.send(self._api, self.settings, text)

    @hookimpl
    async def find_text(self, text: Text) -> Receipt | CannotTell:
        """Look for a text among those listed; see `textback_twilio.sending.find`."""
        return await sending.find(self._api, self.settings, text)

    @hookimpl
    async def list_calls(self, since: datetime) -> AsyncIterator[Event]:
        """Find calls whose webhooks never came; see `textback_twilio.listing.calls`."""
        async for event in listing.calls(self._api, self.settings, self.services.lines, since):
            yield event

    @hookimpl
    async def list_texts(self, since: datetime) -> AsyncIterator[Event]:
        """Find texts in and out; see `textback_twilio.listing.texts`."""
        async for event in listing.texts(self._api, self.settings, self.services.lines, since):
            yield event

    @hookimpl
    async def check(self) -> list[Finding]:
        """Whether the account and its numbers are set up; see `textback_twilio.checking`."""
        return await checking.check(self._api, self.settings, self.services)

    @hookimpl
    async def connect(self, addresses: Addresses, dry_run: bool) -> list[Change]:
        """Set our addresses at the client's numbers; see `textback_twilio.connecting`."""
        return await connecting.connect(
            self._api, self.settings, self.services, addresses, dry_run=dry_run
        )
