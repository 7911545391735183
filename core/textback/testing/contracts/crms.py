"""What every CRM does."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any, Final, Protocol

import attrs
import pytest

from textback.clock import Clock
from textback.errors import MaybeSent, ProviderError
from textback.model import Activity, ActivityKind, CrmRef, Lead, PhoneNumber
from textback.plugins.anatomy import hooks_of
from textback.services import Services
from textback.testing.asking import ask
from textback.testing.builders import a_call, a_lead, an_activity
from textback.testing.clock import VirtualClock
from textback.testing.contracts.hostile import HOSTILE, HOSTILE_NAMES
from textback.testing.contracts.over_http import OverHttp
from textback.testing.fixtures import Provider

MOST_REQUESTS: Final = 12  # of one hook
_NUMBERS: Final = tuple(
    f"+1303555{number:04}" for number in range(110, 110 + MOST_REQUESTS + 1)
)  # one more to do


class Book(Protocol):
    """What a CRM, or its stand-in, holds: how many records of each kind."""

    @property
    def contacts(self) -> int:
        """All contacts."""

    @property
    def deals(self) -> int:
        """All deals; 0 if the plugin makes none."""

    @property
    def activities(self) -> int:
        """All calls, texts, replies and bookings that are logged."""


class CrmContract(OverHttp):
    """What every CRM does; give a fixture ``crm``, and ``book`` to look into what it holds.

    ``book`` has the numbers ``contacts``, ``deals`` and ``activities``.

    `provider` stands for the CRM: give it a little CRM of your own as ``provider.response``, a
    function that takes a request and gives a response.  A CRM that asks nobody by ``services.http``
    has ``over_http = False``.
    """

    async def ask(self, plugin: Any) -> Any:
        """Save a contact."""
        return await _save(plugin, a_lead(), "key1")

    @pytest.fixture
    @abstractmethod
    def crm(self) -> Any:
        """The plugin, made with `services`; where it needs answers, its provider has them."""

    @pytest.fixture
    def plugin(self, crm: Any) -> Any:
        """The same, under the name that all contracts share."""
        return crm

    @pytest.fixture
    def book(self) -> Book | None:
        """What the CRM holds; None if that can't be seen."""
        return None

    # ── what is kept ────────────────────────────────────────────────────────────────────────────

    async def test_gives_the_contacts_id(self, crm: Any) -> None:
        """The reference is what later steps address the contact by."""
        ref = await _save(crm, a_lead(), "key1")
        assert isinstance(ref.id, str)
        assert ref.id

    async def test_same_key_same_contact(self, crm: Any) -> None:
        """A step whose answer was lost is done again: it must find what it made."""
        first = await _save(crm, a_lead(), "key1")
        assert await _save(crm, a_lead(), "key1") == first

    async def test_another_call_is_no_other_contact(self, crm: Any, book: Book | None) -> None:
        """A caller who calls again, under another key, is known by the number."""
        first = await _save(crm, a_lead(), "key1")
        before = _seen(book).contacts
        assert (await _save(crm, a_lead(case="case2"), "key2")).id == first.id
        assert _seen(book).contacts == before

    async def test_takes_a_lead_of_which_little_is_known(self, crm: Any) -> None:
        """A number is enough: most callers are nothing but that."""
        lead = a_lead(tag=None, stage=None, fields={}, line=None)
        assert (await _save(crm, lead, "key1")).id

    @pytest.mark.parametrize("name", HOSTILE_NAMES)
    async def test_takes_whatever_a_caller_is_called(self, crm: Any, name: str) -> None:
        """RTL, emoji, line breaks, 10 kB: saved, or refused for good, and never a crash."""
        called = HOSTILE_NAMES[name]
        try:
            ref = await _save(crm, a_lead(name=called, fields={"note": called}), "key1")
            await _log(crm, ref, an_activity(body=called), "key2")
        except ProviderError as error:
            assert error.permanent  # noqa: PT017 (to be saved is as well)

    async def test_logs_an_activity_twice_without_complaint(
        self, crm: Any, book: Book | None
    ) -> None:
        """The same key again is no error, and no second record."""
        ref = await _save(crm, a_lead(), "key1")
        await _log(crm, ref, an_activity(), "key2")
        before = _seen(book).activities
        await _log(crm, ref, an_activity(), "key2")
        assert _seen(book).activities == before

    @pytest.mark.parametrize("kind", ActivityKind)
    async def test_logs_every_kind(self, crm: Any, kind: ActivityKind) -> None:
        """Also one of which there is nothing to say."""
        ref = await _save(crm, a_lead(), "key1")
        full = an_activity(kind=kind, body=HOSTILE, incoming=False)
        bare = an_activity(kind=kind, line=None, outcome=None, duration_ms=None)
        await _log(crm, ref, full, "key2")
        await _log(crm, ref, bare, "key3")

    # ── what is lost ────────────────────────────────────────────────────────────────────────────

    async def test_a_lost_answer_makes_no_second_contact(
        self, crm: Any, book: Book | None, provider: Provider, services: Services
    ) -> None:
        """Whichever request's answer is lost: one contact in the end."""

        async def save(lead: Lead, key: str) -> None:
            await _save(crm, lead, key)

        await _losing(provider, services.clock, lambda: _needed(book).contacts, save)

    async def test_a_lost_answer_makes_no_second_deal(
        self, crm: Any, book: Book | None, provider: Provider, services: Services
    ) -> None:
        """As for contacts."""
        if "save_deal" not in hooks_of(type(crm)):
            pytest.skip("this CRM has no save_deal")
        refs = [await _save(crm, lead, f"contact/{lead.number}") for lead in _leads()]
        by_number = dict(zip(_NUMBERS, refs, strict=True))

        async def save(lead: Lead, key: str) -> None:
            await ask(crm, "save_deal", ref=by_number[lead.number], lead=lead, key=key)

        await _losing(provider, services.clock, lambda: _needed(book).deals, save)

    async def test_a_lost_answer_makes_no_second_record(
        self, crm: Any, book: Book | None, provider: Provider, services: Services
    ) -> None:
        """As for contacts: a call is in the log once."""
        refs = [await _save(crm, lead, f"contact/{lead.number}") for lead in _leads()]
        by_number = dict(zip(_NUMBERS, refs, strict=True))

        async def log(lead: Lead, key: str) -> None:
            activity = an_activity(number=lead.number)
            await _log(crm, by_number[lead.number], activity, key)

        await _losing(provider, services.clock, lambda: _needed(book).activities, log)

    # ── who calls ───────────────────────────────────────────────────────────────────────────────

    async def test_a_withheld_number_is_nobodys(self, crm: Any, provider: Provider) -> None:
        """There is nothing to look for, so nobody is asked."""
        if "identify_caller" not in hooks_of(type(crm)):
            pytest.skip("this CRM has no identify_caller")
        asked = len(provider.requests)
        assert await crm.identify_caller(a_call(caller=None, caller_raw="anonymous")) is None
        assert len(provider.requests) == asked


