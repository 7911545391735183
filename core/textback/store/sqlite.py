"""SQLite: units of work run on the event loop; a thread syncs them, all that wait at that moment.

Write-ahead log with ``synchronous=FULL``: what is committed survives a power cut.  One sync serves
a whole group of units, so that it costs the same at one call a second as at a thousand.  What
waits for the disk (the commit, and a beginning while another process writes) is a thread's; the
statements are not, as two threads of Python would only hand their one lock to and fro for each.
Other processes (the commands) may write too: transactions begin ``IMMEDIATE`` and wait their turn.
"""

from __future__ import annotations

import asyncio
import fcntl
import mmap
import os
import sqlite3
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar, cast

from textback.errors import StoreBusy, WrongStore
from textback.store.work import Job, Unit, Waiting, Work

T = TypeVar("T")

GROUP = 256  # units in one commit at the most: bounds the wait of the first
LONGEST_S = 0.05  # so long the event loop runs units of one commit; the rest come with the next
STATEMENTS = 400  # kept compiled, for each connection: all that we have
BUSY_S = 10.0  # how long another process may hold the database before we give up

# Names that statfs gives to file systems which don't keep SQLite's locks across machines.
_NETWORK = {"nfs", "nfs4", "cifs", "smb3", "smbfs", "fuse.sshfs", "afs", "9p", "glusterfs"}


def run(connection: sqlite3.Connection, work: Work[T]) -> T:
    """Drive one generator to its end on a connection."""
    try:
        query, values = next(work)
        while True:
            query, values = work.send(connection.execute(query.sql, values).fetchall())
    except StopIteration as stop:
        return cast("T", stop.value)


def run_all(connection: sqlite3.Connection, jobs: list[Job[Any]]) -> list[Any] | None:
    """Run units in the transaction that has begun, up to its commit, for a while.

    Returns:
        What the first of them came to, as many as there was time for; None if one failed.  Then
        nothing was done, the transaction is over, and that one is told and is out of *jobs*.

    Raises:
        sqlite3.OperationalError: The file can't be written (it is full, broken): no unit's fault.
    """
    results: list[Any] = []
    until = monotonic() + LONGEST_S
    for job in jobs:
        if results and monotonic() > until:
            break
        try:
            results.append(run(connection, job.unit()))
        except sqlite3.OperationalError:
            _roll_back(connection)
            raise
        except Exception as error:  # noqa: BLE001 (it belongs to who waits for this unit)
            _roll_back(connection)
            job.refuse(error)
            jobs.remove(job)
            return None
    return results


def _roll_back(connection: sqlite3.Connection) -> None:
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def _advice(error: sqlite3.Error) -> str:
    """What a person can do; the primary code is in the lowest byte."""
    match getattr(error, "sqlite_errorcode", 0) & 0xFF:
        case sqlite3.SQLITE_FULL:
            return "; make room on its disk, then it goes on by itself"
        case sqlite3.SQLITE_IOERR:
            return "; see that its disk is sound and make room, then it goes on by itself"
        case sqlite3.SQLITE_BUSY:
            return "; another process holds it, see which"
        case sqlite3.SQLITE_READONLY:
            return "; see that this user may write the file and its folder"
    return ""


def connect(path: Path) -> sqlite3.Connection:
    """Open the file as every part of textback does."""
    try:
        connection = sqlite3.connect(
            path,
            isolation_level=None,
            check_same_thread=False,
            timeout=BUSY_S,
            cached_statements=STATEMENTS,
        )
    except sqlite3.Error as error:
        raise WrongStore(f"{path}: can't be opened: {error}") from error
    try:
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA secure_delete = ON")
        connection.execute("PRAGMA cache_size = -16384")
    except sqlite3.OperationalError as error:  # locked, read-only, no room
        connection.close()
        raise StoreBusy(f"{path}: can't be used now: {error}") from error
    except sqlite3.DatabaseError as error:
        connection.close()
        raise WrongStore(f"{path}: can't be opened as an SQLite database: {error}") from error
    return connection


def version_of(path: Path) -> str | None:
    """The schema's version of a file, which is only looked at; None if it has none yet.

    Raises:
        WrongStore: It is no SQLite database, or can't be opened.
        StoreBusy: It can't be read now.
    """
    if not path.exists():
        return None
    try:
        connection = sqlite3.connect(
            f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=BUSY_S
        )
    except sqlite3.Error as error:
        raise WrongStore(f"{path}: can't be opened: {error}") from error
    try:
        tables = "SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'"
        if connection.execute(tables).fetchone() is None:
            return None
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.OperationalError as error:
        raise StoreBusy(f"{path}: can't be read now: {error}") from error
    except sqlite3.DatabaseError as error:
        raise WrongStore(f"{path}: can't be opened as an SQLite database: {error}") from error
    finally:
        connection.close()
    return row[0] if row else None


def refuse_network(path: Path) -> None:
    """Refuse a file on a network file system, where two machines could write at once.

    Raises:
        WrongStore: It is on one.
    """
    folder = path.resolve().parent
    if not folder.is_dir():
        raise WrongStore(f"{folder}: no such folder; make it, or change store.url")
    if (kind := _file_system(folder)) in _NETWORK:
        raise WrongStore(
            f"{path} is on a network file system ({kind}), where SQLite's locks don't hold;"
            " put it on a local disk, or use a postgresql:// store"
        )


