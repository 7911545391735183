"""Open the store that ``store.url`` names, whichever kind it is."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import attrs

from textback.errors import WrongStore
from textback.store.migrations import HEAD
from textback.store.sqlite import SQLiteStore, refuse_network, version_of
from textback.store.work import Store

POSTGRES = ("postgresql://", "postgres://")
PACKAGES = ("asyncpg", "pgqueuer")  # of the extra postgres


@attrs.frozen
class Place:
    """Where a store is: a file on this machine, or a Postgres database.

    Attributes:
        url: With the password, if there is one: never printed.
        file: Of an SQLite store.
    """

    url: str = attrs.field(repr=False)
    file: Path | None

    def __str__(self) -> str:
        """For people: the file's name, or server and database."""
        if self.file is not None:
            return self.file.name
        from textback.store.postgres import place

        return place(self.url)


def place_of(url: str, directory: Path) -> Place:
    """What an address names; a file is relative to the deployment's folder.

    Raises:
        WrongStore: It is no address of a store, or the packages for it are missing.
    """
    if url.startswith(POSTGRES):
        missing = [name for name in PACKAGES if importlib.util.find_spec(name) is None]
        if missing:
            raise WrongStore(
                f"a Postgres store needs the package {' and '.join(missing)}; run:"
                ' pip install "textback[postgres]"'
            )
        return Place(url, None)
    scheme, separator, file = url.partition(":///")
    if scheme != "sqlite" or not separator or not file:
        raise WrongStore(
            "store.url must be sqlite:///FILE, e.g. sqlite:///textback.db, or"
            " postgresql://USER:PASSWORD@HOST:PORT/DATABASE"
        )
    path = directory / file
    return Place(f"sqlite:///{path}", path)


async def schema_of(place: Place) -> str | None:
    """The schema's version of a store, which is only looked at; None if it has none yet.

    Raises:
        WrongStore: It is none, or can't be opened.
        StoreBusy: It can't be read now.
    """
    if place.file is not None:
        refuse_network(place.file)
        return version_of(place.file)
    from textback.store.postgres import version_at

    return await version_at(place.url)


async def open_store(url: str, directory: Path) -> Store:
    """Open a store; one that is new is made.

    An older SQLite file is brought up to date.  An older Postgres database is not, as others may be
    working on it: that is for `textback migrate`, once all know the new version.

    Raises:
        WrongStore: It can't be used by this version, or with this address.
        StoreBusy: It can't be used now.
    """
    place = place_of(url, directory)
    if place.file is not None:
        return open_embedded(place.file)
    found = await schema_of(place)
    if found is None:
        from textback.store.migrate import migrate  # loads SQLAlchemy and alembic

        migrate(place.url)
    elif found != HEAD:
        raise WrongStore(
            f"{place}: has schema {found}, and this version of textback needs {HEAD}; if it is the"
            " newer one, run: textback migrate"
        )
    from textback.store.postgres import PostgresStore

    return await PostgresStore.open(place.url)


def open_embedded(path: Path) -> SQLiteStore:
    """Open the embedded store, its schema brought up to date first."""
    refuse_network(path)
    if version_of(path) != HEAD:
        from textback.store.migrate import migrate  # loads SQLAlchemy and alembic

        migrate(f"sqlite:///{path}")
    return SQLiteStore(path)
