"""The schema and its versions."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from textback.errors import WrongStore
from textback.store import clients as stored_clients
from textback.store import migrations, open_embedded, version_of
from textback.store.migrate import migrate
from textback.store.migrations import HEAD
from textback.store.schema import metadata


def test_the_head_is_alembics() -> None:
    """The constant that saves loading alembic is true."""
    config = Config()
    config.set_main_option("script_location", str(Path(migrations.__file__).parent))

    assert ScriptDirectory.from_config(config).get_current_head() == HEAD


def test_migrations_make_the_declared_schema(tmp_path: Path) -> None:
    """Tables, columns and indexes of a migrated file are those of `schema.py`."""
    path = tmp_path / "textback.db"
    done = migrate(f"sqlite:///{path}")
    again = migrate(f"sqlite:///{path}")

    assert (done.before, done.after, again.before) == (None, HEAD, HEAD)
    connection = sqlite3.connect(path)
    for table in metadata.sorted_tables:
        found = connection.execute(f"PRAGMA table_info({table.name})").fetchall()
        assert [row[1] for row in found] == [column.name for column in table.columns]
        indexes = connection.execute(f"PRAGMA index_list({table.name})").fetchall()
        names = {row[1] for row in indexes if not row[1].startswith("sqlite_")}
        assert names == {index.name for index in table.indexes}
    connection.close()


def test_bookings_of_the_first_schema(tmp_path: Path) -> None:
    """They are kept; whatever is told of them later counts."""
    path = tmp_path / "textback.db"
    migrate(f"sqlite:///{path}")
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("ALTER TABLE bookings DROP COLUMN told_at")
        connection.execute("ALTER TABLE bookings DROP COLUMN replaced_by")
        connection.execute("DROP TABLE counters")
        connection.execute("DROP TABLE consents")
        connection.execute("DROP INDEX ledger_by_number")
        connection.execute("UPDATE alembic_version SET version_num = '0001'")
        connection.execute(
            "INSERT INTO bookings (client, plugin, booking, title) VALUES ('c', 'p', 'B1', 'x')"
        )

    done = migrate(f"sqlite:///{path}")

    assert (done.before, done.after) == ("0001", HEAD)
    kept = connection.execute("SELECT booking, title, told_at, replaced_by FROM bookings")
    assert kept.fetchall() == [("B1", "x", 0, None)]
    connection.close()


def test_opt_outs_of_the_third_schema(tmp_path: Path) -> None:
    """Nothing that was given before them carries, also once they are taken back."""
    path = tmp_path / "textback.db"
    migrate(f"sqlite:///{path}")
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("DROP TABLE consents")
        connection.execute("DROP INDEX ledger_by_number")
        connection.execute("UPDATE alembic_version SET version_num = '0003'")
        for number, reason in (("h1", "opt_out"), ("h2", "block")):
            connection.execute(
                "INSERT INTO suppressions (client, number_hash, reason, since, evidence)"
                " VALUES ('c', ?, ?, 5, 'e')",
                (number, reason),
            )

    migrate(f"sqlite:///{path}")

    kept = connection.execute("SELECT client, number_hash, basis, at FROM consents")
    assert kept.fetchall() == [("c", "h1", "withdrawn", 5)]
    connection.close()


async def test_a_newer_store_is_refused(tmp_path: Path) -> None:
    """An older program doesn't touch it."""
    path = tmp_path / "textback.db"
    await open_embedded(path).close()
    connection = sqlite3.connect(path)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()

    with pytest.raises(WrongStore, match="9999"):
        open_embedded(path)
    assert version_of(path) == "9999"


def test_a_file_that_is_no_database_is_refused(tmp_path: Path) -> None:
    """In words, and left as it is."""
    path = tmp_path / "textback.db"
    path.write_text("not a database" * 100)

    with pytest.raises(WrongStore, match="SQLite"):
        open_embedded(path)
    assert path.read_text().startswith("not a database")


def test_every_table_follows_a_renamed_client() -> None:
    """`was` moves all that is stored."""
    moved = set(stored_clients.TABLES)

    assert moved == {table.name for table in metadata.sorted_tables} - {"clients"}
