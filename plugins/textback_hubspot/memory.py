"""What the plugin remembers: which contact a number has, and what may have been done already.

HubSpot's search shows new records only after a while, and two contacts with one phone number are
legal there.  So a number's contact is kept here, whatever concerns one number is done one after the
other, and what was begun without an answer is looked for before it is begun again.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Any

import attrs

from textback.errors import NotSent, Refused
from textback.model import PhoneNumber
from textback.services import Services

KEPT_S = 30 * 86_400.0  # longer than any step is tried again
LOOSE_S = 3600.0  # until the deal of a new case is there, or there will be none


@attrs.frozen(kw_only=True)
class Known:
    """The contact of a number.

    Attributes:
        made: textback made it.
        name: The name that textback gave it, which may be a caller ID: nobody is greeted by it.
    """

    id: str
    made: bool = False
    name: str | None = None


class Memory:
    """What is kept of one client's numbers, in its durable state.

    Args:
        services: Those of the plugin.
        lag_s: Seconds after which HubSpot surely shows what was written.
    """

    def __init__(self, services: Services, lag_s: float) -> None:
        self._state = services.state
        self._clock = services.clock
        self._lag_s = lag_s

    def lock(self, number: PhoneNumber) -> AbstractAsyncContextManager[None]:
        """One at a time for each number, in all processes."""
        return self._state.lock(f"number:{number}")

    async def contact(self, number: PhoneNumber) -> Known | None:
        """The contact that a number had last."""
        kept = await self._state.get(f"contact:{number}")
        return Known(**kept) if kept else None

    async def keep_contact(self, number: PhoneNumber, known: Known) -> None:
        """Remember a number's contact; its making is settled by that."""
        await self._state.set(f"contact:{number}", attrs.asdict(known))
        await self._state.delete(f"new:{number}")

    async def keep_found(self, number: PhoneNumber, contact: str) -> None:
        """Remember the contact that was found: it may be one whose making got no answer."""
        begun = await self._state.get(f"new:{number}") or {}
        await self.keep_contact(number, Known(id=contact, name=begun.get("name")))

    async def make_contact(
        self,
        number: PhoneNumber,
        name: str | None,
        make: Callable[[], Awaitable[str]],
        *,
        unique: bool,
    ) -> str:
        """Make a number's contact, which isn't to be found; its id.

        Args:
            number: The caller's.
            name: The name that it gets.
            make: Makes it.
            unique: HubSpot itself refuses a second one, so that nothing has to be waited for.

        Raises:
            Refused: It may have been made a moment ago and not be shown yet.
        """
        lag_s = 0.0 if unique else self._lag_s
        return await self._once(f"new:{number}", make, lag_s, about={"name": name})

    async def once(
        self,
        key: str,
        make: Callable[[], Awaitable[str]],
        look: Callable[[], Awaitable[str | None]],
    ) -> str:
        """Make a record under a key, once; its id.

        Args:
            key: The same for each try.
            make: Makes it.
            look: Finds what an earlier try may have made; asked only if there was one.

        Raises:
            Refused: It may have been made a moment ago and not be shown yet.
        """
        return await self._once(f"made:{key}", make, self._lag_s, look)

    async def deal(self, number: PhoneNumber) -> str | None:
        """The deal that a number's contact had last."""
        deal: str | None = await self._state.get(f"deal:{number}")
        return deal

    async def keep_deal(self, number: PhoneNumber, deal: str) -> None:
        """Remember it, so that activities are shown with it."""
        await self._state.set(f"deal:{number}", deal, ttl_s=KEPT_S)

    async def drop_deal(self, number: PhoneNumber) -> None:
        """It is gone."""
        await self._state.delete(f"deal:{number}")

    async def loose(self, number: PhoneNumber) -> list[tuple[str, str]]:
        """Type and id of activities that were logged before there was a deal."""
        kept = await self._state.get(f"loose:{number}")
        return [(kind, record) for kind, record in kept or ()]

    async def keep_loose(self, number: PhoneNumber, activities: list[tuple[str, str]]) -> None:
        """Remember them; none forgets them."""
        if activities:
            await self._state.set(f"loose:{number}", activities, ttl_s=LOOSE_S)
        else:
            await self._state.delete(f"loose:{number}")

    async def forget(self, number: PhoneNumber) -> None:
        """Forget everything about a number."""
        for what in ("contact", "new", "deal", "loose"):
            await self._state.delete(f"{what}:{number}")

    async def _once(
        self,
        key: str,
        make: Callable[[], Awaitable[str]],
        lag_s: float,
        look: Callable[[], Awaitable[str | None]] | None = None,
        about: Mapping[str, Any] | None = None,
    ) -> str:
        kept: dict[str, Any] = await self._state.get(key) or {}
        if "id" in kept:
            return str(kept["id"])
        now = self._clock.now().timestamp()
        made = None
        if "since" in kept:
            made = await look() if look is not None else None
            left_s = float(kept["since"]) + lag_s - now
            if made is None and left_s > 0:
                words = "HubSpot may have done it at an earlier try, and not show it yet"
                raise Refused(words, permanent=False, retry_after=left_s)
        if made is None:
            await self._state.set(key, {**(about or {}), "since": now}, ttl_s=KEPT_S)
            try:
                made = await make()
            except (NotSent, Refused):  # surely nothing was made
                await self._state.delete(key)
                raise
        await self._state.set(key, {"id": made}, ttl_s=KEPT_S)
        return made
