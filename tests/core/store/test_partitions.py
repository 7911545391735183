"""Tables that are partitioned by client: everything goes on as with whole ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from support.house import House
from textback.model import Kind
from textback.store.migrate import migrate
from textback.store.schema import metadata

PARTITIONS = 4


def test_every_key_begins_with_the_client() -> None:
    """Uniqueness within a partition is uniqueness in all of them."""
    for table in metadata.sorted_tables:
        unique = [table.primary_key, *(index for index in table.indexes if index.unique)]
        assert [next(iter(each.columns)).name for each in unique] == ["client"] * len(unique)


def partition(table: str) -> str:
    """As `docs/scale.md` does it."""
    parts = "".join(
        f"CREATE TABLE {table}_{n} PARTITION OF {table}"
        f" FOR VALUES WITH (MODULUS {PARTITIONS}, REMAINDER {n});"
        for n in range(PARTITIONS)
    )
    return (
        f"ALTER TABLE {table} RENAME TO {table}_whole;"
        f"CREATE TABLE {table} (LIKE {table}_whole INCLUDING ALL) PARTITION BY HASH (client);"
        f"{parts} INSERT INTO {table} SELECT * FROM {table}_whole; DROP TABLE {table}_whole;"
    )


async def test_a_call_is_handled_on_partitioned_tables(
    postgres_server: Any, tmp_path: Path
) -> None:
    """A missed call, a STOP, and another call."""
    import asyncpg

    from textback.store.postgres import PostgresStore

    url = postgres_server.database()
    migrate(url)
    connection = await asyncpg.connect(url)
    async with connection.transaction():
        for table in metadata.sorted_tables:
            await connection.execute(partition(table.name))
    await connection.close()
    store = await PostgresStore.open(url)
    empty = tmp_path / "empty.db"
    migrate(f"sqlite:///{empty}")
    (tmp_path / "house").mkdir()
    house = House(tmp_path / "house", empty)
    house.write()
    await house.open(store)

    await house.missed()
    await house.write_in("STOP")
    await house.missed()

    assert [text.kind for _, text in house.sent] == [Kind.FIRST, Kind.CONFIRMATION]
    await house.close()
    await store.close()
