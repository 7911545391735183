"""What benchmarks share: a deployment, processes, and what a run came to."""

from __future__ import annotations

import contextlib
import json
import os
import platform
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import attrs
import psutil

HERE = Path(__file__).parent
WARM = 5_000_000  # the first of the calls that nobody measures
HOOK = "/hooks/CLIENT/stand_in"
KEY = "a key of this benchmark, long enough"

TEXTBACK = f"""
[server]
public_url = "http://127.0.0.1:1"
listen = "127.0.0.1:0"
[store]
url = "{{store}}"
key = "{KEY}"
[log]
level = "error"
"""
CLIENT = """
name = "Bright Smile Dental"
time_zone = "America/Denver"
lines = ["{line}"]
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
    at_rest_mb: float = 0.0
    started_s: float = 0.0

    @property
    def rate(self) -> float:
        """Calls a second."""
        return self.calls / self.seconds

    def percentile(self, percent: int) -> float:
        """Milliseconds from webhook to text, at the far side."""
        return statistics.quantiles(self.latencies_ms, n=100, method="inclusive")[percent - 1]


@attrs.frozen(kw_only=True)
class Ran:
    """What one command came to: the last line of its data, and what it took."""

    last: str
    wall_s: float
    cpu_s: float
    peak_mb: float


def ran(config: Path, *words: str) -> Ran:
    """Run one command to its end."""
    command = [sys.executable, "-m", "textback.cli", *words, "--config", str(config)]
    used = config.parent / "used.json"
    measured = [sys.executable, str(HERE / "usage.py"), str(used), *command]
    began = time.perf_counter()
    with subprocess.Popen(measured, stdout=subprocess.PIPE, text=True) as started:
        assert started.stdout is not None
        last = deque(started.stdout, maxlen=1)
    wall_s = time.perf_counter() - began
    assert started.returncode == 0, (words, started.returncode)
    return Ran(last=last[0] if last else "", wall_s=wall_s, **json.loads(used.read_text()))


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
        started.wait(30)


def deploy(
    folder: Path, far_side: str, store: str = "sqlite:///textback.db", clients: int = 1
) -> Path:
    """Write a deployment of clients ``c0``, ``c1``, ...; the path of textback.toml."""
    (folder / "clients").mkdir(parents=True)
    (folder / "plugins").mkdir()
    shutil.copy(HERE / "stand_in.py", folder / "plugins")
    for number in range(clients):
        words = CLIENT.format(far_side=far_side, line=f"+1303{5550100 + number:07d}")
        (folder / "clients" / f"c{number}.toml").write_text(words)
    config = folder / "textback.toml"
    config.write_text(TEXTBACK.format(store=store))
    return config


def put_under_load(
    url: str, folder: Path, *, calls: int, rate: float, clients: int = 1, first: int = 0
) -> dict[str, int]:
    """Send calls, as many a second as *rate* says (0: as it goes); when each was sent."""
    sent = folder / f"sent-{first}.json"
    words = [url, str(calls), str(rate), str(first), str(sent)]
    env = {**os.environ, "CLIENTS": str(clients)}
    subprocess.run([sys.executable, str(HERE / "load.py"), *words], check=True, env=env)
    told = json.loads(sent.read_text())
    assert sum(told["answers"].values()) == calls, told["answers"]
    assert set(told["answers"]) <= {"200", "204"}, told["answers"]
    at: dict[str, int] = told["sent"]
    return at


def measure(
    folder: Path,
    command: Callable[[str], Sequence[str]],
    path: str,
    *,
    calls: int,
    rate: float,
    clients: int = 1,
) -> Figures:
    """Put a server under load, beside a far side of its own.

    Args:
        folder: Where this run keeps its files.
        command: From the far side's address to what Python is to run.
        path: Of the webhook; CLIENT in it is each client in turn.
        calls: How many.
        rate: Calls a second; 0 is as it goes.
        clients: How many there are.
    """
    folder.mkdir(parents=True, exist_ok=True)
    arrived = folder / "arrived.json"
    with process(str(HERE / "far_side.py"), str(arrived)) as (_, far_side):
        started = command(far_side)  # writes the deployment, which is no part of its start
        began = time.monotonic()
        with process(*started) as (tested, address):
            started_s = time.monotonic() - began
            watched = psutil.Process(tested.pid)
            at_rest = watched.memory_info().rss
            put_under_load(f"{address}{path}", folder, calls=50, rate=100, clients=clients,
                           first=WARM)  # fmt: skip
            before, began = cpu_s([watched]), time.monotonic()
            sent = put_under_load(f"{address}{path}", folder, calls=calls, rate=rate,
                                  clients=clients)  # fmt: skip
            settle([watched])
            cpu = cpu_s([watched]) - before
            memory = watched.memory_info().rss
    figures = figures_of(arrived, sent, began, cpu / calls * 1e6, memory / 1e6)
    return attrs.evolve(figures, at_rest_mb=at_rest / 1e6, started_s=started_s)


def figures_of(
    arrived: Path, sent: dict[str, int], began: float, cpu_us: float, memory_mb: float
) -> Figures:
    """What a run came to, by when its calls were sent and what the far side has noted."""
    came = json.loads(arrived.read_text())
    assert came["arrived"].keys() >= sent.keys(), came["counts"]
    return Figures(
        calls=len(sent),
        seconds=max(came["arrived"].values()) / 1e9 - began,
        cpu_us=cpu_us,
        latencies_ms=[(came["arrived"][who] - at) / 1e6 for who, at in sent.items()],
        memory_mb=memory_mb,
    )


def serving(config: Path) -> Sequence[str]:
    """What Python runs for textback."""
    return ["-m", "textback.cli", "serve", "--config", str(config)]


def machine() -> str:
    """Where this was measured."""
    return (f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}, "
            f"SQLite {sqlite3.sqlite_version}")  # fmt: skip


def cpu_s(watched: Sequence[psutil.Process]) -> float:
    """Seconds of CPU of these processes until now, user and system."""
    total = 0.0
    for each in watched:
        with contextlib.suppress(psutil.NoSuchProcess):  # a server's child that has just ended
            total += sum(each.cpu_times()[:2])
    return total


def settle(watched: Sequence[psutil.Process]) -> None:
    """Wait until the processes have hardly anything more to do."""
    last = -1.0
    while (now := cpu_s(watched)) - last > 0.02 * len(watched):
        last = now
        time.sleep(0.5)
