"""What is special to SQLite: another process that holds the file, and one sync for many."""

from __future__ import annotations

import asyncio
import sqlite3
from functools import partial
from pathlib import Path

import pytest

from textback.errors import StoreBusy, WrongStore
from textback.store import Lock, open_embedded, pauses
from textback.store import sqlite as module


async def test_while_another_process_holds_it_everybody_is_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One wait for the whole group, not one for each unit; afterwards work goes on."""
    monkeypatch.setattr(module, "BUSY_S", 0.2)
    store = open_embedded(tmp_path / "textback.db")
    await store.write(lambda: pauses.pause("first", "opens the connection", 1))
    other = sqlite3.connect(tmp_path / "textback.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")

    results = await asyncio.gather(
        *(store.write(lambda: pauses.pause("acme", "because", 1)) for _ in range(50)),
        return_exceptions=True,
    )
    other.execute("ROLLBACK")
    other.close()

    assert {type(result) for result in results} == {StoreBusy}
    assert await store.read(lambda: pauses.of("acme")) is None
    await store.write(lambda: pauses.pause("acme", "because", 1))
    await store.close()


@pytest.mark.parametrize(("longest_s", "commits"), [(60.0, 1), (-1.0, 50)])
async def test_a_group_ends_when_it_has_taken_long(
    longest_s: float, commits: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was not reached comes with the next commit: the event loop has others to serve."""
    monkeypatch.setattr(module, "LONGEST_S", longest_s)
    store = open_embedded(tmp_path / "textback.db")
    said: list[str] = []
    store._writer.set_trace_callback(said.append)

    await asyncio.gather(
        *(store.write(partial(pauses.pause, f"c{n}", "because", 1)) for n in range(50))
    )

    assert said.count("COMMIT") == commits
    assert [await store.read(partial(pauses.of, f"c{n}")) for n in range(50)] == ["because"] * 50
    await store.close()


def test_only_one_process_serves_a_file(tmp_path: Path) -> None:
    """The second is told what to do; the lock is gone with its holder."""
    path = tmp_path / "textback.db"
    first = Lock(path)
    with pytest.raises(WrongStore, match="already served"):
        Lock(path)
    first.release()

    Lock(path).release()


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """In words, and nothing is made."""
    with pytest.raises(WrongStore, match="no such folder"):
        open_embedded(tmp_path / "nowhere" / "textback.db")
    assert list(tmp_path.iterdir()) == []


def test_a_lock_that_cannot_be_made_is_told_in_words(tmp_path: Path) -> None:
    """As in a folder that this user may not write to."""
    (tmp_path / "textback.db.lock").mkdir()
    with pytest.raises(WrongStore, match="can't be written: Is a directory"):
        Lock(tmp_path / "textback.db")
