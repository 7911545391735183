"""The plugin: which hook is answered where."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime

import attrs

from textback.errors import ProviderError, StoreError, UnreadableWebhook
from textback.events import Event, Reading, WebhookRequest, WebhookResponse
from textback.hookspecs import hookimpl
from textback.model import Addresses, CannotTell, Change, Finding, Kind, Receipt, Text
from textback.picture import Action, Picture, Verdict
from textback.services import Services
from textback_telnyx import checking, listing, sending, texts, voice
from textback_telnyx.api import Api
from textback_telnyx.commands import Commands
from textback_telnyx.connecting import Connecting
from textback_telnyx.ringing import Ringing
from textback_telnyx.settings import Settings
from textback_telnyx.webhook import Webhook, verified

TOPICS = ("voice", "sms", "sms-status")

TAKEN = WebhookResponse(200)
AGAIN = WebhookResponse(503, "not done; try again")


@attrs.frozen(eq=False)
class Telnyx:
    """Calls and texts of one Telnyx account."""

    api = 1

    settings: Settings
    services: Services
    _api: Api = attrs.field(init=False, repr=False)
    _ringing: Ringing = attrs.field(init=False, repr=False)

    @_api.default
    def _make_api(self) -> Api:
        return Api(self.settings, self.services)

    @_ringing.default
    def _make_ringing(self) -> Ringing:
        return Ringing(self.settings, self.services, Commands(self._api, self.settings))

    @hookimpl
    async def read_webhook(self, request: WebhookRequest) -> Reading:
        """Verify one event and say what happened; a live call is told what to do at once.

        The commands that it gets come before the commit: see `textback_telnyx.ringing`.

        Raises:
            WebhookRejected: It isn't signed with the account's key, or not lately.
            UnreadableWebhook: It lacks what belongs to it, or its address has an unknown topic.
        """
        webhook = verified(request, self.settings.public_key)
        if request.topic not in TOPICS:
            raise UnreadableWebhook(f"the address ends in none of: {', '.join(TOPICS)}")
        if webhook.kind.startswith("message."):
            return Reading(texts.told(webhook, self.services.lines), TAKEN)
        events = voice.told(webhook, self.settings, self.services.lines)
        if not self.services.plays("source"):
            return Reading(events, TAKEN)
        try:
            more = await self._ringing.act(webhook)
        except (ProviderError, StoreError) as error:
            self.services.log.warning("telnyx_command_missing", on=webhook.kind, error=str(error))
            return Reading(events, AGAIN)
        return Reading((*events, *more), TAKEN, live=self._rings(webhook))

    def _rings(self, webhook: Webhook) -> bool:
        """The phones ring now, whether the store can keep the beginning of the call or not."""
        rings = self.settings.detect == "ring" and self.settings.ring
        return bool(rings) and webhook.kind == "call.initiated"

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
        """Hand one text to Telnyx; see `textback_telnyx.sending.send`."""
        return await sending.send(self._api, self.settings, text)

    @hookimpl
    async def find_text(self, text: Text) -> Receipt | CannotTell:
        """Look for a text by our own id; see `textback_telnyx.sending.find`."""
        return await sending.find(self._api, text)

    @hookimpl
    async def list_calls(self, since: datetime) -> AsyncIterator[Event]:
        """Find what webhooks that never came would have told; see `textback_telnyx.listing`."""
        async for event in listing.calls(self._api, self.settings, self.services.lines, since):
            yield event

    @hookimpl
    async def list_texts(self, since: datetime) -> AsyncIterator[Event]:
        """Find texts in and out, and opt-outs; see `textback_telnyx.listing.messages`."""
        async for event in listing.messages(self._api, self.settings, self.services.lines, since):
            yield event

    @hookimpl
    async def check(self) -> list[Finding]:
        """Whether the account is set up; see `textback_telnyx.checking`."""
        return await checking.check(self._api, self.settings, self.services)

    @hookimpl
    async def connect(self, addresses: Addresses, dry_run: bool) -> list[Change]:
        """Set our addresses at the client's application and profiles; see `Connecting`."""
        run = Connecting(self._api, self.settings, self.services, addresses, dry_run)
        return await run.everything()
