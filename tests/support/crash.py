"""Kill `serve` at random moments under load, start it again, and compare what everybody knows.

    python tests/crash --minutes 10 --rate 20 --seed 1
    python tests/crash --store postgres --serves 2 --workers 2 --minutes 10

On Postgres every process may be killed, and the database server as a whole.

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
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import attrs
import httpx

from support import deployment as d
from support import twilio_api
from textback.config import load
from textback.store import every, ledger, open_store, statement


@attrs.define
class Report:
    """What a run came to."""

    kills: int = 0
    server_kills: int = 0
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
            f"kills {self.kills}, of the database {self.server_kills}",
            f"calls {self.calls}, webhooks sent {self.webhooks}",
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


@attrs.frozen(kw_only=True)
class Site:
    """What runs.

    Attributes:
        server: The Postgres server; None for an SQLite file, which one `serve` uses.
    """

    serves: int = 1
    workers: int = 0
    queue: str = "pgqueuer"
    server: Any = None

    def store(self) -> str:
        """What stands behind ``url =`` in the deployment's file."""
        if self.server is None:
            return "sqlite:///textback.db"
        return f'{self.server.database()}"\nqueue = "{self.queue}'


LEAST_KILLS = 3  # on a machine that is so slow that the time would not do


class Crash:
    """One run."""

    def __init__(self, folder: Path, *, seconds: float, rate: float, seed: int, site: Site) -> None:
        self.folder = folder
        self.site = site
        self.seconds = seconds
        self.rate = rate
        self.random = random.Random(seed)
        self.api = twilio_api.TwilioApi(behave=self._behave)
        self.report = Report()
        self.answered: dict[str, bool] = {}  # caller -> whether the carrier got a 2xx
        self.addresses: dict[int, str] = {}  # of those who serve now
        self.http = httpx.AsyncClient(timeout=5)
        self.lines = asyncio.Semaphore(30)  # webhooks under way at once

    def _behave(self, form: dict[str, str]) -> str:
        return twilio_api.BREAK_AFTER if self.random.random() < 0.02 else twilio_api.OK

    async def run(self) -> Report:
        """Load and at least `LEAST_KILLS` for the time given, then quiet, then the comparison."""
        base_url = await self.api.start()
        config = d.write(self.folder, base_url, store=self.site.store())
        until = time.monotonic() + self.seconds
        kinds = ["serve"] * self.site.serves + ["worker"] * self.site.workers
        killing = [
            asyncio.create_task(self._kill_and_start(config, place, kind, until))
            for place, kind in enumerate(kinds)
        ]
        if self.site.server is not None:
            killing.append(asyncio.create_task(self._kill_server(until)))
        calling = asyncio.create_task(self._load(until))
        running = await asyncio.gather(*killing)
        await calling
        await self._statuses()
        await self._quiet(config)
        for each in running:
            if each is not None:
                await each.stop()
        await self._compare(config)
        await self.http.aclose()
        await self.api.stop()
        return self.report

    async def _kill_and_start(
        self, config: Path, place: int, kind: str, until: float
    ) -> d.Serving | None:
        while True:
            began = time.monotonic()
            serving = await self._started(config, kind)
            start_s = time.monotonic() - began  # on a busy machine it lives longer, too
            if kind == "serve":
                self.addresses[place] = serving.address
            if self._over(until):
                return serving
            await asyncio.sleep(self.random.uniform(0.05, max(3.0, 1.5 * start_s)))
            if self._over(until):
                return serving
            self.addresses.pop(place, None)
            await serving.kill()
            self.report.kills += 1

    async def _kill_server(self, until: float) -> None:
        while True:
            await asyncio.sleep(self.random.uniform(5.0, 20.0))
            if self._over(until):
                return
            await asyncio.to_thread(self.site.server.kill)
            self.report.server_kills += 1
            await asyncio.sleep(self.random.uniform(0.0, 2.0))
            await asyncio.to_thread(self.site.server.start)

    def _over(self, until: float) -> bool:
        return time.monotonic() >= until and self.report.kills >= LEAST_KILLS

    async def _started(self, config: Path, kind: str) -> d.Serving:
        """Start it; now and then kill it while it starts or brings its schema up to date."""
        while self.random.random() < 0.2:
            starting = await d.Serving.spawn(config, command=kind)
            await asyncio.sleep(self.random.uniform(0.05, 1.5))
            await starting.kill()
            self.report.kills += 1
        while True:
            try:
                return await d.Serving.start(config, command=kind)
            except AssertionError:  # the database was away
                if self.site.server is None:
                    raise

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
        for _ in range(1000):
            if self.addresses:
                try:
                    form = d.missed(f"CA{number:032x}", caller)
                    async with self.lines:
                        self.report.webhooks += 1
                        address = self.random.choice([*self.addresses.values()])
                        response = await d.post(self.http, address, "dial", form)
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
        (address, *_) = self.addresses.values()
        for taken in self.api.taken:
            path = taken.status_url.removeprefix(d.PUBLIC)
            form = {
                "AccountSid": d.ACCOUNT,
                "MessageSid": taken.sid,
                "MessageStatus": "delivered",
                "From": taken.sender,
                "To": taken.to,
            }
            url = f"{address}{path}"
            await self.http.post(url, data=form, headers=d.signed(path, form))

    async def _quiet(self, config: Path) -> None:
        """Wait until every first text came to something."""
        for _ in range(90):
            found = await d.cases(config)
            steps = [step for case in found for step in case["steps"] if step["name"] == "text/1"]
            if len(found) >= sum(self.answered.values()) and all(
                s["state"] == "done" for s in steps
            ):
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
    deployment = load(config).deployment
    store = await open_store(deployment.store.url, deployment.directory)
    try:
        await store.write(ledger.seal)
        rows = await store.read(lambda: every(query))
        proof = await store.read(lambda: ledger.verify("bright"))
    finally:
        await store.close()
    return {row["subject"].removeprefix("case/") for row in rows}, proof.broken or ""


async def crash(
    folder: Path, *, seconds: float, rate: float, seed: int, site: Site | None = None
) -> Report:
    """One run in a folder; on an SQLite file if no site is given."""
    return await Crash(folder, seconds=seconds, rate=rate, seed=seed, site=site or Site()).run()


def main() -> int:
    """Run from the command line; 1 if anything was lost, done twice or wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=0.5)
    parser.add_argument("--rate", type=float, default=20.0, help="calls a second")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 30))
    parser.add_argument("--store", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--queue", choices=["pgqueuer", "notify"], default="pgqueuer")
    parser.add_argument("--serves", type=int, default=2, help="processes, on Postgres")
    parser.add_argument("--workers", type=int, default=2, help="processes, on Postgres")
    options = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="textback-crash-"))
    print(f"seed {options.seed}, in {folder}")
    with ExitStack() as opened:
        site = Site()
        if options.store == "postgres":
            from support import postgres

            site = Site(
                serves=options.serves,
                workers=options.workers,
                queue=options.queue,
                server=opened.enter_context(postgres.running()),
            )
        report = asyncio.run(
            crash(
                folder,
                seconds=options.minutes * 60,
                rate=options.rate,
                seed=options.seed,
                site=site,
            )
        )
    print("\n".join(report.lines()))
    if report.sound:
        shutil.rmtree(folder)
    return 0 if report.sound else 1
