"""A long past in a store: cases as the engine leaves them, so many times over.

Three calls are played: one whose follow-ups wait, one that the team has closed, one by a number
that may not be texted.  Their rows are then written again and again, under other names and numbers
and at other times, and the ledger is sealed as it would have been.
"""

from __future__ import annotations

import re
import sqlite3
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import attrs
from common import HOOK, KEY, process, put_under_load, ran, serving, settle
from psutil import Process

from textback.engine.context import keyed_hash
from textback.store.ledger import digest, fingerprint, link

AT_ONCE: Final = 5_000  # cases a transaction
PLAYED: Final = 7_900_000  # the first of the calls that are written again
HOUR_US: Final = 3_600 * 1_000_000
YEAR_US: Final = 365 * 24 * HOUR_US
REFUSED: Final = 100  # one of so many callers may not be texted

WAITING, CLOSED, SUPPRESSED = range(3)
_OWN = ("clients", "plugin_state", "pauses", "counters", "alembic_version")  # of no case


def fill(config: Path, cases: int, *, clients: int = 1, waiting: int = 0) -> None:
    """Write cases of the last year, by turns of all clients; the last ones have follow-ups due.

    Args:
        config: Of a deployment by `common.deploy`, whose far side answers.
        cases: How many.
        clients: How many the deployment has.
        waiting: How many of the cases have a follow-up that is due.
    """
    played = _play(config)
    now = time.time_ns() // 1000
    gap = YEAR_US // max(cases, 1)
    with closing(sqlite3.connect(config.parent / "textback.db", isolation_level=None)) as file:
        for pragma in ("journal_mode = OFF", "synchronous = OFF", "cache_size = -262144"):
            file.execute(f"PRAGMA {pragma}").fetchone()
        writer = _Writer(file, [_Template.of(file, call) for call in played], clients)
        for first in range(0, cases, AT_ONCE):
            file.execute("BEGIN")
            for number in range(first, min(first + AT_ONCE, cases)):
                if number >= cases - waiting:
                    writer.write(number, WAITING, now - 3 * HOUR_US)
                else:
                    what = CLOSED if number % REFUSED else SUPPRESSED
                    writer.write(number, what, now - YEAR_US - 5 * HOUR_US + number * gap)
            writer.flush()
            file.execute("COMMIT")
        file.execute("PRAGMA journal_mode = WAL").fetchone()


def number_of(case: int) -> str:
    """The caller of a case."""
    return f"+1720{2_000_000 + case:07d}"


def name_of(case: int) -> str:
    """A case's name."""
    return f"past{case:08d}"


def _play(config: Path) -> list[str]:
    """Let the engine leave the rows; the calls' names."""
    callers = [f"+1303{2_000_000 + PLAYED + place:07d}" for place in range(3)]
    ran(config, "suppress", callers[SUPPRESSED], "--client", "c0")
    with process(*serving(config)) as (serve, address):
        put_under_load(f"{address}{HOOK}", config.parent, calls=3, rate=1, first=PLAYED)
        settle([Process(serve.pid)])
        with closing(sqlite3.connect(config.parent / "textback.db")) as file:
            played = dict(file.execute("SELECT number, case_id FROM cases").fetchall())
            for case in (played[callers[CLOSED]], played[callers[SUPPRESSED]]):
                ran(config, "close", case)
                with file:  # quiet for long
                    file.execute(
                        "UPDATE steps SET due_at = 1 WHERE name = 'idle' AND subject = ?",
                        (f"case/{case}",),
                    )
        settle([Process(serve.pid)])
    return [f"CA{PLAYED + place:032x}" for place in range(3)]