async def _save(crm: Any, lead: Lead, key: str) -> CrmRef:
    ref = await ask(crm, "save_contact", lead=lead, key=key)
    assert isinstance(ref, CrmRef)
    return ref


async def _log(crm: Any, ref: CrmRef, activity: Activity, key: str) -> None:
    await ask(crm, "log_activity", ref=ref, activity=activity, key=key)


@attrs.frozen
class _Blind:
    """A book that can't be looked into."""

    contacts: int = 0
    deals: int = 0
    activities: int = 0


def _seen(book: Book | None) -> Book:
    return book if book is not None else _Blind()


def _needed(book: Book | None) -> Book:
    if book is None:
        pytest.skip("give a fixture book, to look into what the CRM holds")
    return book


def _leads() -> list[Lead]:
    return [a_lead(number=PhoneNumber(each), case=f"case{each[-3:]}") for each in _NUMBERS]


async def _again(
    do: Callable[[Lead, str], Awaitable[None]], lead: Lead, key: str, clock: Clock
) -> None:
    """As the engine does it: a plugin may ask to wait, since searches lag."""
    try:
        await do(lead, key)
    except ProviderError as error:
        if error.permanent or error.retry_after is None or not isinstance(clock, VirtualClock):
            raise
        clock.advance(timedelta(seconds=error.retry_after))
        await do(lead, key)


async def _losing(
    provider: Provider,
    clock: Clock,
    count: Callable[[], int],
    do: Callable[[Lead, str], Awaitable[None]],
) -> None:
    """Do something once for each request that it makes, and lose that request's answer."""
    for nth, lead in enumerate(_leads(), 1):
        before, key = count(), f"key/{lead.number}"
        provider.lose(nth)
        try:
            await do(lead, key)
        except MaybeSent:
            provider.lose(None)
            await _again(do, lead, key, clock)
            assert count() == before + 1, f"after the answer to request {nth} was lost"
            continue
        assert count() == before + 1
        if provider.lose(None):
            return  # it made fewer requests than that
    pytest.fail(f"more than {MOST_REQUESTS} requests, or an error was kept quiet")
