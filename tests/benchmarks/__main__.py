"""All benchmarks in one run: ``python tests/benchmarks``, or ``tox -e bench``.

The floor is the same HTTP work with nothing remembered (`floor.py`).  The load, the far side and
what is measured are processes of their own; CPU is that of the process under test, user and system.
Ratios are of one run on one machine; nothing else should run beside it.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
from pathlib import Path

import at_load
import at_rest
import copied
import costs
import past
from common import machine
from rich.console import Console

PARTS = ("load", "clients", "waiting", "past", "costs", "copy")


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", help=f"some of {', '.join(PARTS)}; with commas between")
    parser.add_argument("--seconds", type=float, default=30, help="of steady load")
    parser.add_argument("--rate", type=float, default=20, help="calls a second of steady load")
    parser.add_argument("--calls", type=int, default=3000, help="at saturation")
    parser.add_argument("--past", type=int, default=1_000_000, help="cases in the store")
    parser.add_argument("--no-postgres", action="store_true")
    options = parser.parse_args()
    only = options.only.split(",") if options.only else PARTS
    steady = int(options.seconds * options.rate), options.rate
    console = Console(width=110)
    console.print(machine())
    root = Path(tempfile.mkdtemp(prefix="textback-bench-"))
    try:
        if "load" in only:
            with_postgres = not options.no_postgres
            console.print(at_load.table(root / "load", steady, options.calls, with_postgres))
        if "clients" in only:
            console.print(at_rest.clients(root / "clients", steady))
        if "waiting" in only:
            console.print(at_rest.waiting(root / "waiting"))
        if "past" in only:
            console.print(past.table(root / "past", options.past, steady))
        if "costs" in only:
            for table in costs.tables(root / "costs"):
                console.print(table)
        if "copy" in only:
            for table in copied.tables(root / "copy", options.past):
                console.print(table)
    finally:
        shutil.rmtree(root, ignore_errors=True)


if __name__ == "__main__":
    main()
