"""The load of a benchmark, a process of its own.

    python load.py URL CALLS RATE FIRST OUTPUT.json      RATE 0: as fast as it goes

CLIENT in the address becomes one of so many clients as $CLIENTS says, by turns.  Writes
``{caller: nanoseconds}`` of when each webhook was sent, and how each was answered.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from collections import Counter
from pathlib import Path
from urllib.parse import quote_plus, urlsplit

import uvloop

AT_ONCE = 64  # connections at saturation
LINE = 5550100  # of the first client
CLIENTS = int(os.environ.get("CLIENTS", "1"))

sent: dict[str, int] = {}
answers: Counter[str] = Counter()


def caller(number: int) -> str:
    """A number that nobody has."""
    return f"+1303{2000000 + number:07d}"


class Connection:
    """One kept-alive connection that sends webhooks one after another."""

    def __init__(self, url: str) -> None:
        self.parts = urlsplit(url)

    async def open(self) -> None:
        """Connect."""
        assert self.parts.hostname is not None
        self.reader, self.writer = await asyncio.open_connection(
            self.parts.hostname, self.parts.port
        )

    async def post(self, number: int) -> None:
        """Send one webhook and wait for its answer."""
        who, client = caller(number), number % CLIENTS
        body = (
            f"CallSid=CA{number:032x}&From={quote_plus(who)}&To=%2B1303{LINE + client:07d}".encode()
        )
        path = self.parts.path.replace("CLIENT", f"c{client}")
        sent[who] = time.monotonic_ns()
        self.writer.write(
            f"POST {path} HTTP/1.1\r\nHost: b\r\nX-Token: benchmark\r\n"
            f"Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body)}\r\n\r\n".encode()
            + body
        )
        head = await self.reader.readuntil(b"\r\n\r\n")
        answers[head.split(b" ", 2)[1].decode()] += 1
        at = head.lower().find(b"content-length: ")
        if at >= 0:
            await self.reader.readexactly(int(head[at + 16 :].split(b"\r\n")[0]))


async def steady(url: str, numbers: range, rate: float) -> None:
    """Open loop: a call each 1/rate seconds, whatever the answers."""
    free: list[Connection] = []

    async def one(number: int) -> None:
        connection = free.pop() if free else Connection(url)
        if not hasattr(connection, "writer"):
            await connection.open()
        await connection.post(number)
        free.append(connection)

    began = time.monotonic()
    tasks = []
    for place, number in enumerate(numbers):
        await asyncio.sleep(began + place / rate - time.monotonic())
        tasks.append(asyncio.create_task(one(number)))
    await asyncio.gather(*tasks)


async def saturated(url: str, numbers: range) -> None:
    """Closed loop: each connection sends the next when the last was answered."""
    waiting = iter(numbers)

    async def one() -> None:
        connection = Connection(url)
        await connection.open()
        for number in waiting:
            await connection.post(number)

    await asyncio.gather(*(one() for _ in range(AT_ONCE)))


async def main() -> None:
    """Send all, then write what was sent."""
    url, calls, rate = sys.argv[1], int(sys.argv[2]), float(sys.argv[3])
    numbers = range(int(sys.argv[4]), int(sys.argv[4]) + calls)
    await (steady(url, numbers, rate) if rate else saturated(url, numbers))
    Path(sys.argv[5]).write_text(json.dumps({"sent": sent, "answers": answers}))


uvloop.run(main())
