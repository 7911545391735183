"""What it costs to be there: many clients, and many follow-ups that wait."""

from __future__ import annotations

import os
import sqlite3
import time
from contextlib import closing
from pathlib import Path

from common import HOOK, Figures, deploy, measure, serving
from rich.table import Table

from textback.store.migrate import migrate

CLIENTS = (1, 100, 10_000)
WAITING = (0, 100_000, 1_000_000)
MONTH_US = 30 * 86_400 * 1_000_000

_CASES = """
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :last)
    INSERT INTO cases (client, case_id, number, line, opened_at, last_at, caller, outcome,
        end_state, because, calls)
    SELECT 'c0', printf('waits%07d', i), printf('+1720%07d', i), '+13035550100', :now, :now, '{}',
        'no_answer', 'sent', '', 1 FROM n
"""
_STEPS = """
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < :last)
    INSERT INTO steps (client, subject, name, state, due_at, attempts, detail, updated_at)
    SELECT 'c0', printf('case/waits%07d', i), 'follow_up/1', 'waiting', :due + i, 0, '{}', :now
    FROM n
"""


def clients(root: Path, steady: tuple[int, float]) -> Table:
    """A deployment of one, many and very many clients."""
    made = Table(title="clients\ngoals for 10,000: start < 2 s, < 150 MB")
    for column in ("clients", "start s", "memory at rest MB", "CPU us a call", "p50 ms", "p99 ms"):
        made.add_column(column, justify="right")
    for number in CLIENTS:
        folder = root / str(number)
        run = measure(
            folder,
            lambda far, folder=folder, number=number: serving(  # type: ignore[misc]
                deploy(folder, far, clients=number)
            ),
            HOOK,
            calls=steady[0],
            rate=steady[1],
            clients=number,
        )
        made.add_row(f"{number:,}", *_at_rest(run), f"{run.cpu_us:.0f}",
                     f"{run.percentile(50):.1f}", f"{run.percentile(99):.1f}")  # fmt: skip
    return made


def waiting(root: Path) -> Table:
    """A store in which so many follow-ups wait for next month."""
    made = Table(title="waiting follow-ups\ngoals for 100,000: ready in < 0.5 s more, < 10 MB more")
    for column in ("waiting", "start s", "memory at rest MB"):
        made.add_column(column, justify="right")
    for number in WAITING:
        folder = root / str(number)

        def begin(far: str, folder: Path = folder, number: int = number) -> list[str]:
            config = deploy(folder, far)
            fill(folder / "textback.db", number)
            return list(serving(config))

        run = measure(folder, begin, HOOK, calls=20, rate=20)
        made.add_row(f"{number:,}", *_at_rest(run))
    return made


def fill(path: Path, number: int) -> None:
    """Cases whose first text was sent, and whose follow-up waits."""
    migrate(f"sqlite:///{path}")
    if not number:
        return
    now = time.time_ns() // 1000
    values = {"last": number - 1, "now": now, "due": now + MONTH_US}
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("PRAGMA synchronous = OFF")
        connection.execute(_CASES, values)
        connection.execute(_STEPS, values)
    os.sync()  # else the first commit of who starts next waits for all of it


def _at_rest(run: Figures) -> tuple[str, str]:
    return f"{run.started_s:.2f}", f"{run.at_rest_mb:.0f}"
