"""What can go wrong with one request to the simulated carrier."""

from __future__ import annotations

from enum import Enum
from typing import Any

from starlette.responses import JSONResponse, Response


class Trouble(Enum):
    """What becomes of one request, instead of an answer."""

    BREAK_AFTER = "it is done, and the connection breaks before the answer"
    BREAK_BEFORE = "it is not done, and the connection breaks"
    NOTHING = "it is not done, and no answer ever comes"
    TOO_MANY = "429, with Retry-After"
    BROKEN = "500"


RETRY_AFTER_S = 2


def instead(trouble: Trouble) -> Response:
    """What the other side gets, whether or not the request was done before."""
    match trouble:
        case Trouble.TOO_MANY:
            headers = {"retry-after": str(RETRY_AFTER_S)}
            return JSONResponse({"message": "too many"}, 429, headers)
        case Trouble.BROKEN:
            return JSONResponse({"message": "broken"}, 500)
        case Trouble.NOTHING:
            return _Silence()
    return _Broken()


class _Broken(Response):
    """Promises an answer and ends in the middle of it, so that the server cuts the connection."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        headers = [(b"content-length", b"1000")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})


class _Silence(Response):
    """Answers nothing until the other side goes away."""

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
