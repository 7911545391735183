"""The plugin: ask once about a number, remember it, and never let anybody wait for it.

There is little time to identify a caller.  A question that takes longer goes on by itself, and its
answer is there when the same caller calls again: it is paid for in any case.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any

import attrs

from textback.errors import MaybeSent, ProviderError, Refused, StoreError
from textback.hookspecs import hookimpl
from textback.http import retry_after
from textback.model import Call, Caller, Erased, Finding, PhoneNumber, Severity
from textback.services import Services
from textback_lookup.providers import Found, accepts, free_question, question, read
from textback_lookup.settings import Settings

DAY_S = 86_400
MILLIONTHS = 1_000_000  # costs are counted in them, as whole numbers
_NAMES = {"twilio": "Twilio", "telnyx": "Telnyx"}


@attrs.frozen(eq=False)
class Lookup:
    """Caller name, kind of line and spam score, from Twilio Lookup or Telnyx Number Lookup."""

    api = 1

    settings: Settings
    services: Services
    _asking: dict[PhoneNumber, asyncio.Task[Found | None]] = attrs.field(
        init=False, factory=dict, repr=False
    )

    @hookimpl
    async def identify_caller(self, call: Call) -> Caller | None:
        """Say what a lookup knows of the number: from memory, else by a question that costs.

        Raises:
            Refused: The provider answered no.
            NotSent, MaybeSent: There was no whole answer.
        """
        number = call.caller
        if number is None:
            return None
        remembered = await self.services.state.get(_key(number))
        if remembered is not None:
            known = attrs.fields_dict(Found).keys() & remembered.keys()
            return self._caller(Found(**{name: remembered[name] for name in known}))
        asking = self._ask_once(number)
        await asyncio.wait((asking,))  # when the time is over this ends, and the question doesn't
        found = asking.result()
        return self._caller(found) if found is not None else None

    @hookimpl
    async def erase(self, number: PhoneNumber) -> Erased:
        """Forget what is remembered of a number."""
        there = await self.services.state.get(_key(number))
        await self.services.state.delete(_key(number))
        return Erased(int(there is not None))

    @hookimpl
    async def check(self) -> list[Finding]:
        """Whether the provider knows the account, by a question that is free."""
        name = _NAMES[self.settings.provider]
        try:
            asked = free_question(self.settings, self.services.lines)
            if not accepts(self.settings, await self._get(asked.url, asked.headers)):
                raise MaybeSent(f"{name}'s answer can't be read")
        except ProviderError as error:
            return [Finding(Severity.ERROR, f"{name} can't be asked about callers: {error}")]
        cap, cost = self.settings.max_cost_per_day, self.settings.cost_per_lookup
        many = (
            f"{int(_millionths(cap) // _millionths(cost))}"
            if _millionths(cost)
            else "any number of"
        )
        return [Finding(Severity.OK, f"{name} is asked about {many} callers a day at the most")]

    def _ask_once(self, number: PhoneNumber) -> asyncio.Task[Found | None]:
        """The question about a number that is under way, or a new one."""
        asking = self._asking.get(number)
        if asking is None:
            asking = asyncio.create_task(self._ask(number))
            self._asking[number] = asking
            asking.add_done_callback(lambda task: self._answered(number, task))
        return asking

    def _answered(self, number: PhoneNumber, task: asyncio.Task[Found | None]) -> None:
        del self._asking[number]
        if not task.cancelled() and task.exception() is not None:
            error = task.exception()  # whoever still waits gets it as well
            self.services.log.info("lookup_failed", error=str(error), kind=type(error).__name__)

    async def _ask(self, number: PhoneNumber) -> Found | None:
        if not await self._can_pay():
            return None
        asked = question(self.settings, number)
        found = read(self.settings, await self._get(asked.url, asked.headers))
        if found is None:
            raise MaybeSent(f"{_NAMES[self.settings.provider]}'s answer can't be read")
        ttl_s = self.settings.cache_days * DAY_S
        try:
            await self.services.state.set(_key(number), attrs.asdict(found), ttl_s=ttl_s)
        except StoreError as error:
            self.services.log.warning("lookup_not_kept", error=str(error))
        return found

    async def _can_pay(self) -> bool:
        """Count a question before it is asked, whatever comes of it: no more is ever spent."""
        day, state = f"{self.services.clock.now():%Y-%m-%d}", self.services.state
        cost, most = self.settings.cost_per_lookup, self.settings.max_cost_per_day
        ttl_s = 2.0 * DAY_S
        if await state.take(f"spent/{day}", _millionths(cost), _millionths(most), ttl_s=ttl_s):
            return True
        if await state.add(f"told/{day}", value=True, ttl_s=ttl_s):
            self.services.log.warning("lookup_cap_reached", max_cost_per_day=most)
        return False

    async def _get(self, url: str, headers: Any) -> Any:
        response = await self.services.http.get(
            url, headers=headers, timeout=self.settings.timeout_s
        )
        status, name = response.status_code, _NAMES[self.settings.provider]
        if not response.is_success:
            busy = (HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.REQUEST_TIMEOUT)
            raise Refused(
                f"{name} answered {status}",
                permanent=response.is_client_error and status not in busy,
                retry_after=retry_after(response, self.services.clock.now()),
                code=str(status),
            )
        try:
            return response.json()
        except ValueError:
            raise MaybeSent(f"{name}'s answer is not JSON") from None

    def _caller(self, found: Found) -> Caller | None:
        """What is known, as the engine wants it; no first name: nobody is greeted with it."""
        caller = Caller(
            name=found.name,
            line_type=found.line_type,
            spam_score=found.spam_score,
            do_not_text=self._why_not(found),
        )
        return caller if caller != Caller() else None

    def _why_not(self, found: Found) -> str | None:
        limit, score = self.settings.suppress_spam_from, found.spam_score
        if not found.valid:
            return f"{_NAMES[self.settings.provider]} says that it is no valid number"
        if limit is not None and score is not None and score >= limit:
            return f"it is likely spam (score {score:.2f}, the limit is {limit:.2f})"
        return None


def _key(number: PhoneNumber) -> str:
    return f"caller/{number}"


def _millionths(amount: float) -> int:
    return round(amount * MILLIONTHS)
