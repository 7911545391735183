"""A copy of an SQLite store that is being written to, and a store made of such a copy.

A copy is one file, complete in itself, with a stamp: when it was made, and a fingerprint of the key
that its hashes were made with.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import attrs

from textback.errors import WrongStore
from textback.store import pauses, plugin_state
from textback.store.sqlite import connect, refuse_network, run

STAMP = ("*", "textback", "backup")
"""Where a copy keeps its stamp: client, plugin and key among the plugins' state."""


@attrs.frozen
class Stamp:
    """When a copy was made, in microseconds, and the hash of nothing under its key."""

    at: int
    key: str


def back_up(store: Path, file: Path, stamp: Stamp) -> int:
    """Copy a store as it is at one moment, while others write to it; the size in bytes.

    The copy appears under its name only once it is whole and checked, readable by its owner alone.

    Raises:
        WrongStore: There is no store, the file is there already, or the copy is not sound.
    """
    if not store.exists():
        raise WrongStore(f"{store}: there is no store yet, so there is nothing to back up")
    if file.exists():
        raise WrongStore(f"{file}: is there already; choose another name")
    part = _new_part(file)
    try:
        with closing(connect(store)) as source, closing(_bare(part)) as copy:
            source.backup(copy)  # one snapshot; writers go on in the journal
            copy.execute("PRAGMA journal_mode = DELETE")  # one file
            value = attrs.asdict(stamp)
            run(copy, plugin_state.put(*STAMP, value, None))
            _sound(copy, part)
        _in_place(part, file)
    finally:
        part.unlink(missing_ok=True)
    return file.stat().st_size


def inspect(file: Path) -> Stamp | None:
    """The stamp of a copy; None if it was copied by other means.

    Raises:
        WrongStore: It isn't there, isn't a store of textback, or is not sound.
    """
    if not file.is_file():
        raise WrongStore(f"{file}: there is no such file")
    try:
        with closing(_bare(file)) as copy:
            copy.execute("SELECT version_num FROM alembic_version").fetchone()
            _sound(copy, file)
            value = run(copy, plugin_state.get(*STAMP, 0))
    except sqlite3.DatabaseError as error:
        raise WrongStore(f"{file}: is no copy of a store of textback: {error}") from error
    return Stamp(**value) if value else None


def put_back(file: Path, store: Path, because: str, now: int) -> Path | None:
    """Make a store of a copy, with all texts paused; where the store before has gone, if any.

    The right to run the engine must be held (`textback.store.Lock`).

    Args:
        file: The copy, which stays.
        store: Where the store is to be.
        because: Why texts are paused, for people.
        now: In microseconds.
    """
    from textback.store.migrate import migrate  # loads SQLAlchemy and alembic

    refuse_network(store)
    part = _new_part(store)
    try:
        with closing(_bare(file)) as copy, closing(_bare(part)) as target:
            copy.backup(target)
        migrate(f"sqlite:///{part}")
        with closing(_bare(part)) as target:
            run(target, pauses.pause("*", because, now))
            target.execute("PRAGMA journal_mode = DELETE")
        before = _aside(store, now)
        _in_place(part, store)
    finally:
        part.unlink(missing_ok=True)
    return before


def last_heard(file: Path) -> int | None:
    """When anything last came in before a copy without a stamp was made."""
    with closing(_bare(file)) as copy:
        (stamp,) = copy.execute("SELECT max(received_at) AS at FROM inbox").fetchone()
    last: int | None = stamp
    return last


def _bare(path: Path) -> sqlite3.Connection:
    """Open a file that nobody else uses."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.row_factory = sqlite3.Row
    return connection


def _new_part(file: Path) -> Path:
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)
    try:
        os.close(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except OSError as error:
        raise WrongStore(f"{part}: can't be written: {error.strerror}") from error
    return part


def _sound(connection: sqlite3.Connection, file: Path) -> None:
    (said,) = connection.execute("PRAGMA integrity_check(1)").fetchone()
    if said != "ok":
        raise WrongStore(f"{file}: is damaged: {said}")


def _in_place(part: Path, file: Path) -> None:
    """Give a whole file its name, so that a power cut leaves the file or nothing."""
    for path in (part, file.parent):
        number = os.open(path, os.O_RDONLY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
        if path == part:
            part.replace(file)


def _aside(store: Path, now: int) -> Path | None:
    """Give a store, with its journal, a second name; it keeps its first until it is replaced.

    A power cut in between must not leave no store at all: `serve` would begin an empty one, in
    which nobody has opted out.
    """
    if not store.exists():
        return None
    with closing(connect(store)) as old:
        old.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        old.execute("PRAGMA journal_mode = DELETE")
    aside = store.with_name(f"{store.name}.before-{now // 1_000_000}")
    os.link(store, aside)
    return aside
