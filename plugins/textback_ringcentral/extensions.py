"""Extensions: which of them are people, and which are machines that lead to people."""

from __future__ import annotations

import asyncio
from typing import Final

from textback.errors import ProviderError
from textback.services import Services
from textback_ringcentral.api import ACCOUNT, Api
from textback_ringcentral.webhook import WITHIN_S

# A queue, a menu, a greeting, a mailbox: what they "answer" nobody has answered.  Of all others,
# also of those that are added one day, we say that a person took the call.
# https://developers.ringcentral.com/guide/account/extensions
MACHINES: Final = frozenset(
    {
        "Announcement",
        "AnnouncementOnly",
        "Department",  # a call queue
        "IvrMenu",
        "PagingOnly",
        "ParkLocation",
        "Site",
        "TakeMessageOnly",
        "Voicemail",
    }
)

KEPT_S: Final = 86_400.0


class Extensions:
    """The extensions of one account, each looked up once a day."""

    def __init__(self, api: Api, services: Services) -> None:
        self._api = api
        self._services = services

    async def is_machine(self, extension: str) -> bool:
        """Whether it is none of a person; if nobody can tell, it is a person's."""
        if not (
            extension.isascii() and extension.isdigit()
        ):  # no id of theirs: it goes into a path
            return False
        key = f"extension/{extension}"
        kind: str | None = await self._services.state.get(key)
        if kind is None:
            kind = await self._look_up(extension)
            if kind is not None:
                await self._services.state.set(key, kind, ttl_s=KEPT_S)
        return kind in MACHINES

    async def _look_up(self, extension: str) -> str | None:
        try:
            async with asyncio.timeout(WITHIN_S):
                told = await self._api.get(f"{ACCOUNT}/extension/{extension}")
        except (ProviderError, TimeoutError) as error:
            self._services.log.warning(
                "ringcentral_extension_unknown", extension=extension, error=str(error)
            )
            return None
        kind = told.get("type")
        return kind if isinstance(kind, str) else None
