"""A deployment with a long past moves from its file to Postgres: what that takes, and what is then.

The commands that people ask the past with are timed before and after.  Then `serve` and `worker`
go on with the copy: each follow-up that had waited must come to the far side, once.
"""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from common import HERE, Ran, deploy, process, ran, serving
from filled import fill, name_of, number_of
from rich.table import Table

sys.path.insert(0, str(HERE.parent))
from support import deployment
from support import postgres as server
from textback.store.shared import copying

CLIENTS = 100
WAITING = 5  # cases with a follow-up that is due
FIRST_TEXTS = 2  # of the calls that were played to be written again
OLD = 2 * CLIENTS + 1  # a case of the second client, from the beginning of the year
COMMANDS = {
    "cases": ("cases",),
    "cases --client c1": ("cases", "--client", "c1"),
    "cases --client c1 --json": ("cases", "--client", "c1", "--json"),
    "cases --why suppressed": ("cases", "--why", "suppressed"),
    "cases --why caps (there is none)": ("cases", "--why", "caps"),
    "why CASE": ("why", name_of(OLD)),
    "evidence NUMBER": ("evidence", number_of(OLD), "--out"),
    "evidence --verify": ("evidence", "--verify"),
}


def tables(root: Path, cases: int) -> Iterator[Table]:
    """What the copy takes, for a tenth of the cases and for all; and the commands beside it."""
    made = Table(title=f"store copy, {CLIENTS} clients")
    for column in ("cases", "file GB", "rows", "copied in s", "rows/s", "CPU s", "peak MB"):
        made.add_column(column, justify="right")
    asked = Table(title=f"commands, {cases:,} cases: seconds (CPU), peak MB")
    for column in ("", "SQLite", "", "Postgres", ""):
        asked.add_column(column, justify="right")
    with server.running() as running:
        for number in (cases // 10, cases):
            folder = root / str(number)
            with process(str(HERE / "far_side.py"), str(root / "arrived.json")) as (_, far_side):
                config = deploy_at_noon(folder, far_side)
                fill(config, number, clients=CLIENTS, waiting=WAITING)
                before = ask(config, "file") if number == cases else []
                url = running.database()
                made.add_row(f"{number:,}", *copy(config, url))
                after = ask(config, "database") if number == cases else []
                go_on(config, running, url.rsplit("/", 1)[1])
            texted_once(root / "arrived.json", number)
    for name, in_file, in_database in zip(COMMANDS, before, after, strict=True):
        asked.add_row(name, *_cells(in_file), *_cells(in_database))
    yield made
    yield asked


def deploy_at_noon(folder: Path, far_side: str) -> Path:
    """A deployment in which no text waits for the day."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    config = deploy(folder, far_side, clients=CLIENTS)
    (folder / "plugins" / "noon.py").write_text(deployment.NOON)
    for file in (folder / "clients").iterdir():
        file.write_text(file.read_text() + "[plugins.noon]\n")
    return config


def copy(config: Path, url: str) -> tuple[str, ...]:
    """Copy the file, and let the deployment be on Postgres; what that took, for the table."""
    file = config.parent / "textback.db"
    size, rows = file.stat().st_size / 1e9, copying.count(file)
    run = ran(config, "store", "copy", "sqlite:///textback.db", url)
    config.write_text(config.read_text().replace("sqlite:///textback.db", url))
    return (f"{size:.1f}", f"{rows:,}", f"{run.wall_s:.0f}", f"{rows / run.wall_s:,.0f}",
            f"{run.cpu_s:.0f}", f"{run.peak_mb:.0f}")  # fmt: skip


def ask(config: Path, where: str) -> list[Ran]:
    """Run the commands."""
    file = str(config.parent / f"{where}.html")
    return [ran(config, *words, *([file] if "evidence" in words else []))
            for words in COMMANDS.values()]  # fmt: skip


def go_on(config: Path, running: Any, database: str) -> None:
    """Serve the copy until no follow-up is due."""
    due = (
        "SELECT count(*) FROM steps WHERE name = 'follow_up/1' AND state IN ('waiting', 'running')"
        " AND due_at < extract(epoch FROM now()) * 1e6 + 6e7"
    )
    assert running.psql(due, database) == str(WAITING)
    with (
        process(*serving(config)),
        process("-m", "textback.cli", "worker", "--config", str(config)),
    ):
        while running.psql(due, database) != "0":
            time.sleep(0.5)
        time.sleep(5)  # for what should not come


def texted_once(arrived: Path, cases: int) -> None:
    """Every caller whose follow-up waited has it, and nobody has more."""
    came = json.loads(arrived.read_text())
    assert came["counts"]["POST /texts"] == FIRST_TEXTS + WAITING, came["counts"]
    assert came["arrived"].keys() >= {number_of(cases - 1 - place) for place in range(WAITING)}


def _cells(run: Ran) -> tuple[str, str]:
    return f"{run.wall_s:.1f} ({run.cpu_s:.1f})", f"{run.peak_mb:.0f}"
