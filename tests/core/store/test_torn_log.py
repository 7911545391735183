"""The end of the write-ahead log is torn: what was committed stays, and the file is sound."""

from __future__ import annotations

import random
import sqlite3
import struct
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from textback.store.migrate import migrate

COMMITS = 40
HEADER, FRAME = 32, 24  # bytes: https://www.sqlite.org/fileformat2.html#the_write_ahead_log

WRITER = """
import asyncio, os, sys
from pathlib import Path
from textback.store import SQLiteStore, inbox

async def main():
    store = SQLiteStore(Path(sys.argv[1]))
    for number in range(int(sys.argv[2])):
        await store.write(lambda: inbox.put("c", "p", f"{number:04}", subject=None, kind="k",
                                            at=1, received_at=1, body="x" * 900))
    os.kill(os.getpid(), 9)

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def killed(tmp_path_factory: pytest.TempPathFactory) -> tuple[bytes, bytes]:
    """A database and its log as a process left them that was killed after its last commit."""
    path = tmp_path_factory.mktemp("killed") / "textback.db"
    migrate(f"sqlite:///{path}")
    done = subprocess.run(
        [sys.executable, "-c", WRITER, str(path), str(COMMITS)], capture_output=True, check=False
    )
    assert done.returncode == -9, done.stderr
    return path.read_bytes(), path.with_name("textback.db-wal").read_bytes()


def commits(log: bytes) -> list[int]:
    """Where each commit ends in the log."""
    (page,) = struct.unpack(">I", log[8:12])
    salt, ends = log[16:24], []
    for start in range(HEADER, len(log) - FRAME - page + 1, FRAME + page):
        (size,) = struct.unpack(">I", log[start + 4 : start + 8])
        if log[start + 8 : start + 16] == salt and size:
            ends.append(start + FRAME + page)
    return ends


def keys(folder: Path, database: bytes, log: bytes) -> list[str]:
    """What is found in the inbox after the files came out of a crash like this."""
    path = folder / "torn.db"
    for file, content in ((path, database), (folder / "torn.db-wal", log)):
        file.write_bytes(content)
    (folder / "torn.db-shm").unlink(missing_ok=True)
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute("SELECT key FROM inbox ORDER BY key").fetchall()
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    return [key for (key,) in rows]


def test_everything_committed_is_there(killed: tuple[bytes, bytes], tmp_path: Path) -> None:
    """After a kill alone; and with the rest of a write that never came to its commit."""
    database, log = killed
    rng = random.Random(1)

    whole = [f"{number:04}" for number in range(COMMITS)]
    assert keys(tmp_path, database, log) == whole
    for size in (1, FRAME, 4096, 20_000):
        assert keys(tmp_path, database, log[: commits(log)[-1]] + rng.randbytes(size)) == whole
    last = commits(log)[-1]
    half = log[: last - 100]  # a frame, half written, as of a transaction that wasn't finished
    assert keys(tmp_path, database, half) == whole[:-1]


@pytest.mark.parametrize("seed", range(20))
def test_damage_reaches_no_commit_before_it(
    killed: tuple[bytes, bytes], tmp_path: Path, seed: int
) -> None:
    """Cut off anywhere, or with bytes flipped anywhere: all commits before that place survive."""
    database, log = killed
    rng = random.Random(seed)
    ends = commits(log)
    for _ in range(10):
        place = rng.randrange(ends[0], ends[-1])
        torn = bytearray(log)
        if rng.random() < 0.5:
            del torn[place:]
        else:
            for at in range(place, min(place + rng.randrange(1, 64), len(torn))):
                torn[at] ^= rng.randrange(1, 256)
        found = keys(tmp_path, database, bytes(torn))

        before = sum(end <= place for end in ends)
        written = COMMITS - len(ends)  # those that a checkpoint had moved into the file already
        assert found[: before + written] == [f"{n:04}" for n in range(before + written)]
        assert found == [f"{n:04}" for n in range(len(found))]
