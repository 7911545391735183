"""Where a run takes place: which processes there are, and the store that they share."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import attrs

from crash import older
from support.postgres import Server
from textback.store import HEAD, place_of, schema_of


@attrs.frozen(kw_only=True)
class Site:
    """What runs.

    Attributes:
        server: The Postgres server; None for an SQLite file, which one `serve` uses.
        queue: What carries wake-ups on Postgres.
    """

    serves: int = 1
    workers: int = 0
    server: Server | None = None
    queue: Literal["pgqueuer", "notify"] = "pgqueuer"

    @property
    def commands(self) -> list[str]:
        """Of the processes."""
        return ["serve"] * self.serves + ["worker"] * self.workers

    def store(self, folder: Path) -> Store:
        """A store with the first version's schema."""
        if self.server is None:
            return File(folder)
        return Database(self.server, self.server.database(), self.queue)


@attrs.define
class Store:
    """What the processes share.

    Attributes:
        setting: What stands behind ``url =`` in the deployment's file.
        migrates: The command that brings an older schema up to date.
        turns: How often it went away or came back.
    """

    url: str
    setting: str
    migrates: str
    turns: int = 0

    def __attrs_post_init__(self) -> None:
        older.make(self.url)

    @property
    def away(self) -> bool:
        """Whether it can't be reached now."""
        return self.turns % 2 == 1

    async def is_current(self) -> bool:
        """Whether its schema is this version's."""
        return await schema_of(place_of(self.url, Path())) == HEAD

    async def is_migrating(self) -> bool:
        """Whether somebody is bringing the schema up to date, or about to."""
        raise NotImplementedError


class File(Store):
    """An SQLite file."""

    def __init__(self, folder: Path) -> None:
        self._journal = folder / "textback.db-wal"
        super().__init__(
            url=f"sqlite:///{folder / 'textback.db'}",
            setting="sqlite:///textback.db",
            migrates="serve",
        )

    async def is_migrating(self) -> bool:
        """The older version has no journal of this kind."""
        return self._journal.exists()


class Database(Store):
    """A Postgres database, whose server is killed, too."""

    def __init__(self, server: Server, url: str, queue: str) -> None:
        self.server = server
        super().__init__(url=url, setting=f'{url}"\nqueue = "{queue}', migrates="migrate")

    async def is_migrating(self) -> bool:
        """Whoever migrates holds a lock."""
        from textback.store.postgres import connect

        connection = await connect(self.url)
        try:
            found: bool = await connection.fetchval(
                "SELECT EXISTS (SELECT FROM pg_locks WHERE locktype = 'advisory'"
                " AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))"
            )
            return found
        finally:
            await connection.close()
