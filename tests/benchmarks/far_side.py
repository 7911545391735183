"""The far side of a benchmark, a process of its own: answers at once, and notes when texts came.

    python far_side.py OUTPUT.json

Prints its address; on SIGTERM it writes ``{caller: nanoseconds}`` (the machine's monotonic clock,
which all processes share) and how many requests of each kind there were.
"""

from __future__ import annotations

import asyncio
import json
import signal
import sys
import time
from collections import Counter
from pathlib import Path
from urllib.parse import unquote_plus

import uvloop

_ANSWER = b'{"id": "far-1", "name": "Anna Example"}'
_RESPONSE = (
    b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n" % len(_ANSWER)
) + _ANSWER

arrived: dict[str, int] = {}
counts: Counter[str] = Counter()


class FarSide(asyncio.Protocol):
    """A very small HTTP server."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A connection, kept alive."""
        self.transport = transport
        self.buffer = b""

    def data_received(self, data: bytes) -> None:
        """Answer every whole request."""
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            at = head.find(b"content-length: ")
            length = int(head[at + 16 : at + 24].split(b"\r\n")[0]) if at >= 0 else 0
            if len(self.buffer) < end + 4 + length:
                return
            body = self.buffer[end + 4 : end + 4 + length]
            self.take(self.buffer[: self.buffer.find(b" HTTP")].decode(), body)
            self.buffer = self.buffer[end + 4 + length :]
            self.transport.write(_RESPONSE)  # type: ignore[attr-defined]

    def take(self, request: str, body: bytes) -> None:
        """Count a request; of a text note when it came."""
        kind = "GET" if request.startswith("GET") else request
        counts[kind] += 1
        if request == "POST /texts":
            caller = unquote_plus(body.split(b"To=")[1].split(b"&")[0].decode())
            arrived.setdefault(caller, time.monotonic_ns())


async def main() -> None:
    """Serve until SIGTERM."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(FarSide, "127.0.0.1", 0, backlog=1024)
    print("http://{}:{}".format(*server.sockets[0].getsockname()[:2]), flush=True)
    stop = asyncio.Event()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    Path(sys.argv[1]).write_text(json.dumps({"arrived": arrived, "counts": counts}))


uvloop.run(main())
