"""Run uvicorn without its own ideas about signals and logs, and say when it listens."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import logging
from collections.abc import Iterator
from typing import Any, Self

import uvicorn

from textback.errors import ConfigError
from textback.web.protocol import Connection, Connections

MOST = 1_000  # connections at once, where nobody says

# It writes a line for each request that is no HTTP: anybody could fill the log.
logging.getLogger("uvicorn.error").setLevel(logging.ERROR)


class Server(uvicorn.Server):
    """One listening address, started and stopped by us."""

    def __init__(self, config: uvicorn.Config, most: int) -> None:
        super().__init__(config)
        self.server_state = Connections(most)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave signals to who started us."""
        yield

    @property
    def address(self) -> str:
        """Where it listens, with the port that it got."""
        host, port, *_ = self.servers[0].sockets[0].getsockname()
        return f"{host}:{port}"


async def listen(app: Any, address: str, *, most: int = MOST) -> tuple[Server, asyncio.Task[None]]:
    """Take requests at ``HOST:PORT``; port 0 takes a free one.

    Args:
        app: Answers them.
        address: Where.
        most: Connections at once; for one more, the one that has waited longest is closed.

    Raises:
        ConfigError: The address can't be used.
    """
    host, _, port = address.rpartition(":")
    if not port.isdigit() or int(port) > 65_535:
        raise ConfigError(f'"{address}" is not an address to listen on, e.g. "127.0.0.1:8000"')
    server = Server(
        uvicorn.Config(
            app,
            host=host.strip("[]") or "127.0.0.1",
            port=int(port),
            access_log=False,
            log_config=None,
            ws="none",
            lifespan="off",
            server_header=False,
            date_header=False,
            http=Connection,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=5,
        ),
        most,
    )
    with _Unsaid() as unsaid:
        task = asyncio.ensure_future(_serve(server))
        while not server.started:
            if task.done():
                task.exception()  # looked at
                raise ConfigError(f"can't listen on {address}: {unsaid.why}")
            await asyncio.sleep(0.005)
    return server, task


class _Unsaid(logging.Filter):
    """Keeps uvicorn from logging why it can't listen: it is told once, by us."""

    why = "it is in use"
    _log = logging.getLogger("uvicorn.error")

    def filter(self, record: logging.LogRecord) -> bool:
        """Leave out the error, and keep it."""
        if not isinstance(record.msg, OSError):
            return True
        taken = record.msg.errno == errno.EADDRINUSE
        self.why = "it is in use" if taken else (record.msg.strerror or str(record.msg))
        return False

    def __enter__(self) -> Self:
        self._log.addFilter(self)
        return self

    def __exit__(self, *_: object) -> None:
        self._log.removeFilter(self)


async def _serve(server: Server) -> None:
    try:
        await server.serve()
    except SystemExit as error:  # uvicorn's way to say that it can't listen
        raise OSError("it can't listen") from error


async def close(server: Server, task: asyncio.Task[None]) -> None:
    """Stop taking requests and finish those that came."""
    server.should_exit = True
    await task
