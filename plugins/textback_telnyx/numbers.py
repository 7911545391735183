"""The account's numbers, the application that calls come through, the profiles that texts do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import attrs

from textback.model import PhoneNumber
from textback_telnyx.api import Api

API_VERSION = "2"


@attrs.frozen(kw_only=True)
class Number:
    """How one number is set up at Telnyx.

    Attributes:
        told: The resource as Telnyx tells it.
    """

    id: str
    number: str
    told: Mapping[str, Any] = attrs.field(repr=False)

    @property
    def application(self) -> str:
        """The application or connection that its calls go to; empty if there is none."""
        return str(self.told.get("connection_id") or "")

    @property
    def profile(self) -> str:
        """The messaging profile that its texts go by; empty if there is none."""
        return str(self.told.get("messaging_profile_id") or "")


async def find_numbers(api: Api, wanted: Iterable[PhoneNumber]) -> dict[str, Number]:
    """Those of the wanted numbers that the account has.

    Raises:
        Refused, NotSent, MaybeSent: Telnyx didn't say.
    """
    found = {}
    for number in wanted:
        # Only digits are compared, and a part of a number is enough.
        query = {"filter[phone_number]": number.removeprefix("+")}
        async for entry in api.pages("phone_numbers", query):
            if entry.get("phone_number") == number:
                found[str(number)] = Number(id=str(entry.get("id")), number=number, told=entry)
    return found


async def find_application(api: Api, application: str) -> dict[str, Any]:
    """The Voice API application; raises as `find_numbers`."""
    return await api.show(f"call_control_applications/{application}")


async def find_profile(api: Api, profile: str) -> dict[str, Any]:
    """A messaging profile; raises as `find_numbers`."""
    return await api.show(f"messaging_profiles/{profile}")
