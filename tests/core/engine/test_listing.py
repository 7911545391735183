"""Many cases on the command line: read in portions, each told once, in the order of time."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from support import deployment as d
from textback.cli.cases import AT_A_TIME
from textback.store.migrate import migrate

pytestmark = pytest.mark.slow

CASES = 2 * AT_A_TIME + 50  # of which each three were opened at the same moment


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A deployment with that many cases, of two clients by turns."""
    config = d.write(tmp_path, "http://127.0.0.1:1")
    file = tmp_path / "textback.db"
    migrate(f"sqlite:///{file}")
    rows = [(("bright", "old")[n % 2], f"case{n:04d}", 1 + n // 3) for n in range(CASES)]
    entries = [
        (
            client,
            case,
            at,
            f"case/{case}",
            json.dumps({"rule": "caps" if at % 5 else "", "step": "text/1"}),
            n + 1,
        )
        for n, (client, case, at) in enumerate(rows)
    ]
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executemany(
            "INSERT INTO cases (client, case_id, opened_at, last_at, caller, because)"
            " VALUES (?, ?, ?, 0, '{}', '')",
            rows,
        )
        connection.executemany(
            "INSERT INTO ledger (client, entry, at, kind, subject, content, digest, seq, chain)"
            " VALUES (?, ?, ?, 'decided', ?, ?, '', ?, '')",
            entries,
        )
        connection.execute("INSERT INTO clients VALUES ('bright', 1, NULL), ('old', 1, NULL)")
    return config


async def listed(config: Path, *words: str) -> list[int]:
    """The numbers of the cases, as they are listed."""
    code, out, err = await d.command(config, "cases", "--json", *words)
    assert code == 0, err
    return [int(json.loads(line)["case"].removeprefix("case")) for line in out.splitlines()]


async def test_all_and_the_newest(config: Path) -> None:
    """With any bound, whatever was opened at the same moment."""
    everyone = list(range(CASES))
    assert await listed(config) == everyone
    assert await listed(config, "--most", str(AT_A_TIME + 1)) == everyone[-AT_A_TIME - 1 :]
    assert await listed(config, "--most", str(CASES + 1)) == everyone
    assert await listed(config, "--client", "bright") == everyone[::2]
    assert await listed(config, "--client", "bright", "--most", "2") == everyone[::2][-2:]


async def test_those_that_a_rule_decided(config: Path) -> None:
    """Of one client and of all."""
    decided = [n for n in range(CASES) if (1 + n // 3) % 5]
    assert await listed(config, "--why", "caps") == decided
    assert await listed(config, "--why", "caps", "--most", "7") == decided[-7:]
    assert await listed(config, "--why", "caps", "--client", "bright") == [
        n for n in decided if n % 2 == 0
    ]
