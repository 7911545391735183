"""What a call costs, beside the floor, in one run: ``python tests/benchmarks``.

The floor is the same HTTP work with nothing remembered (`floor.py`).  The load and the far side are
processes of their own; CPU is that of the process under test alone, user and system.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil
from common import HERE, Figures, deploy, process, settle
from rich.console import Console
from rich.table import Table


def measure(what: str, folder: Path, calls: int, rate: float) -> Figures:
    """One run of the floor or of textback."""
    folder.mkdir(parents=True)
    arrived, sent = folder / "arrived.json", folder / "sent.json"
    with process(str(HERE / "far_side.py"), str(arrived)) as (_, far_side):
        if what == "floor":
            command, path = [str(HERE / "floor.py"), far_side], "/"
        else:
            command = ["-m", "textback.cli", "serve", "--config", str(deploy(folder, far_side))]
            path = "/hooks/bright/stand_in"
        with process(*command) as (tested, address):
            load = [sys.executable, str(HERE / "load.py"), f"{address}{path}"]
            subprocess.run([*load, "50", "100", "5000000", str(folder / "warm.json")], check=True)
            watched = psutil.Process(tested.pid)
            before, began = watched.cpu_times(), time.monotonic()
            subprocess.run([*load, str(calls), str(rate), "0", str(sent)], check=True)
            settle([watched])
            after = watched.cpu_times()
            memory = watched.memory_info().rss / 1e6
    told, came = json.loads(sent.read_text()), json.loads(arrived.read_text())
    assert sum(told["answers"].values()) == calls, told["answers"]
    assert came["arrived"].keys() >= told["sent"].keys(), came["counts"]
    cpu = after.user + after.system - before.user - before.system
    return Figures(
        calls=calls,
        seconds=(max(came["arrived"].values()) / 1e9) - began,
        cpu_us=cpu / calls * 1e6,
        latencies_ms=[(came["arrived"][who] - at) / 1e6 for who, at in told["sent"].items()],
        memory_mb=memory,
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=30, help="of steady load")
    parser.add_argument("--rate", type=float, default=20, help="calls a second of steady load")
    parser.add_argument("--calls", type=int, default=5000, help="at saturation")
    options = parser.parse_args()
    table = Table(title=f"{platform.machine()}, {os.cpu_count()} cores, Python "
                  f"{platform.python_version()}")  # fmt: skip
    for column in ("", "calls/s", "CPU us a call", "p50 ms", "p99 ms", "memory MB"):
        table.add_column(column, justify="right")
    root = Path(tempfile.mkdtemp(prefix="textback-bench-"))
    loads = {
        f"steady, {options.rate:g} calls/s": (int(options.seconds * options.rate), options.rate),
        "saturation": (options.calls, 0.0),
    }
    for name, (calls, rate) in loads.items():
        floor = measure("floor", root / f"floor-{rate:g}", calls, rate)
        sqlite = measure("sqlite", root / f"sqlite-{rate:g}", calls, rate)
        for label, figures in (("floor", floor), ("SQLite", sqlite)):
            table.add_row(f"{name}: {label}", f"{figures.rate:.0f}", f"{figures.cpu_us:.0f}",
                          f"{figures.percentile(50):.1f}", f"{figures.percentile(99):.1f}",
                          f"{figures.memory_mb:.0f}")  # fmt: skip
        table.add_row(f"{name}: ratio", f"{sqlite.rate / floor.rate:.2f}",
                      f"+{sqlite.cpu_us - floor.cpu_us:.0f}",
                      f"{sqlite.percentile(50) / floor.percentile(50):.1f}",
                      f"{sqlite.percentile(99) / floor.percentile(99):.1f}", "")  # fmt: skip
    Console(width=110).print(table)
    shutil.rmtree(root)


if __name__ == "__main__":
    main()
