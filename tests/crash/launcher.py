"""The command, with a clock that is as far off as a file says: ``launcher.py FILE COMMAND...``."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from textback.cli import main
from textback.clock import SystemClock

OFFSET = Path(sys.argv.pop(1))


def now(_: SystemClock) -> datetime:
    return datetime.now(UTC) + timedelta(seconds=float(OFFSET.read_text()))


SystemClock.now = now
sys.exit(main())
