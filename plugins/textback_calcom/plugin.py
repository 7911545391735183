"""The plugin: which hook is answered where."""

from __future__ import annotations

import attrs

from textback.errors import UnreadableWebhook
from textback.events import Reading, WebhookRequest
from textback.hookspecs import hookimpl
from textback.model import Addresses, Case, Change, Finding
from textback.services import Services
from textback_calcom import checking, connecting, link, reading, signature
from textback_calcom.api import Api
from textback_calcom.payload import Told
from textback_calcom.settings import Settings


@attrs.frozen(eq=False)
class CalCom:
    """One booking page of Cal.com's, theirs or hosted by oneself."""

    api = 1

    settings: Settings
    services: Services
    _api: Api = attrs.field(init=False, repr=False)

    @_api.default
    def _make_api(self) -> Api:
        return Api(self.settings, self.services)

    @hookimpl
    async def booking_link(self, case: Case) -> str | None:
        """The booking page, with the case and the caller's number in it."""
        return link.booking_link(self.settings, case)

    @hookimpl
    async def read_webhook(self, request: WebhookRequest) -> Reading:
        """Verify one webhook and read it; see `textback_calcom.reading`.

        Raises:
            WebhookRejected: It isn't signed with ``webhook_secret``.
            UnreadableWebhook: It isn't in Cal.com's own format.
        """
        signature.check(request, self.settings.webhook_secret)
        if request.topic:
            raise UnreadableWebhook("the address ends with the plugin's name")
        told = Told.of(request)
        return Reading(await reading.read(told, self.settings, self.services.state))

    @hookimpl
    async def connect(self, addresses: Addresses, dry_run: bool) -> list[Change]:
        """Make the webhook, or mend it; see `textback_calcom.connecting`."""
        return await connecting.connect(self._api, self.settings, addresses, dry_run=dry_run)

    @hookimpl
    async def check(self) -> list[Finding]:
        """Whether key, event type and webhook are right; see `textback_calcom.checking`."""
        return await checking.check(self._api, self.settings, self.services)
