"""Whether a call costs the same with millions of past ones in the store."""

from __future__ import annotations

import time
from pathlib import Path

from common import HOOK, deploy, measure, serving
from filled import fill
from rich.table import Table


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
            if number:
                fill(config, number)
            took[0] = time.monotonic() - began
            return list(serving(config))

        run = measure(folder, begin, HOOK, calls=steady[0], rate=steady[1])
        size = (folder / "textback.db").stat().st_size / 1e9
        made.add_row(f"{number:,}", f"{size:.1f}", f"{took[0]:.0f}", f"{run.cpu_us:.0f}",
                     f"{run.percentile(50):.1f}", f"{run.percentile(99):.1f}")  # fmt: skip
    return made
