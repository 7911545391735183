"""A Postgres server that goes away under an open store, and comes back."""

from __future__ import annotations

from pathlib import Path
from typing import NoReturn

import pytest

from support import deployment as d
from support import postgres
from textback.errors import StoreBusy
from textback.store import Store, open_store, statement
from textback.store.work import Work, every

ONE = statement("SELECT 1 AS one")


def asked() -> Work[int]:
    """The least that can be asked."""
    (row,) = yield from every(ONE)
    one: int = row["one"]
    return one


async def answers(store: Store) -> bool:
    """Whether it can be used now."""
    try:
        return await store.write(asked) == 1
    except StoreBusy:
        return False


async def test_a_connection_that_broke_between_two_statements_is_the_server_away() -> None:
    """The driver calls it an error of its own; whoever commits a receipt has to try again."""
    asyncpg = pytest.importorskip("asyncpg", reason="needs the extra postgres")
    from textback.store.postgres import PostgresStore

    class Pool:
        def acquire(self) -> NoReturn:
            raise asyncpg.InternalClientError("another operation is in progress")

    store = PostgresStore("", Pool())  # no server breaks a connection at a chosen statement

    with pytest.raises(StoreBusy):
        await store.write(asked)
    with pytest.raises(StoreBusy):
        await store.read(asked)


@pytest.mark.slow
async def test_it_is_said_in_our_own_words_alone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A log that is read by machines has no line of the driver in it, nor its stack."""
    postgres.skip_if_missing()
    with postgres.running() as server:
        store = await open_store(postgres.new_database(server), tmp_path)
        assert await answers(store)

        server.kill()
        assert not await answers(store)
        server.start()
        await d.until(lambda: answers(store))
        await store.close()

    assert caplog.records == []
