"""What benchmarks share: a deployment, processes, and what a run came to."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import attrs
import psutil

HERE = Path(__file__).parent

TEXTBACK = """
[server]
public_url = "http://127.0.0.1:1"
listen = "127.0.0.1:0"
[store]
url = "{store}"
key = "a key of this benchmark, long enough"
[log]
level = "error"
"""
CLIENT = """
name = "Bright Smile Dental"
time_zone = "America/Denver"
lines = ["+13035550100"]
mode = "live"
registration.id = "CMP1234"
[plugins.stand_in]
base_url = "{far_side}"
[[lead]]
tag = "missed-call"
stage = "new-lead"
[[follow_up]]
after = "2h"
body = "Still need us? Reply STOP to opt out"
[[follow_up]]
after = "1d"
body = "Still need us? Reply STOP to opt out"
"""


@attrs.frozen
class Figures:
    """What one run came to."""

    calls: int
    seconds: float
    cpu_us: float
    latencies_ms: list[float]
    memory_mb: float

    @property
    def rate(self) -> float:
        """Calls a second."""
        return self.calls / self.seconds

    def percentile(self, percent: int) -> float:
        """Milliseconds from webhook to text, at the far side."""
        return statistics.quantiles(self.latencies_ms, n=100, method="inclusive")[percent - 1]


@contextlib.contextmanager
def process(*words: str, **env: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that prints its address; ended when done."""
    started = subprocess.Popen(
        [sys.executable, *words], stdout=subprocess.PIPE, text=True, env={**os.environ, **env}
    )
    assert started.stdout is not None
    line = started.stdout.readline().strip()
    try:
        yield started, line.removeprefix("listening on ")
    finally:
        started.send_signal(signal.SIGTERM)
        started.wait(120)


def deploy(folder: Path, far_side: str, store: str = "sqlite:///textback.db") -> Path:
    """Write a deployment; the path of textback.toml."""
    (folder / "clients").mkdir()
    (folder / "plugins").mkdir()
    shutil.copy(HERE / "stand_in.py", folder / "plugins")
    (folder / "clients" / "bright.toml").write_text(CLIENT.format(far_side=far_side))
    config = folder / "textback.toml"
    config.write_text(TEXTBACK.format(store=store))
    return config


def cpu_s(watched: Sequence[psutil.Process]) -> float:
    """Seconds of CPU of these processes until now, user and system."""
    return sum(sum(each.cpu_times()[:2]) for each in watched)


def settle(watched: Sequence[psutil.Process]) -> None:
    """Wait until the processes have hardly anything more to do."""
    last = -1.0
    while (now := cpu_s(watched)) - last > 0.02 * len(watched):
        last = now
        time.sleep(0.5)
