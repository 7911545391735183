"""The short form of the crash test: about a minute of kills under load."""

from __future__ import annotations

from pathlib import Path

import pytest

from crash.driver import crash

pytestmark = pytest.mark.slow


async def test_nothing_is_lost_and_nobody_is_texted_twice(tmp_path: Path) -> None:
    """Whenever the process dies: in a start, a commit, a request, a shutdown."""
    report = await crash(tmp_path, seconds=20, rate=15, seed=20260115)

    assert report.sound, "\n".join(report.lines())
    assert report.kills.total() >= 3
    assert report.ends["sent"] > 50
