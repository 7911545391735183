"""The plugin: which hook is answered where."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final

import attrs

from textback.errors import ProviderError
from textback.events import Event, Reading, WebhookRequest
from textback.hookspecs import hookimpl
from textback.model import Addresses, CannotTell, Change, Finding, PhoneNumber, Receipt, Text
from textback.services import Services
from textback_ringcentral import (
    checking,
    listing,
    sending,
    sessions,
    subscription,
    texts,
    webhook,
)
from textback_ringcentral.api import Api
from textback_ringcentral.extensions import Extensions
from textback_ringcentral.settings import Settings
from textback_ringcentral.webhook import Notification

REMEMBERED_S: Final = 6 * 3600.0  # which line a session called


@attrs.frozen(eq=False)
class RingCentral:
    """Calls and texts of one RingCentral account, as the user whose JWT credential it has."""

    api = 1

    settings: Settings
    services: Services
    _api: Api = attrs.field(init=False, repr=False)
    _extensions: Extensions = attrs.field(init=False, repr=False)

    @_api.default
    def _make_api(self) -> Api:
        return Api(self.settings, self.services)

    @_extensions.default
    def _make_extensions(self) -> Extensions:
        return Extensions(self._api, self.services)

    @hookimpl
    async def read_webhook(self, request: WebhookRequest) -> Reading:
        """Read one notification, or give RingCentral the proof that its address is ours.

        Raises:
            WebhookRejected: It doesn't have the word that was agreed on.
            UnreadableWebhook: It isn't in RingCentral's format.
        """
        proof = webhook.proof_of_will(request)
        if proof is not None:
            return proof
        told = webhook.verified(request, self.settings, self.services.address)
        return Reading(await self._events(told), webhook.TAKEN)

    @hookimpl
    async def send_text(self, text: Text) -> Receipt:
        """Hand one text to RingCentral; see `textback_ringcentral.sending.send`."""
        return await sending.send(self._api, self.settings, text)

    @hookimpl
    async def find_text(self, text: Text) -> Receipt | CannotTell:
        """Look for a text among those stored; see `textback_ringcentral.sending.find`."""
        return await sending.find(self._api, self.settings, text)

    @hookimpl
    async def list_calls(self, since: datetime) -> AsyncIterator[Event]:
        """Find calls in the call log; see `textback_ringcentral.listing`."""
        async for event in listing.calls(self._api, self.services.lines, since):
            yield event

    @hookimpl
    async def list_texts(self, since: datetime) -> AsyncIterator[Event]:
        """Find texts in and out; see `textback_ringcentral.texts.listed`."""
        async for event in texts.listed(self._api, self._numbers, since):
            yield event

    @hookimpl
    async def maintain(self) -> None:
        """Renew the subscription, or make it anew; see `textback_ringcentral.subscription`."""
        services = self.services
        for change in await subscription.keep(self._api, self.settings, services, services.address):
            services.log.warning(
                "ringcentral_subscription_changed", what=change.what, before=change.before
            )

    @hookimpl
    async def connect(self, addresses: Addresses, dry_run: bool) -> list[Change]:
        """Make the subscription now; RingCentral asks our address, so it must be served."""
        return await subscription.keep(
            self._api, self.settings, self.services, addresses.base, dry_run=dry_run
        )

    @hookimpl
    async def check(self) -> list[Finding]:
        """Whether account, numbers and subscription are as they must be."""
        return await checking.check(self._api, self.settings, self.services)

    @property
    def _numbers(self) -> tuple[PhoneNumber, ...]:
        """Those that texts come to and leave from."""
        own = self.settings.from_number
        return self.services.lines if own is None else (*self.services.lines, own)

    async def _events(self, told: Notification) -> tuple[Event, ...]:
        if "/telephony/sessions" in told.about:
            return await self._session(told)
        if "/message-store/instant" in told.about:
            text = texts.received(told.body, self._numbers, told.at)
            return () if text is None else (text,)
        if "/message-store" in told.about:
            return await self._statuses(told)
        return ()

    async def _session(self, told: Notification) -> tuple[Event, ...]:
        session, lines = sessions.read(told.body, told.at), self.services.lines
        line = await self._line(session)
        return await sessions.told(session, line, lines, self._extensions.is_machine)

    async def _line(self, session: sessions.Session) -> PhoneNumber | None:
        """The line that a session called: later parties may show an extension's number only."""
        state, key = self.services.state, f"line/{session.id}"
        known: PhoneNumber | None = await state.get(key)
        if known is None:
            known = sessions.line_of(session, self.services.lines)
            if known is not None:
                await state.set(key, known, ttl_s=REMEMBERED_S)
        return known

    async def _statuses(self, told: Notification) -> tuple[Event, ...]:
        """What became of texts; if RingCentral doesn't say now, the next notification brings it."""
        try:
            async with asyncio.timeout(webhook.WITHIN_S):
                return tuple(await texts.changed(self._api, told.body, self._numbers, told.at))
        except (ProviderError, TimeoutError) as error:
            self.services.log.warning("ringcentral_statuses_unknown", error=str(error))
            return ()
