"""The account's numbers that send their calls or texts here: the lines of this client."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import attrs

from textback_twilio.api import Api


@attrs.frozen(kw_only=True)
class Number:
    """How one number is set up at Twilio; addresses are without their ``#`` part."""

    number: str
    voice_url: str
    fallback_url: str
    status_url: str
    sms_url: str
    application: bool  # calls go to a TwiML app or a SIP trunk, whatever voice_url says
    can_text: bool

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
        yield Number(
            number=str(entry.get("phone_number")),
            voice_url=_bare(entry.get("voice_url")),
            fallback_url=_bare(entry.get("voice_fallback_url")),
            status_url=_bare(entry.get("status_callback")),
            sms_url=_bare(entry.get("sms_url")),
            application=bool(entry.get("voice_application_sid") or entry.get("trunk_sid")),
            can_text=bool((entry.get("capabilities") or {}).get("sms")),
        )


async def our_numbers(api: Api, address: str) -> list[Number]:
    """Those that send their calls or texts to this plugin's address.

    Raises:
        Refused, NotSent, MaybeSent: Twilio didn't say.
    """
    return [number async for number in all_numbers(api) if number.comes_to(address)]


def _bare(url: Any) -> str:
    return str(url or "").partition("#")[0].partition("?")[0].rstrip("/")
