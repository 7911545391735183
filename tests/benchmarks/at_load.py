"""What a call costs under load: the floor, SQLite, Postgres; at a steady rate and at saturation."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import postgres
from common import HERE, HOOK, Figures, deploy, measure, serving
from rich.table import Table

sys.path.insert(0, str(HERE.parent))
from support import postgres as server

GOALS = "goals: p50 <= 2 x floor, p99 < 15 ms; CPU above the floor <= 200 us; >= 0.9 of its rate"


def table(root: Path, steady: tuple[int, float], calls: int, with_postgres: bool) -> Table:
    """All of it beside the floor."""
    made = Table(title=f"under load\n{GOALS}")
    for column in ("", "calls/s", "CPU us a call", "p50 ms", "p99 ms", "memory MB"):
        made.add_column(column, justify="right")
    for name, (number, rate) in {f"{steady[1]:g} calls/s": steady,
                                 "saturation": (calls, 0.0)}.items():  # fmt: skip

        def floor_with(*words: str, folder: str, number: int = number,
                       rate: float = rate) -> Figures:  # fmt: skip
            return measure(root / f"{folder}-{rate:g}",
                           lambda far: [str(HERE / "floor.py"), far, *words], "/",
                           calls=number, rate=rate)  # fmt: skip

        floor = floor_with(folder="floor")
        _row(made, f"{name}: floor", floor, None)
        _row(made, "with httpx's own transport", floor_with("plain", folder="plain"), floor)
        place = root / f"sqlite-{rate:g}"
        sqlite = measure(place, lambda far, place=place: serving(deploy(place, far)),  # type: ignore[misc]
                         HOOK, calls=number, rate=rate)  # fmt: skip
        _row(made, f"{name}: SQLite", sqlite, floor)
        if with_postgres:
            _postgres(made, root, name, number, rate, floor)
    return made


def _postgres(made: Table, root: Path, name: str, number: int, rate: float, floor: Figures) -> None:
    with server.running() as running:
        share = postgres.measure(running, "pgqueuer", root / f"postgres-{rate:g}", workers=1,
                                 calls=number, rate=rate)  # fmt: skip
    _row(made, f"{name}: Postgres, 1 serve + 1 worker", share.figures, floor)
    parts = f"{share.serve:.0f}; {share.workers:.0f}; {share.server:.0f}"
    made.add_row("of that serve; worker; server", "", parts, "", "", "")


def _row(made: Table, label: str, run: Figures, floor: Figures | None) -> None:
    cells = [f"{run.rate:.0f}", f"{run.cpu_us:.0f}", f"{run.percentile(50):.1f}",
             f"{run.percentile(99):.1f}", f"{run.memory_mb:.0f}"]  # fmt: skip
    if floor is not None:
        beside: list[Any] = [
            f"x{run.rate / floor.rate:.2f}",
            f"{run.cpu_us - floor.cpu_us:+.0f}",
            f"x{run.percentile(50) / floor.percentile(50):.1f}",
            f"x{run.percentile(99) / floor.percentile(99):.1f}",
        ]
        cells = [f"{cell} ({more})" for cell, more in zip(cells, beside, strict=False)] + cells[4:]
    made.add_row(label, *cells)
