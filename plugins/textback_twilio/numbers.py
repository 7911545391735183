"""The account's numbers, and how each is set up."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Any

import attrs

from textback_twilio.api import Api


@attrs.frozen(kw_only=True)
class Number:
    """How one number is set up at Twilio.

    Attributes:
        told: The resource as Twilio tells it, for what the properties leave out.
    """

    sid: str
    number: str
    told: Mapping[str, Any] = attrs.field(repr=False)

    @property
    def voice_url(self) -> str:
        """Where calls go; this and the other addresses are without their ``#`` part."""
        return _bare(self.told.get("voice_url"))

    @property
    def fallback_url(self) -> str:
        """Where calls go when that fails."""
        return _bare(self.told.get("voice_fallback_url"))

    @property
    def status_url(self) -> str:
        """Where it is told how a call stands."""
        return _bare(self.told.get("status_callback"))

    @property
    def sms_url(self) -> str:
        """Where texts go."""
        return _bare(self.told.get("sms_url"))

    @property
    def voice_elsewhere(self) -> bool:
        """Calls go to a TwiML app or a SIP trunk, whatever `voice_url` says."""
        return bool(self.told.get("voice_application_sid") or self.told.get("trunk_sid"))

    @property
    def texts_elsewhere(self) -> bool:
        """Texts go to a TwiML app, whatever `sms_url` says."""
        return bool(self.told.get("sms_application_sid"))

    @property
    def can_text(self) -> bool:
        """Whether it can send texts."""
        return bool((self.told.get("capabilities") or {}).get("sms"))

    def comes_to(self, address: str) -> bool:
        """Whether it sends anything to this address or to one of its topics."""
        mine = f"{address}/"
        return any(url.startswith(mine) for url in (self.voice_url, self.status_url, self.sms_url))


async def all_numbers(api: Api) -> AsyncIterator[Number]:
    """Yield the numbers of the account.

    Raises:
        Refused, NotSent, MaybeSent: Twilio didn't say.
    """
    async for entry in api.pages("IncomingPhoneNumbers.json", "incoming_phone_numbers", {}):
        yield Number(sid=str(entry.get("sid")), number=str(entry.get("phone_number")), told=entry)


def _bare(url: Any) -> str:
    return str(url or "").partition("#")[0].partition("?")[0].rstrip("/")
