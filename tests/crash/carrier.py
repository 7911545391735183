"""The carrier's side: calls, and their webhooks, repeated, late, and in any order."""

from __future__ import annotations

import asyncio
import random
import time
from enum import Enum

import aiohttp
import attrs

from crash.killer import Killers
from crash.provider import Provider
from crash.report import Report
from support import deployment as d
from support.twilio_api import Taken

TRIES = 2_000  # of one webhook: about five minutes
LISTED = 0.1  # of the calls that are told, also listed: told in two ways, they are still one
AT_ONCE = 30  # webhooks under way


class Kind(Enum):
    """What kind of call it is."""

    MISSED = "missed"
    ANSWERED = "answered"
    UNTOLD = "untold"  # missed while nobody took webhooks; the carrier doesn't try again


@attrs.define
class Placed:
    """A call.

    Attributes:
        acknowledged: Its end was answered 2xx.
    """

    sid: str
    caller: str
    kind: Kind
    acknowledged: bool = False

    @property
    def known(self) -> bool:
        """Whether it must be known at the end: it was acknowledged, or can be looked up."""
        return self.acknowledged or self.kind is Kind.UNTOLD


class Carrier:
    """Places calls, and tells of them until it is answered 2xx.

    Args:
        killers: Know who takes requests now.
        provider: Lists the calls.

    Attributes:
        calls: All that were placed.
    """

    def __init__(
        self,
        killers: Killers,
        provider: Provider,
        rate: float,
        rng: random.Random,
        report: Report,
    ) -> None:
        self._killers = killers
        self._provider = provider
        self._rate = rate
        self._random = rng
        self._report = report
        self._http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=5))
        self._lines = asyncio.Semaphore(AT_ONCE)
        self.calls: list[Placed] = []

    async def load(self, until: float) -> None:
        """Place calls until a moment, then wait until all of them have been told."""
        tasks: set[asyncio.Task[None]] = set()
        due = time.monotonic()
        while due < until:
            task = asyncio.create_task(self._call(self._place()))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            due += self._random.expovariate(self._rate)
            await asyncio.sleep(max(0.0, due - time.monotonic()))  # late ones are made up for
        await asyncio.gather(*tasks)

    async def statuses(self) -> None:
        """Say of every text that was taken what became of it."""
        await asyncio.gather(*map(self._became, self._provider.taken))

    async def _became(self, text: Taken) -> None:
        path = text.status_url.removeprefix(d.PUBLIC)
        form = {
            "AccountSid": d.ACCOUNT,
            "MessageSid": text.sid,
            "MessageStatus": "delivered",
            "From": text.sender,
            "To": text.to,
        }
        for _ in range(TRIES):
            if await self._post(path, form):
                return
            await asyncio.sleep(self._random.uniform(0.01, 0.3))

    async def close(self) -> None:
        """Close its connections."""
        await self._http.close()

    def _place(self) -> Placed:
        """Somebody calls, and nobody or somebody takes it."""
        number = len(self.calls) + 1
        caller = f"+1{303 + number // 10_000_000:03d}{2000000 + number % 7_000_000:07d}"
        kind = Kind.ANSWERED if self._random.random() < 0.1 else Kind.MISSED
        if self._killers.is_deaf() and self._random.random() < 0.1:
            kind = Kind.UNTOLD
        placed = Placed(f"CA{number:032x}", caller, kind)
        self.calls.append(placed)
        self._report.calls[kind.value] += 1
        if kind is Kind.UNTOLD or self._random.random() < LISTED:
            status = "completed" if kind is Kind.ANSWERED else "no-answer"
            self._provider.saw_call(placed.sid, caller, d.LINE, status)
        return placed

    async def _call(self, placed: Placed) -> None:
        """Tell of its beginning and its end, in either order, and sometimes late."""
        if placed.kind is Kind.UNTOLD:
            return
        ended = d.missed(placed.sid, placed.caller)
        if placed.kind is Kind.ANSWERED:
            ended |= {"DialCallStatus": "completed", "DialCallDuration": "30"}
        telling = [("dial", ended)]
        if self._random.random() < 0.3:
            telling.append(("voice", d.call(placed.sid, placed.caller)))
            self._random.shuffle(telling)
        if self._random.random() < 0.1:
            await asyncio.sleep(self._random.uniform(0.5, 3.0))
        for topic, form in telling:
            told = await self._tell(topic, form, self._random.choice((0, 0, 1, 3)))
            if topic == "dial":
                placed.acknowledged = told

    async def _tell(self, topic: str, form: dict[str, str], repeats: int) -> bool:
        """Send a webhook until it is answered 2xx, and sometimes again after that."""
        told = False
        for _ in range(TRIES):
            if await self._post(f"/hooks/bright/twilio/{topic}", form):
                told = True
                repeats -= 1
                if repeats < 0:
                    break
            await asyncio.sleep(self._random.uniform(0.01, 0.3))
        return told

    async def _post(self, path: str, form: dict[str, str]) -> bool:
        """Send a webhook once; whether it was answered 2xx.

        Those that can't be sent now hold their lines: it is quiet at a deployment that is down, and
        thousands that wait cost nothing.
        """
        async with self._lines:
            address = self._killers.where()
            if address is None:
                await asyncio.sleep(self._random.uniform(0.01, 0.3))
                return False
            self._report.webhooks += 1
            sent = self._http.post(f"{address}{path}", data=form, headers=d.signed(path, form))
            try:
                async with sent as answer:
                    return answer.ok
            except (aiohttp.ClientError, TimeoutError):
                return False
