"""``store copy``: a deployment moves from its file to a Postgres database."""

from __future__ import annotations

import asyncio
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from support import deployment as d
from support.deployment import until
from textback.store import Lock
from textback.store.migrate import migrate

pytestmark = pytest.mark.slow

CALLER = "+13035560123"
ROWS = 3_000


def fill(file: Path) -> None:
    """Some thousands of rows in every table, with what is hard to carry."""
    with closing(sqlite3.connect(file)) as connection, connection:
        tables = connection.execute(
            "SELECT name FROM sqlite_master WHERE type = 'table' AND name <> 'alembic_version'"
        ).fetchall()
        for (table,) in tables:
            columns = connection.execute(f"PRAGMA table_info({table})").fetchall()
            rows = [_row(table, columns, number) for number in range(ROWS)]
            places = ", ".join("?" * len(columns))
            connection.executemany(f"INSERT INTO {table} VALUES ({places})", rows)


def _row(table: str, columns: list[tuple], number: int) -> list[object]:
    odd = ("Ünï Çødé 🙂", "", "tab\there\nand a line", "\\N", "back\\slash", "Z", "a")[number % 7]
    values: list[object] = []
    for _, name, kind, needed, _, key in columns:
        if name in ("closed_at", "retired_at"):
            values.append(number)
        elif not needed and number % 3 == 0:
            values.append(None)
        elif "INT" in kind.upper():
            values.append({"rank": 1, "segments": 1}.get(name, number * 1_000_003 - 500))
        elif key or name == "number":
            values.append(f"{'zA_-/'[number % 5]}{odd}{number}")
        else:
            values.append("{}" if name in ("detail", "evidence") else odd)
    return values


async def test_everything_arrives(tmp_path: Path, server) -> None:
    """Rows of every table, compared; then nothing is copied over them."""
    config = d.write(tmp_path, "http://127.0.0.1:1")
    file = tmp_path / "textback.db"
    migrate(f"sqlite:///{file}")
    fill(file)
    url = server.database()
    words = ("store", "copy", "sqlite:///textback.db", url)

    lock = Lock(file)
    code, _, said = await d.command(config, *words)
    assert (code, "already served" in said) == (1, True)
    lock.release()
    code, _, said = await d.command(config, *words)
    assert code == 0, said
    assert f"{ROWS} subjects" in said
    assert "a-password" not in said
    code, _, said = await d.command(config, *words)
    assert (code, "is not empty" in said) == (1, True)

    with closing(sqlite3.connect(file)) as connection:
        because = connection.execute("SELECT because FROM pauses WHERE client = '*'").fetchone()
        kept = connection.execute("SELECT body FROM texts ORDER BY text_id").fetchall()
    assert because[0].startswith("moved to ")
    database = url.rsplit("/", 1)[1]
    there = server.psql('SELECT to_json(body) FROM texts ORDER BY text_id COLLATE "C"', database)
    assert [json.loads(line) for line in there.splitlines()] == [body for (body,) in kept]


async def test_what_cant_arrive_is_named(tmp_path: Path, server) -> None:
    """Nothing is copied then, and the source is served on."""
    config = d.write(tmp_path, "http://127.0.0.1:1")
    file = tmp_path / "textback.db"
    migrate(f"sqlite:///{file}")
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("INSERT INTO pauses VALUES ('acme', 'a' || char(0) || 'b', 1)")
        connection.execute("INSERT INTO clients VALUES ('acme', 1, NULL)")
    url = server.database()

    code, _, said = await d.command(config, "store", "copy", "sqlite:///textback.db", url)

    assert code == 1
    assert "pauses acme: has a NUL character" in said
    assert server.psql("SELECT count(*) FROM clients", url.rsplit("/", 1)[1]) == "0"


async def test_a_deployment_goes_on_where_it_was(site) -> None:
    """A case, its reason and its waiting follow-up, told by other processes now."""
    config = d.write(site.folder, await site.api.start())
    serving = await d.Serving.start(config)
    response = await d.post(site.http, serving.address, "dial", d.missed("CA1", CALLER))
    assert response.is_success
    await until(lambda: site.texted() == [CALLER])
    (case,) = await d.cases(config)
    _, before, _ = await d.command(config, "why", case["case"])
    assert await serving.stop() == 0

    code, _, said = await d.command(config, "store", "copy", "sqlite:///textback.db", site.url)
    assert code == 0, said
    config.write_text(config.read_text().replace("sqlite:///textback.db", site.url))
    _, after, _ = await d.command(config, "why", case["case"])
    assert after == before
    site.serves, site.workers = await asyncio.gather(
        asyncio.gather(d.Serving.start(config)), asyncio.gather(site.worker())
    )

    await site.psql("UPDATE steps SET due_at = 1 WHERE name = 'follow_up/1'")
    await until(lambda: site.texted() == [CALLER] * 2)
    assert await site.post(0, "dial", d.missed("CA1", CALLER)) == 200
    assert await site.post(0, "dial", d.missed("CA2", CALLER)) == 200
    await until(lambda: _joined(site))
    assert site.texted() == [CALLER] * 2


async def _joined(site) -> bool:
    return "joined" in await site.psql("SELECT end_state FROM calls")
