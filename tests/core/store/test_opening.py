"""The store that `store.url` names: opened, or refused in words that don't tell its password."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from textback.errors import StoreBusy, StoreError, WrongStore
from textback.store import HEAD, open_store, pauses, place_of, schema_of

NOWHERE = Path("/nowhere")


@pytest.fixture
def url(postgres_server: Any, request: pytest.FixtureRequest) -> str:
    """An empty database."""
    name = f"opening_{abs(hash(request.node.name))}"
    postgres_server.psql(f"CREATE DATABASE {name};")
    address: str = postgres_server.url(name)
    return address


async def test_an_empty_database_becomes_a_store(url: str) -> None:
    """As an SQLite file that isn't there does."""
    place = place_of(url, NOWHERE)
    assert await schema_of(place) is None

    store = await open_store(url, NOWHERE)
    await store.write(lambda: pauses.pause("acme", "because", 1))
    await store.close()

    assert await schema_of(place) == HEAD
    again = await open_store(url, NOWHERE)
    assert await again.read(lambda: pauses.of("acme")) is not None
    await again.close()


@pytest.mark.parametrize("schema", ["0001", "9999"])
async def test_another_schema_is_refused(url: str, schema: str) -> None:
    """Others may be working on it: nobody brings it up to date in passing."""
    import asyncpg

    await (await open_store(url, NOWHERE)).close()
    connection = await asyncpg.connect(url)
    await connection.execute(f"UPDATE alembic_version SET version_num = '{schema}'")
    await connection.close()

    with pytest.raises(WrongStore, match="textback migrate"):
        await open_store(url, NOWHERE)


@pytest.mark.parametrize(
    ("url", "error", "says"),
    [
        ("mysql://h/d", WrongStore, "must be sqlite:///FILE"),
        ("postgresql://me:sesame@127.0.0.1:1/textback", StoreBusy, "127.0.0.1:1/textback"),
        ("postgresql://me:sesame@127.0.0.1:port/textback", WrongStore, "can't be read"),
        ("postgresql://me:sesame@nowhere.invalid/textback", StoreBusy, "can't be reached"),
    ],
)
async def test_what_is_wrong_is_said(url: str, error: type[StoreError], says: str) -> None:
    """With the place, and without the password."""
    pytest.importorskip("asyncpg", reason="needs the extra postgres")
    pytest.importorskip("pgqueuer", reason="needs the extra postgres")
    with pytest.raises(error) as refused:
        await open_store(url, NOWHERE)

    assert says in str(refused.value)
    assert "sesame" not in str(refused.value)


async def test_a_database_that_isnt_there(postgres_server: Any) -> None:
    """The server is, so that is said."""
    with pytest.raises(WrongStore, match="no such database"):
        await open_store(postgres_server.url("absent"), NOWHERE)


def test_the_extra_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """What to install is said."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)

    with pytest.raises(WrongStore, match=r'pip install "textback\[postgres\]"'):
        place_of("postgresql://localhost/textback", NOWHERE)
