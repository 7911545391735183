"""The plugin: which hook is answered where."""

from __future__ import annotations

import attrs

from textback.errors import UnreadableWebhook
from textback.events import Reading, WebhookRequest
from textback.hookspecs import hookimpl
from textback.model import Addresses, Case, Change, Finding
from textback.services import Services
from textback_calendly import checking, connecting, link, reading, signature
from textback_calendly.api import Api
from textback_calendly.settings import Settings


@attrs.frozen(eq=False)
class Calendly:
    """One scheduling page of Calendly's."""

    api = 1

    settings: Settings
    services: Services
    _api: Api = attrs.field(init=False, repr=False)

    @_api.default
    def _make_api(self) -> Api:
        return Api(self.settings, self.services)

    @hookimpl
    async def booking_link(self, case: Case) -> str | None:
        """The scheduling page, with the case and the caller's number in it."""
        return link.booking_link(self.settings, case)

    @hookimpl
    async def read_webhook(self, request: WebhookRequest) -> Reading:
        """Verify one webhook and read it; see `textback_calendly.reading`.

        Raises:
            WebhookRejected: It isn't signed with ``signing_key``, or was long ago.
            UnreadableWebhook: It isn't in Calendly's format.
        """
        signature.check(request, self.settings.signing_key, self.settings.max_age_s)
        if request.topic:
            raise UnreadableWebhook("the address ends with the plugin's name")
        return Reading(await reading.read(request, self.settings, self._api))

    @hookimpl
    async def connect(self, addresses: Addresses, dry_run: bool) -> list[Change]:
        """Make the webhook subscription; see `textback_calendly.connecting`."""
        return await connecting.connect(
            self._api, self.settings, self.services.state, addresses, dry_run=dry_run
        )

    @hookimpl
    async def maintain(self) -> None:
        """Make a webhook anew that Calendly has disabled; see `textback_calendly.connecting`."""
        if self._api.has_token:
            await connecting.renew(self._api, self.settings, self.services)

    @hookimpl
    async def check(self) -> list[Finding]:
        """Whether token, event type and webhook are right; see `textback_calendly.checking`."""
        return await checking.check(self._api, self.settings, self.services)
