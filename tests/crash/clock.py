"""A clock that is stepped: processes are started through `launcher`, which adds what a file says.

Each process has its own, as if each were on a machine of its own.
"""

from __future__ import annotations

import random
from pathlib import Path

MOST_S = 30.0


class Steps:
    """Steps the clock of the processes that are started with `program`."""

    def __init__(self, file: Path, rng: random.Random) -> None:
        self._file = file
        self._random = rng
        self.count = 0
        self._set(0.0)

    @property
    def program(self) -> tuple[str, str]:
        """What Python runs instead of the module of the command."""
        return str(Path(__file__).with_name("launcher.py")), str(self._file)

    def step(self) -> None:
        """Forward or back."""
        self.count += 1
        self._set(self._random.uniform(-MOST_S, MOST_S))

    def catch_up(self) -> None:
        """As late as it ever was: nothing waits because the clock was set back."""
        self._set(MOST_S)

    def _set(self, seconds: float) -> None:
        part = self._file.with_suffix(".part")
        part.write_text(str(seconds))
        part.replace(self._file)
