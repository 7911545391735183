"""Whether units that wait at the same moment should share a transaction on Postgres.

    python tests/benchmarks/grouped.py --units 4000

The same units, each alone and in groups, from some that wait at once; no other work around them.
"""

from __future__ import annotations

import argparse
import asyncio
import resource
import sys
import time
from pathlib import Path
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parents[1]))
from support import postgres
from textback.store import Work, contacts, inbox, ledger, steps, subjects
from textback.store.migrate import migrate
from textback.store.postgres import PostgresStore
from textback.store.steps import Step


def unit(number: int) -> Work[None]:
    """About what a webhook commits."""
    subject, key = f"call/{number}", f"E{number}"
    yield from inbox.put(
        "acme", "phones", key, subject=subject, kind="call", at=1, received_at=1, body="{}"
    )
    yield from contacts.raise_version("acme", f"+1303{number:07d}")
    yield from steps.add([Step(client="acme", subject=subject, name="conclude", due_at=1)], 1)
    yield from subjects.claim("acme", subject, "me", 1)
    yield from ledger.write("acme", "told", subject, None, {}, 1)


def group(numbers: range) -> Work[None]:
    """Several in one."""
    for number in numbers:
        yield from unit(number)


async def run(server: Any, size: int, units: int, waiting: int) -> str:
    """One run; its figures."""
    url = server.database()
    migrate(url)
    store = await PostgresStore.open(url)
    places = iter(range(0, units, size))

    async def one() -> None:
        for place in places:
            await store.write(lambda place=place: group(range(place, place + size)))  # type: ignore[misc]

    watched = psutil.Process(server.pid)
    before, own, began = _cpu(watched), _own(), time.monotonic()
    await asyncio.gather(*(one() for _ in range(max(1, waiting // size))))
    seconds = time.monotonic() - began
    here, there = (_own() - own) / units * 1e6, (_cpu(watched) - before) / units * 1e6
    await store.close()
    rate = f"{size:3} a transaction: {units / seconds:6.0f} units/s"
    return f"{rate}, {here:4.0f} us here, {there:4.0f} us in the server"


def _own() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def _cpu(head: psutil.Process) -> float:
    every = [head, *head.children(recursive=True)]
    return sum(sum(each.cpu_times()[:2]) for each in every) + sum(head.cpu_times()[2:4])


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--units", type=int, default=4000)
    parser.add_argument("--waiting", type=int, default=64, help="units at the same moment")
    options = parser.parse_args()
    with postgres.running() as server:
        for size in (1, 4, 16, 1, 4, 16):
            print(asyncio.run(run(server, size, options.units, options.waiting)), flush=True)


if __name__ == "__main__":
    main()