@attrs.frozen
class _Template:
    """The rows of one case: of each table its columns, and what makes one row."""

    opened_at: int
    rows: list[tuple[str, tuple[str, ...], tuple[Callable[[dict[str, Any]], Any], ...]]]

    @classmethod
    def of(cls, file: sqlite3.Connection, call: str) -> _Template:
        case, number, opened_at = file.execute(
            "SELECT case_id, number, opened_at FROM calls JOIN cases USING (client, case_id)"
            " WHERE call_id = ?",
            (f"stand_in/{call}",),
        ).fetchone()
        number_hash = keyed_hash(KEY.encode())(number)
        own = {case: "case", call: "call", number: "number", number_hash: "hash"}
        names = {**own, str(opened_at): "at", "far-1": "id"}
        rows = []
        for table, columns in _tables(file):
            order = "seq" if table == "ledger" else "rowid"
            for row in file.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY {order}"):
                if any(name in str(value) for value in row for name in own):
                    values = zip(columns, row, strict=True)
                    made = tuple(_maker(*value, opened_at, names) for value in values)
                    rows.append((table, columns, made))
        return cls(opened_at, rows)


def _tables(file: sqlite3.Connection) -> Iterator[tuple[str, tuple[str, ...]]]:
    found = file.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    for (table,) in found:
        if table not in _OWN and not table.startswith("sqlite_"):
            columns = file.execute(f"PRAGMA table_info({table})").fetchall()
            yield table, tuple(column[1] for column in columns)


def _maker(
    column: str, value: Any, opened_at: int, names: dict[str, str]
) -> Callable[[dict[str, Any]], Any]:
    """From a case's names and times to one value."""
    if column == "client" and value != "*":
        return lambda of: of["client"]
    if isinstance(value, int) and abs(value - opened_at) < YEAR_US:
        return lambda of: of["at"] + value - opened_at
    if isinstance(value, str) and any(own in value for own in names):
        parts = re.split(f"({'|'.join(map(re.escape, names))})", value)
        form = "".join(f"%({names[p]})s" if p in names else p.replace("%", "%%") for p in parts)
        return lambda of: form % of
    return lambda of: value


class _Writer:
    """Writes cases, and seals what the ledger has of them."""

    def __init__(self, file: sqlite3.Connection, templates: list[_Template], clients: int) -> None:
        self._file = file
        self._templates = templates
        self._clients = clients
        self._hash_of = keyed_hash(KEY.encode())
        self._waiting: defaultdict[tuple[str, tuple[str, ...]], list[list[Any]]] = defaultdict(list)
        self._heads: dict[str, tuple[int, str]] = {
            client: (seq, chain)
            for client, seq, chain in file.execute(
                "SELECT client, max(seq), chain FROM ledger GROUP BY client"
            )
        }

    def write(self, case: int, what: int, at: int) -> None:
        """One case."""
        template, number = self._templates[what], number_of(case)
        of = {
            "client": f"c{case % self._clients}",
            "case": name_of(case),
            "call": f"CP{case:032x}",  # the load has its own
            "number": number,
            "hash": self._hash_of(number),
            "id": f"far-{case}",
            "at": at,
        }
        for place, (table, columns, makers) in enumerate(template.rows):
            row = [make(of) for make in makers]
            if table == "ledger":
                row = self._sealed(dict(zip(columns, row, strict=True)), f"{case:022x}{place:02x}")
            self._waiting[table, columns].append(row)

    def _sealed(self, row: dict[str, Any], entry: str) -> list[Any]:
        row |= {"entry": entry, "salt": row["number_hash"][:32]}
        row["digest"] = digest(row["salt"], row["content"])
        seq, chain = self._heads.get(row["client"], (0, ""))
        row["seq"] = seq + 1
        row["chain"] = link(chain, seq + 1, fingerprint(row))
        self._heads[row["client"]] = row["seq"], row["chain"]
        return list(row.values())

    def flush(self) -> None:
        """Hand all to the database."""
        for (table, columns), rows in self._waiting.items():
            places = ", ".join("?" * len(columns))
            self._file.executemany(
                f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", rows
            )
        self._waiting.clear()
