"""Set our addresses at the client's application and messaging profiles, and its numbers to them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import attrs

from textback.errors import Refused
from textback.model import Addresses, Change
from textback.services import Services
from textback_telnyx.api import Api
from textback_telnyx.numbers import (
    API_VERSION,
    Number,
    find_application,
    find_numbers,
    find_profile,
)
from textback_telnyx.settings import Settings

WEBHOOK_WITHIN_S = 5
"""Telnyx's own 2 s are short for a command and a commit; more keeps callers from the fallback."""

_WORDS = {
    "webhook_event_url": "send a webhook to the URL",
    "webhook_event_failover_url": "failover URL",
    "webhook_api_version": "webhook API version",
    "webhook_timeout_secs": "webhook timeout",
    "webhook_url": "inbound settings, webhook URL",
    "connection_id": "application",
    "messaging_profile_id": "messaging profile",
}


@attrs.frozen
class Connecting:
    """One run of `connect`."""

    api: Api
    settings: Settings
    services: Services
    addresses: Addresses
    dry_run: bool

    async def everything(self) -> list[Change]:
        """Set what differs and say what it was; with *dry_run*, only say so.

        The lines that the account doesn't own are left out: `check` speaks of them.

        Raises:
            Refused: Telnyx said no, or something would be taken away from another client.
            NotSent, MaybeSent: There was no whole answer.
        """
        lines, settings = self.addresses.lines, self.settings
        extra = [settings.from_number] if settings.from_number else []
        numbers = await find_numbers(self.api, dict.fromkeys([*lines, *extra]))
        changes: list[Change] = []
        if self.services.plays("source") and settings.application_id:
            changes += await self._application(settings.application_id)
            for number in numbers.values():
                if number.number in lines:
                    changes += await self._number(number, "", "connection_id")
        if self.services.plays("sender"):
            senders = [n for n in numbers.values() if n.number in (extra or lines)]
            wanted = settings.messaging_profile_id
            for profile in dict.fromkeys(wanted or number.profile for number in senders):
                changes += await self._profile(profile) if profile else []
            for number in senders if wanted else ():
                changes += await self._number(number, "/messaging", "messaging_profile_id")
        return changes

    async def _application(self, application: str) -> list[Change]:
        told = await find_application(self.api, application)
        name = str(told.get("application_name") or application)
        self._leave_others(told.get("webhook_event_url"), f"calls of {name}", "voice")
        wanted = {
            "webhook_event_url": self.addresses.topic("voice"),
            "webhook_api_version": API_VERSION,
            "webhook_timeout_secs": WEBHOOK_WITHIN_S,
        }
        if self.settings.fallback_url:
            wanted["webhook_event_failover_url"] = self.settings.fallback_url
        return await self._set(
            f"call_control_applications/{application}",
            name,
            told,
            wanted,
            # Telnyx wants both in any change.
            {"application_name": name, "webhook_event_url": wanted["webhook_event_url"]},
        )

    async def _profile(self, profile: str) -> list[Change]:
        told = await find_profile(self.api, profile)
        name = f"messaging profile {told.get('name') or profile}"
        self._leave_others(told.get("webhook_url"), f"replies to {name}", "sms")
        wanted = {"webhook_url": self.addresses.topic("sms"), "webhook_api_version": API_VERSION}
        return await self._set(f"messaging_profiles/{profile}", name, told, wanted)

    async def _number(self, number: Number, part: str, field: str) -> list[Change]:
        settings = self.settings
        connection = field == "connection_id"
        wanted = settings.application_id if connection else settings.messaging_profile_id
        resource = f"phone_numbers/{number.id}{part}"
        return await self._set(resource, number.number, number.told, {field: wanted})

    async def _set(
        self,
        resource: str,
        what: str,
        told: Mapping[str, Any],
        wanted: Mapping[str, Any],
        always: Mapping[str, Any] | None = None,
    ) -> list[Change]:
        differing = {key: value for key, value in wanted.items() if told.get(key) != value}
        if differing and not self.dry_run:
            await self.api.update(resource, {**(always or {}), **differing})
        return [
            Change(f"{what}: {_WORDS[key]}", _shown(told.get(key)), str(value))
            for key, value in differing.items()
        ]

    def _leave_others(self, url: Any, what: str, topic: str) -> None:
        """An application or profile has one address, so each client needs its own.

        Raises:
            Refused: What comes through it goes to another client of this installation.
        """
        now, ours = urlsplit(str(url or "")), urlsplit(self.addresses.base)
        home = ours.path.rsplit("/", 2)[0] + "/"  # where all clients' addresses begin
        elsewhere = now.path != f"{ours.path}/{topic}" and now.path.startswith(home)
        if now.netloc == ours.netloc and elsewhere:
            raise Refused(
                f"{what} go to {now.path}, another client or plugin; make one of its own for "
                f"{self.services.client} in the portal, and name it in the client's file",
                permanent=True,
            )


def _shown(value: Any) -> str | None:
    return None if value in (None, "") else str(value)
