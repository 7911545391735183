"""After an erasure: let nothing of it stay in the files of the store."""

from __future__ import annotations

from textback.store import sqlite
from textback.store.clients import TABLES
from textback.store.opening import Place


async def clear(place: Place, needle: str) -> bool:
    """Free the space of what was erased; whether nothing of it is left.

    In an SQLite file that is looked for.  A Postgres server is told to reclaim the space; its
    archives of the write-ahead log, and copies, are beyond us.
    """
    if place.file is not None:
        return sqlite.clear(place.file, needle)
    from textback.store.postgres import connect, in_words

    connection = await connect(place.url)
    try:
        with in_words(place.url):
            await connection.execute(f"VACUUM {', '.join(TABLES)}")
    finally:
        await connection.close()
    return True
