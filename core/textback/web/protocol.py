"""One connection: how long it may take to ask, how much it may ask with, and who has to make room.

uvicorn waits for ever for a request that never ends its head, and keeps what came of it.  Here a
head has a time and a size; what follows an answer that was given early (413, 404) is thrown away
for a moment, so that its sender can read the answer, and then the connection is closed.  When all
places are taken, whoever has waited longest without a request makes room for the next.
"""

from __future__ import annotations

import asyncio
from typing import Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

HEAD_WITHIN_S: Final = 10.0
HEAD_BYTES: Final = 64 << 10
LINGER_S: Final = 2.0
LINGER_BYTES: Final = 4 << 20

_TOO_LARGE: Final = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\n"
    b"content-length: 0\r\nconnection: close\r\n\r\n"
)


class Connections(ServerState):
    """All connections of one listening address.

    Args:
        most: How many there may be.

    Attributes:
        waiting: Those without a request under way, the longest first.
    """

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most
        self.waiting: dict[Connection, None] = {}

    def make_room(self) -> None:
        """End who has waited longest if there are too many."""
        if len(self.connections) > self.most:
            for oldest in self.waiting:
                del self.waiting[oldest]
                oldest.transport.abort()
                return


class Connection(HttpToolsProtocol):
    """uvicorn's connection, with limits."""

    server_state: Connections
    _deadline: asyncio.TimerHandle | None = None
    _head = 0  # bytes that came of a head that isn't whole
    _spare: int | None = None  # bytes that may still come after an early answer

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Wait for a request, for a while."""
        super().connection_made(transport)
        self.server_state.make_room()
        self.server_state.waiting[self] = None
        self._close_in(HEAD_WITHIN_S)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is waited for any more."""
        self.server_state.waiting.pop(self, None)
        self._wait_on()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Read on, within the limits."""
        spare = self._spare
        super().data_received(data)
        if self.transport.is_closing():
            return
        if spare is not None:
            self._spare = spare - len(data) if self._spare is not None else None
            if spare < len(data):
                self.transport.close()
        elif self.cycle is None or self.cycle.response_complete:
            self._head += len(data)
            if self._head > HEAD_BYTES:
                self.transport.write(_TOO_LARGE)
                self.transport.close()
            elif self._deadline is None:
                self._close_in(HEAD_WITHIN_S)

    def on_headers_complete(self) -> None:
        """A request is under way: its body has limits of its own."""
        self._wait_on()
        self._head = 0
        self.server_state.waiting.pop(self, None)
        super().on_headers_complete()

    def on_response_complete(self) -> None:
        """Wait for the next request, or for the rest of one that was answered early."""
        super().on_response_complete()
        if self.transport.is_closing() or not self.cycle.response_complete:
            return
        self.server_state.waiting[self] = None
        if self.cycle.more_body:
            self._spare = LINGER_BYTES
            self._close_in(LINGER_S)

    def on_message_complete(self) -> None:
        """The rest has come: the connection can be used again."""
        super().on_message_complete()
        if self._spare is not None:
            self._spare = None
            self._wait_on()
            self._close_in(HEAD_WITHIN_S)

    def _close_in(self, seconds: float) -> None:
        self._deadline = self.loop.call_later(seconds, self.timeout_keep_alive_handler)

    def _wait_on(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None
