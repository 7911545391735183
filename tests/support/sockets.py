"""Bare sockets to a server, for senders that keep to no rules."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterable
from contextlib import suppress


async def connect(address: str) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """Connect to ``http://HOST:PORT``."""
    host, _, port = address.removeprefix("http://").rpartition(":")
    return await asyncio.open_connection(host, int(port))


async def talk(address: str, parts: AsyncIterable[bytes]) -> bytes:
    """Send what comes, piece by piece, and read until the server closes: all that it said."""
    reader, writer = await connect(address)

    async def send() -> None:
        with suppress(ConnectionError):
            async for part in parts:
                writer.write(part)
                await writer.drain()

    sending = asyncio.create_task(send())
    said = bytearray()
    try:
        with suppress(ConnectionError):
            while data := await reader.read(65_536):
                said += data
        return bytes(said)
    finally:
        sending.cancel()
        writer.close()


async def pieces(*parts: bytes, then: bytes = b"", every_s: float = 0.5) -> AsyncIterable[bytes]:
    """Some parts at once, then the same again and again."""
    for part in parts:
        yield part
    while then:
        await asyncio.sleep(every_s)
        yield then
