"""Whether a call costs the same with millions of past ones in the store."""

from __future__ import annotations

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from common import HOOK, deploy, measure, serving
from rich.table import Table

from textback.store.migrate import migrate

AT_ONCE = 100_000  # cases a transaction
YEAR_US = 365 * 86_400 * 1_000_000

_N = "WITH RECURSIVE n(i) AS (SELECT :first UNION ALL SELECT i + 1 FROM n WHERE i < :last)"
_CASE, _NUMBER, _AT = (
    "printf('past%09d', i)",
    "printf('+1720%07d', i % 9999991)",
    ":from + i * :gap",
)
_ROWS = (
    f"""INSERT INTO inbox (client, plugin, key, subject, kind, at, received_at, body)
    SELECT 'c0', 'stand_in', 'E' || {_CASE}, 'call/stand_in/' || {_CASE}, 'CallEvent', {_AT},
        {_AT}, printf('%200s', '') FROM n""",
    f"""INSERT INTO calls (client, call_id, caller, caller_raw, line, started_at, ended_at, outcome,
        evidence, case_id, end_state, because)
    SELECT 'c0', 'stand_in/' || {_CASE}, {_NUMBER}, {_NUMBER}, '+13035550100', {_AT}, {_AT},
        'no_answer', 'DialCallStatus=no-answer', {_CASE}, 'sent', '' FROM n""",
    f"""INSERT INTO cases (client, case_id, number, line, opened_at, last_at, caller, outcome,
        end_state, because, calls, closed_at, closed_because)
    SELECT 'c0', {_CASE}, {_NUMBER}, '+13035550100', {_AT}, {_AT}, '{{"name": "Anna Example"}}',
        'no_answer', 'sent', '', 1, {_AT}, 'nothing happened for 7 days' FROM n""",
    f"""INSERT INTO texts (client, text_id, case_id, step, kind, direction, channel, number, line,
        body, state, rank, plugin, provider_id, at, state_at, segments, media)
    SELECT 'c0', {_CASE} || '-text-1-1', {_CASE}, 'text/1', 'first', 'out', 'sms', {_NUMBER},
        '+13035550100', printf('%140s', ''), 'delivered', 4, 'stand_in', 'S' || {_CASE}, {_AT},
        {_AT}, 1, '[]' FROM n""",
    f"""INSERT INTO contacts (client, number, version) SELECT 'c0', {_NUMBER}, 1 FROM n WHERE true
    ON CONFLICT DO NOTHING""",
    *(
        f"""INSERT INTO steps (client, subject, name, state, attempts, detail, result, updated_at)
    SELECT 'c0', 'case/' || {_CASE}, '{name}', 'done', 1, '{{}}', '{{}}', {_AT} FROM n"""
        for name in ("identify", "text/1", "lead/stand_in", "notify/stand_in/call/1", "idle")
    ),
    f"""INSERT INTO ledger (client, entry, at, kind, subject, number_hash, salt, content, digest,
        seq, chain)
    SELECT 'c0', {_CASE}, {_AT}, 'decided', 'case/' || {_CASE}, printf('%64s', i),
        printf('%32s', ''), printf('%1500s', ''), printf('%64s', ''), i + 1, printf('%64s', '')
    FROM n""",
)


def table(root: Path, cases: int, steady: tuple[int, float]) -> Table:
    """An empty store beside a full one."""
    made = Table(title="past cases in the store")
    for column in ("cases", "file GB", "written in s", "CPU us a call", "p50 ms", "p99 ms"):
        made.add_column(column, justify="right")
    for number in (0, cases):
        folder, took = root / str(number), [0.0]

        def begin(far: str, folder: Path = folder, number: int = number,
                  took: list[float] = took) -> list[str]:  # fmt: skip
            config, began = deploy(folder, far), time.monotonic()
            fill(folder / "textback.db", number)
            took[0] = time.monotonic() - began
            return list(serving(config))

        run = measure(folder, begin, HOOK, calls=steady[0], rate=steady[1])
        size = (folder / "textback.db").stat().st_size / 1e9
        made.add_row(f"{number:,}", f"{size:.1f}", f"{took[0]:.0f}", f"{run.cpu_us:.0f}",
                     f"{run.percentile(50):.1f}", f"{run.percentile(99):.1f}")  # fmt: skip
    return made


def fill(path: Path, cases: int) -> None:
    """Cases of the last year, with all rows that the engine would have left."""
    migrate(f"sqlite:///{path}")
    now = time.time_ns() // 1000
    values = {"from": now - YEAR_US, "gap": YEAR_US // max(cases, 1)}
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute("PRAGMA cache_size = -1000000")
        for first in range(0, cases, AT_ONCE):
            last = min(first + AT_ONCE, cases) - 1
            connection.execute("BEGIN")
            for rows in _ROWS:
                connection.execute(
                    rows.replace("SELECT", f"{_N} SELECT", 1),
                    {**values, "first": first, "last": last},
                )
            connection.execute("COMMIT")
