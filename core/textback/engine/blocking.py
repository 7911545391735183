"""Notice what blocks the event loop: while it does, no call of any client is answered.

A plugin must not compute for long or wait without `await`; `Services.in_thread` is there for that.
Nothing in the loop can see that it is blocked, so a thread looks at its pulse.
"""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from types import FrameType
from typing import Final

from textback import dispatch
from textback.engine.metrics import Metrics
from textback.services import Log

PULSE_S: Final = 0.1
BLOCKED_S: Final = 0.5  # longer than any of our own steps, shorter than a caller waits for a ring
FRAMES: Final = 6  # innermost ones that are told


@contextmanager
def watched(metrics: Metrics, log: Log, *, blocked_s: float = BLOCKED_S) -> Iterator[None]:
    """While this lasts, tell of whatever blocks the running loop: at once, and when it is over."""
    watch = _Watch(asyncio.get_running_loop(), metrics, log, blocked_s)
    watch.beat()
    watch.start()
    try:
        yield
    finally:
        watch.stop()


class _Watch(threading.Thread):
    def __init__(
        self, loop: asyncio.AbstractEventLoop, metrics: Metrics, log: Log, blocked_s: float
    ) -> None:
        super().__init__(name="textback-watch", daemon=True)
        self._loop = loop
        self._metrics = metrics
        self._log = log
        self._blocked_s = blocked_s
        self._of = threading.get_ident()
        self._beat = monotonic()
        self._over = threading.Event()
        self._timer: asyncio.TimerHandle | None = None

    def beat(self) -> None:
        """The loop is alive."""
        self._beat = monotonic()
        self._timer = self._loop.call_later(PULSE_S, self.beat)

    def stop(self) -> None:
        """Look no more."""
        self._over.set()
        if self._timer is not None:
            self._timer.cancel()

    def run(self) -> None:
        """Look at the pulse until told to stop."""
        looked = monotonic()
        while not self._over.wait(PULSE_S):
            now = monotonic()
            awake, looked = now - looked < self._blocked_s, now
            # If this thread has slept, too, the machine was asleep or had no time for us.
            if awake and now - self._beat > self._blocked_s:
                self._tell(self._beat)
                looked = monotonic()

    def _tell(self, beat: float) -> None:
        impl = dispatch.running(self._loop)
        frame = sys._current_frames().get(self._of)
        named = {
            "client": impl.client if impl else "",
            "plugin": impl.plugin if impl else "",
            "hook": impl.hook if impl else "",
            "where": _places(frame),
        }
        self._log.warning("the event loop is blocked", **named)
        while self._beat == beat and not self._over.wait(PULSE_S / 10):
            pass
        blocked_s = monotonic() - beat
        self._metrics.blocked.labels(named["plugin"], named["hook"]).observe(blocked_s)
        self._log.warning("the event loop was blocked", seconds=round(blocked_s, 1), **named)


def _places(frame: FrameType | None) -> str:
    """What is executed, the innermost place first."""
    places: list[str] = []
    while frame is not None and len(places) < FRAMES:
        places.append(f"{frame.f_code.co_filename}:{frame.f_lineno} {frame.f_code.co_name}")
        frame = frame.f_back
    return " < ".join(places)
