"""What every booking tool does."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar, Final
from urllib.parse import unquote_plus, urlsplit

import pytest

from textback.events import Booked, BookingCancelled
from textback.model import Caller, Case
from textback.testing.builders import a_case
from textback.testing.contracts.hostile import HOSTILE_NAMES
from textback.testing.contracts.webhooks import WebhookContract, reads_webhooks

LONGEST_LINK: Final = 2_000  # characters; browsers and servers take that much


class BookingContract(WebhookContract):
    """What every booking tool does; give a fixture ``booking``, and as `WebhookContract` says.

    Attributes:
        carries_case: Whether the link has the case's id in it, by which the webhook is matched.
    """

    carries_case: ClassVar[bool] = True

    @pytest.fixture
    @abstractmethod
    def booking(self) -> Any:
        """The plugin, made with `services`; where it needs answers, its provider has them."""

    @pytest.fixture
    def plugin(self, booking: Any) -> Any:
        """The same, under the name that all contracts share."""
        return booking

    async def test_gives_a_link(self, booking: Any) -> None:
        """A web address that can stand in a text, in which nothing has to be quoted."""
        await self._link(booking, a_case())

    async def test_the_link_carries_the_case(self, booking: Any) -> None:
        """So that the appointment is matched although the caller books under another number."""
        if not self.carries_case:
            pytest.skip("this tool gives nothing back")
        for case in (a_case(), a_case(id="case2", number=None, line=None)):
            assert case.id in unquote_plus(await self._link(booking, case))

    @pytest.mark.parametrize("name", HOSTILE_NAMES)
    async def test_no_name_bends_the_link(self, booking: Any, name: str) -> None:
        """Prefilled or left out: the host stays, the link is one line, and is not too long."""
        called = HOSTILE_NAMES[name]
        caller = Caller(name=called, first_name=called, email="a&b=c@example.com")
        link = await self._link(booking, a_case(caller=caller))
        assert urlsplit(link).netloc == urlsplit(await self._link(booking, a_case())).netloc

    @reads_webhooks
    async def test_a_cancellation_names_what_was_booked(self, booking: Any) -> None:
        """By the same id, also after it was moved."""
        events = [
            event
            for example in self.examples
            for event in (await self.read(booking, example.request)).events
        ]
        booked = {event.booking for event in events if isinstance(event, Booked)}
        cancelled = {event.booking for event in events if isinstance(event, BookingCancelled)}
        assert booked, "give an example of an appointment that is made"
        assert cancelled, "give an example of one that is called off"
        assert cancelled & booked, "give examples of one appointment that is made and called off"

    async def _link(self, booking: Any, case: Case) -> str:
        link = await booking.booking_link(case)
        assert isinstance(link, str)
        assert urlsplit(link).scheme in ("https", "http")
        assert urlsplit(link).netloc
        assert link.isascii()
        assert not set(link) & set(" \"'<>\\^`{|}\r\n\t")
        assert len(link) <= LONGEST_LINK
        return link
