"""The last resort of a request: what nobody expected is logged without its words, and answered."""

from __future__ import annotations

from typing import Any

from textback.services import Log

_BODY = b"something failed here; the log says where\n"


def guarded(app: Any, log: Log) -> Any:
    """An application whose errors come to a 500, and to the log by kind and place only.

    The server's own words on an error quote it whole, and it may quote a number or a body.
    """

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        began = False

        async def sent(message: Any) -> None:
            nonlocal began
            began = True
            await send(message)

        try:
            await app(scope, receive, sent)
        except Exception as error:
            log.warning("a request failed", error=type(error).__name__, exc_info=error)
            if not began:
                headers = [(b"content-length", str(len(_BODY)).encode())]
                await send({"type": "http.response.start", "status": 500, "headers": headers})
                await send({"type": "http.response.body", "body": _BODY})

    return answer
