"""A provider that is a function of requests, served on loopback.

What it raises as a lost answer becomes one: the request is taken, and the connection breaks.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx

from textback.errors import MaybeSent

Provider = Callable[[httpx.Request], httpx.Response]


@asynccontextmanager
async def served(provider: Provider) -> AsyncIterator[str]:
    """Listen on a free port; the address."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while True:
                writer.write(_written(provider(await _read(reader))))
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError, MaybeSent):
            pass
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    host, port = server.sockets[0].getsockname()[:2]
    try:
        yield f"http://{host}:{port}"
    finally:
        server.close()


async def _read(reader: asyncio.StreamReader) -> httpx.Request:
    head = await reader.readuntil(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    method, target, _ = first.split(" ")
    headers = [
        (name, value.strip()) for name, _, value in (line.partition(":") for line in lines if line)
    ]
    length = int({name.lower(): value for name, value in headers}.get("content-length", "0"))
    body = await reader.readexactly(length)
    return httpx.Request(method, f"http://provider{target}", headers=headers, content=body)


def _written(response: httpx.Response) -> bytes:
    content = response.content
    head = (
        f"HTTP/1.1 {response.status_code} X\r\n"
        f"content-type: {response.headers.get('content-type', 'text/plain')}\r\n"
        f"content-length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content
