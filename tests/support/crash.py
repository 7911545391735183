"""Kill `serve` at random moments under load, start it again, and compare what everybody knows.

    python tests/crash --minutes 10 --rate 20 --seed 1

The provider takes texts and counts them; sometimes it breaks the connection after it took one.
Webhooks are repeated, as carriers repeat what was not answered 2xx.  At the end the carrier's
calls, the provider's texts and the store must agree: nothing lost, nobody texted twice.  An
unknown text is allowed only where a connection broke or the process was killed between intent and
answer; the provider's status callbacks settle those that it took.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import shutil
import tempfile
import time
from collections import Counter
from pathlib import Path

import attrs
import httpx

from support import deployment as d
from support import twilio_api
from textback.store import SQLiteStore, every, ledger, statement


@attrs.define
class Report:
    """What a run came to."""

    kills: int = 0
    calls: int = 0
    webhooks: int = 0
    texts: int = 0
    lost: list[str] = attrs.field(factory=list)
    twice: list[str] = attrs.field(factory=list)
    wrong: list[str] = attrs.field(factory=list)
    unknown: int = 0
    settled: int = 0
    never_left: int = 0
    ends: Counter[str] = attrs.field(factory=Counter)
    ledger: str = ""

    @property
    def sound(self) -> bool:
        """Nothing lost, nothing twice, nothing wrong."""
        return not (self.lost or self.twice or self.wrong or self.ledger)

    def lines(self) -> list[str]:
        """The figures, one a line."""
        return [
            f"kills {self.kills}, calls {self.calls}, webhooks sent {self.webhooks}",
            f"texts at the provider {self.texts}",
            f"lost {len(self.lost)}, twice {len(self.twice)}, wrong state {len(self.wrong)}",
            f"unknown {self.unknown}, of these settled {self.settled},"
            f" never reached the provider {self.never_left}",
            f"ends {dict(self.ends)}",
            f"ledger {self.ledger or 'holds'}",
            *self.lost[:5],
            *self.twice[:5],
            *self.wrong[:5],
        ]


LEAST_KILLS = 3  # on a machine that is so slow that the time would not do


class Crash:
    """One run."""

    def __init__(self, folder: Path, *, seconds: float, rate: float, seed: int) -> None:
        self.folder = folder
        self.seconds = seconds
        self.rate = rate
        self.random = random.Random(seed)
        self.api = twilio_api.TwilioApi(behave=self._behave)
        self.report = Report()
        self.answered: dict[str, bool] = {}  # caller -> whether the carrier got a 2xx
        self.address: str | None = None
        self.http = httpx.AsyncClient(timeout=5)
        self.lines = asyncio.Semaphore(30)  # webhooks under way at once

    def _behave(self, form: dict[str, str]) -> str:
        return twilio_api.BREAK_AFTER if self.random.random() < 0.02 else twilio_api.OK

    async def run(self) -> Report:
        """Load and at least `LEAST_KILLS` for the time given, then quiet, then the comparison."""
        base_url = await self.api.start()
        config = d.write(self.folder, base_url)
        until = time.monotonic() + self.seconds
        killing = asyncio.create_task(self._kill_and_start(config, until))
        calling = asyncio.create_task(self._load(until))
        serving = await killing
        await calling
        await self._statuses()
        await self._quiet(config)
        await serving.stop()
        await self._compare(config)
        await self.http.aclose()
        await self.api.stop()
        return self.report

    async def _kill_and_start(self, config: Path, until: float) -> d.Serving:
        while True:
            serving = await self._started(config)
            self.address = serving.address
            if self._over(until):
                return serving
            await asyncio.sleep(self.random.uniform(0.05, 3.0))
            if self._over(until):
                return serving
            self.address = None
            await serving.kill()
            self.report.kills += 1

    def _over(self, until: float) -> bool:
        return time.monotonic() >= until and self.report.kills >= LEAST_KILLS

    async def _started(self, config: Path) -> d.Serving:
        """Start it; now and then kill it while it starts or brings its schema up to date."""
        while self.random.random() < 0.2:
            starting = await d.Serving.spawn(config)
            await asyncio.sleep(self.random.uniform(0.05, 1.5))
            await starting.kill()
            self.report.kills += 1
        return await d.Serving.start(config)

    async def _load(self, until: float) -> None:
        number = 0
        tasks: set[asyncio.Task[None]] = set()
        while time.monotonic() < until:
            number += 1
            task = asyncio.create_task(self._call(number))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            await asyncio.sleep(self.random.expovariate(self.rate))
        await asyncio.gather(*tasks)

    async def _call(self, number: int) -> None:
        """One call: its webhook is sent until it is answered, and sometimes again after that."""
        caller = f"+1{303 + number // 10_000_000:03d}{2000000 + number % 7_000_000:07d}"
        self.report.calls += 1
        self.answered[caller] = False
        repeats = self.random.choice((0, 0, 1, 3))
        for _ in range(400):
            if self.address is not None:
                try:
                    form = d.missed(f"CA{number:032x}", caller)
                    async with self.lines:
                        self.report.webhooks += 1
                        response = await d.post(self.http, self.address or "", "dial", form)
                    if response.is_success:
                        self.answered[caller] = True
                        repeats -= 1
                        if repeats < 0:
                            return
                except httpx.HTTPError:
                    pass
            await asyncio.sleep(self.random.uniform(0.01, 0.3))

    async def _statuses(self) -> None:
        """The provider says of every text that it took what became of it."""
        assert self.address is not None
        for taken in self.api.taken:
            path = taken.status_url.removeprefix(d.PUBLIC)
            form = {
                "AccountSid": d.ACCOUNT,
                "MessageSid": taken.sid,
                "MessageStatus": "delivered",
                "From": taken.sender,
                "To": taken.to,
            }
            url = f"{self.address}{path}"
            await self.http.post(url, data=form, headers=d.signed(path, form))

    async def _quiet(self, config: Path) -> None:
        """Wait until every first text came to something."""
        for _ in range(60):
            found = await d.cases(config)
            steps = [step for case in found for step in case["steps"] if step["name"] == "text/1"]
            if len(found) >= len(self.answered) and all(s["state"] == "done" for s in steps):
                return
            await asyncio.sleep(1)

    async def _compare(self, config: Path) -> None:
        report = self.report
        found = {case["caller"]: case for case in await d.cases(config)}
        unsure, report.ledger = await _ledger(config)
        phones = Counter(text.to for text in self.api.taken)
        report.texts = len(self.api.taken)
        for caller, acknowledged in self.answered.items():
            case = found.get(caller)
            if case is None:
                if acknowledged:
                    report.lost.append(f"lost: {caller} was acknowledged and has no case")
                continue
            end = str(case["end"])
            report.ends[end] += 1
            was_unsure = case["case"] in unsure
            report.unknown += was_unsure
            report.settled += was_unsure and end == "sent"
            report.never_left += was_unsure and end == "unknown"
            match phones[caller], end:
                case 1, "sent":
                    pass
                case 0, "unknown" if was_unsure:
                    pass
                case 0, _:
                    report.lost.append(f"lost: {caller} got no text, its end is {end}")
                case 1, _:
                    report.wrong.append(f"wrong: {caller} was texted, its end is {end}")
                case count, _:
                    report.twice.append(f"twice: {caller} got {count} texts")


async def _ledger(config: Path) -> tuple[set[str], str]:
    """The cases in which a text was unsure at some time, and what is wrong with the chain."""
    query = statement("SELECT DISTINCT subject FROM ledger WHERE kind = 'unknown'")
    store = SQLiteStore(config.parent / "textback.db")
    try:
        await store.write(ledger.seal)
        rows = await store.read(lambda: every(query))
        proof = await store.read(lambda: ledger.verify("bright"))
    finally:
        await store.close()
    return {row["subject"].removeprefix("case/") for row in rows}, proof.broken or ""


async def crash(folder: Path, *, seconds: float, rate: float, seed: int) -> Report:
    """One run in a folder."""
    return await Crash(folder, seconds=seconds, rate=rate, seed=seed).run()


def main() -> int:
    """Run from the command line; 1 if anything was lost, done twice or wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=0.5)
    parser.add_argument("--rate", type=float, default=20.0, help="calls a second")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="textback-crash-"))
    print(f"seed {options.seed}, in {folder}")
    report = asyncio.run(
        crash(folder, seconds=options.minutes * 60, rate=options.rate, seed=options.seed)
    )
    print("\n".join(report.lines()))
    if report.sound:
        shutil.rmtree(folder)
    return 0 if report.sound else 1
