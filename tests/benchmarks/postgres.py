"""What a call costs on a Postgres store: ``python tests/benchmarks/postgres.py``.

One `serve` and some workers, once for each way in which they wake each other.  CPU is that of
`serve`, of the workers, and of all processes of the database server, user and system.  A latency is
from the webhook to the text's arrival at the far side.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import attrs
import psutil
from common import (
    HERE,
    HOOK,
    WARM,
    Figures,
    cpu_s,
    deploy,
    figures_of,
    machine,
    process,
    put_under_load,
)
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(HERE.parent))
from support import postgres


@attrs.frozen(kw_only=True)
class Shares:
    """Whose CPU it was, in microseconds a call."""

    figures: Figures
    serve: float
    workers: float
    server: float


class Watched:
    """The processes of one side, however many come and go."""

    def __init__(self, pids: Sequence[int], *, family: bool = False) -> None:
        self._heads = [psutil.Process(pid) for pid in pids]
        self._family = family

    def all(self) -> list[psutil.Process]:
        """All that live."""
        found = list(self._heads)
        if self._family:
            found += [child for head in self._heads for child in head.children(recursive=True)]
        return found

    def cpu_s(self) -> float:
        """Seconds of CPU until now, those of children that ended too."""
        ended = sum(sum(head.cpu_times()[2:4]) for head in self._heads) if self._family else 0.0
        return cpu_s(self.all()) + ended


def _quiet(server: Any, database: str) -> None:
    """Wait until nothing is due."""
    due = "SELECT count(*) FROM steps WHERE due_at < extract(epoch FROM now()) * 1e6 + 9e7"
    while server.psql(due, database) != "0":
        time.sleep(1)


def measure(
    server: Any, queue: str, folder: Path, *, workers: int, calls: int, rate: float
) -> Shares:
    """One run."""
    folder.mkdir(parents=True)
    arrived = folder / "arrived.json"
    with ExitStack() as opened:
        _, far_side = opened.enter_context(process(str(HERE / "far_side.py"), str(arrived)))
        url = server.database()
        store = f'{url}"\nqueue = "{queue}'
        options = ["--config", str(deploy(folder, far_side, store))]
        serve, address = opened.enter_context(process("-m", "textback.cli", "serve", *options))
        working = [
            opened.enter_context(process("-m", "textback.cli", "worker", *options))[0].pid
            for _ in range(workers)
        ]
        hook = f"{address}{HOOK}"
        put_under_load(hook, folder, calls=50, rate=50, first=WARM)
        time.sleep(2)  # for the last of these calls
        sides = [Watched([serve.pid]), Watched(working), Watched([server.pid], family=True)]
        before, began = [side.cpu_s() for side in sides], time.monotonic()
        sent = put_under_load(hook, folder, calls=calls, rate=rate)
        _quiet(server, url.rsplit("/", 1)[1])
        shares = [side.cpu_s() - was for side, was in zip(sides, before, strict=True)]
        memory = sum(each.memory_info().rss for each in sides[1].all()) / workers / 1e6
    each = [share / calls * 1e6 for share in shares]
    figures = figures_of(arrived, sent, began, sum(each), memory)
    return Shares(figures=figures, serve=each[0], workers=each[1], server=each[2])


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30, help="of steady load")
    parser.add_argument("--rate", type=float, default=20, help="calls a second of steady load")
    parser.add_argument("--calls", type=int, default=2000, help="at saturation")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=1, help="of both queues, by turns")
    options = parser.parse_args()
    table = Table(title=f"{machine()}, 1 serve, {options.workers} workers")
    for column in ("", "calls/s", "serve us", "worker us", "server us", "p50 ms", "p99 ms"):
        table.add_column(column, justify="right")
    root = Path(tempfile.mkdtemp(prefix="textback-bench-"))
    loads = {
        f"steady, {options.rate:g} calls/s": (int(options.seconds * options.rate), options.rate),
        "saturation": (options.calls, 0.0),
    }
    with postgres.running() as server:
        for turn in range(options.rounds):
            for name, (calls, rate) in loads.items():
                for queue in ("pgqueuer", "notify"):
                    folder = root / f"{queue}-{rate:g}-{turn}"
                    run = measure(
                        server, queue, folder, workers=options.workers, calls=calls, rate=rate
                    )
                    table.add_row(f"{name}: {queue}", f"{run.figures.rate:.0f}",
                                  f"{run.serve:.0f}", f"{run.workers:.0f}", f"{run.server:.0f}",
                                  f"{run.figures.percentile(50):.1f}",
                                  f"{run.figures.percentile(99):.1f}")  # fmt: skip
    Console(width=110).print(table)
    shutil.rmtree(root)


if __name__ == "__main__":
    main()