def _file_system(folder: Path) -> str:
    """The type of the file system that holds a folder; empty where the system doesn't tell."""
    mounts = Path("/proc/mounts")
    if not mounts.exists():
        return ""
    best, kind = "", ""
    for line in mounts.read_text(encoding="utf-8").splitlines():
        _, place, this, *_ = line.split(" ")
        place = place.replace("\\040", " ")
        if len(place) >= len(best) and folder.is_relative_to(place):
            best, kind = place, this
    return kind


class Lock:
    """The right to run the engine on a database file: one process at a time."""

    def __init__(self, path: Path) -> None:
        try:
            self._file = (path.parent / f"{path.name}.lock").open("a+")
        except OSError as error:
            raise WrongStore(f"{error.filename}: can't be written: {error.strerror}") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.close()
            raise WrongStore(
                f"{path} is already served by another process; stop that one, or use a"
                " postgresql:// store to run several"
            ) from error
        self._file.truncate(0)
        self._file.write(str(os.getpid()))
        self._file.flush()

    def release(self) -> None:
        """Let another process serve."""
        self._file.close()


class SQLiteStore:
    """The store in one file on this machine; of one event loop."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.waiting = Waiting()
        self.can_commit = True
        refuse_network(path)
        self._reader = connect(path)
        self._writer = connect(path)
        self._writer.execute("PRAGMA busy_timeout = 0")  # the event loop waits for nobody
        self._disk = ThreadPoolExecutor(1, "textback-disk")
        self._jobs: deque[Job[Any]] = deque()
        self._flushing: asyncio.Task[None] | None = None
        self._closed = False

    async def write(self, unit: Unit[T]) -> T:
        """Commit one unit together with all others that wait at this moment."""
        if self._closed:
            raise StoreBusy("the store is closed")
        job = Job(unit)
        self._jobs.append(job)
        if self._flushing is None:
            self._flushing = asyncio.ensure_future(self._flush())
        with self.waiting.one():
            return await job.over()

    async def read(self, unit: Unit[T]) -> T:
        """Run a short unit on the event loop's own connection: cheaper than a thread."""
        try:
            self._reader.execute("BEGIN")
            try:
                return run(self._reader, unit())
            finally:
                self._reader.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise StoreBusy(f"the store can't be read: {error}") from error

    async def close(self) -> None:
        """Commit what waits and close the file."""
        if self._closed:
            return
        self._closed = True
        if self._flushing is not None:
            await self._flushing
        self._disk.shutdown()
        self._writer.close()
        self._reader.close()

    async def _flush(self) -> None:
        """Commit group after group, until nobody waits."""
        try:
            while self._jobs:
                count = min(len(self._jobs), GROUP)
                await self._commit([self._jobs.popleft() for _ in range(count)])
        finally:
            self._flushing = None

    async def _commit(self, jobs: list[Job[Any]]) -> None:
        """Commit a group; one that fails is told so, and the others run again without it."""
        in_thread = asyncio.get_running_loop().run_in_executor
        try:
            while jobs:
                try:
                    self._writer.execute("BEGIN IMMEDIATE")
                except sqlite3.OperationalError:  # another process writes
                    await in_thread(self._disk, _begin, self._writer)
                results = run_all(self._writer, jobs)
                if results is None:
                    continue
                await in_thread(self._disk, self._writer.execute, "COMMIT")
                self.can_commit = True
                for job, result in zip(jobs, results, strict=False):
                    job.answer(result)
                del jobs[: len(results)]
        except sqlite3.Error as error:
            self.can_commit = False
            _roll_back(self._writer)
            for job in jobs:
                busy = StoreBusy(f"the store can't commit: {error}{_advice(error)}")
                busy.__cause__ = error
                job.refuse(busy)


def _begin(connection: sqlite3.Connection) -> None:
    """Wait for the other process."""
    connection.execute(f"PRAGMA busy_timeout = {int(BUSY_S * 1000)}")
    try:
        connection.execute("BEGIN IMMEDIATE")
    finally:
        connection.execute("PRAGMA busy_timeout = 0")


def clear(path: Path, needle: str) -> bool:
    """Let nothing that was erased stay in the file: neither in its journal nor in unused space.

    Works beside other processes; the journal is emptied once nobody reads from it.

    Args:
        path: Of the database.
        needle: What must not be found in it afterwards.

    Returns:
        Whether it is not found any more.
    """
    connection = connect(path)
    try:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        if not _holds(path, needle):
            return True
        connection.execute("VACUUM")  # moved rows may leave copies between the others
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.OperationalError as error:
        raise StoreBusy(f"the file can't be cleared now: {error}") from error
    finally:
        connection.close()
    return not _holds(path, needle)


def _holds(path: Path, needle: str) -> bool:
    """Whether a text stands anywhere in the file or its journal."""
    wanted = needle.encode()
    for file in (path, path.with_name(f"{path.name}-wal")):
        if not file.exists() or not file.stat().st_size:
            continue
        with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_READ) as m:
            if m.find(wanted) >= 0:
                return True
    return False
