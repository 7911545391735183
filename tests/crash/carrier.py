"""The carrier's side: calls, and their webhooks, repeated as carriers repeat them."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable

import httpx

from crash.report import Report
from support import deployment as d
from support.twilio_api import Taken

TRIES = 400


class Carrier:
    """Places calls, and tells of them until it is answered 2xx.

    Args:
        where: The address of a process that takes requests now; None if there is none.

    Attributes:
        answered: Each caller, and whether a webhook of the call was answered 2xx.
    """

    def __init__(
        self, where: Callable[[], str | None], rate: float, rng: random.Random, report: Report
    ) -> None:
        self._where = where
        self._rate = rate
        self._random = rng
        self._report = report
        self._http = httpx.AsyncClient(timeout=5)
        self._lines = asyncio.Semaphore(30)  # webhooks under way at once
        self.answered: dict[str, bool] = {}

    async def load(self, until: float) -> None:
        """Place calls until a moment, then wait until all of them have been told."""
        number = 0
        tasks: set[asyncio.Task[None]] = set()
        while time.monotonic() < until:
            number += 1
            task = asyncio.create_task(self._call(number))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            await asyncio.sleep(self._random.expovariate(self._rate))
        await asyncio.gather(*tasks)

    async def statuses(self, taken: list[Taken]) -> None:
        """Say of every text that was taken what became of it."""
        for text in taken:
            path = text.status_url.removeprefix(d.PUBLIC)
            form = {
                "AccountSid": d.ACCOUNT,
                "MessageSid": text.sid,
                "MessageStatus": "delivered",
                "From": text.sender,
                "To": text.to,
            }
            url = f"{self._where()}{path}"
            await self._http.post(url, data=form, headers=d.signed(path, form))

    async def close(self) -> None:
        """Close its connections."""
        await self._http.aclose()

    async def _call(self, number: int) -> None:
        """One call: its webhook is sent until it is answered, and sometimes again after that."""
        caller = f"+1{303 + number // 10_000_000:03d}{2000000 + number % 7_000_000:07d}"
        self._report.calls += 1
        self.answered[caller] = False
        repeats = self._random.choice((0, 0, 1, 3))
        for _ in range(TRIES):
            if await self._told(d.missed(f"CA{number:032x}", caller)):
                self.answered[caller] = True
                repeats -= 1
                if repeats < 0:
                    return
            await asyncio.sleep(self._random.uniform(0.01, 0.3))

    async def _told(self, form: dict[str, str]) -> bool:
        """Send one webhook; whether it was answered 2xx."""
        address = self._where()
        if address is None:
            return False
        try:
            async with self._lines:
                self._report.webhooks += 1
                return (await d.post(self._http, address, "dial", form)).is_success
        except httpx.HTTPError:
            return False
