"""Read a request's body: not larger than it may be, not slower than it may be."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

MAX_BYTES = 1 << 20
WITHIN_S = 10.0

Receive = Callable[[], Awaitable[Any]]


class BodyError(Exception):
    """The body can't be had; *status* says why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


async def read(receive: Receive, declared: bytes | None) -> bytes:
    """The whole body.

    Raises:
        BodyError: It is larger than 1 MiB (413), slower than 10 seconds (408), or the client went
            away (400).
    """
    if declared is not None and declared.isdigit() and int(declared) > MAX_BYTES:
        raise BodyError(413, "larger than 1 MiB")
    message = await _next(receive)
    body: bytes = message.get("body", b"")
    if not message.get("more_body"):
        return _whole(body)
    try:
        async with asyncio.timeout(WITHIN_S):
            parts = [body]
            size = len(body)
            while message.get("more_body"):
                message = await _next(receive)
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > MAX_BYTES:
                    raise BodyError(413, "larger than 1 MiB")
            return b"".join(parts)
    except TimeoutError:
        raise BodyError(408, "the body came too slowly") from None


def _whole(body: bytes) -> bytes:
    if len(body) > MAX_BYTES:
        raise BodyError(413, "larger than 1 MiB")
    return body


async def _next(receive: Receive) -> dict[str, Any]:
    try:
        async with asyncio.timeout(WITHIN_S):
            message: dict[str, Any] = await receive()
    except TimeoutError:
        raise BodyError(408, "the body came too slowly") from None
    if message["type"] == "http.disconnect":
        raise BodyError(400, "the sender went away")
    return message
