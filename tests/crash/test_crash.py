"""The short form of the crash test: about a minute of kills under load."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import pytest

from crash.driver import crash
from crash.site import Site
from support import postgres

pytestmark = pytest.mark.slow


async def test_nothing_is_lost_and_nobody_is_texted_twice(tmp_path: Path) -> None:
    """Whenever the process dies: in a start, a commit, a request, a shutdown."""
    report = await crash(tmp_path, seconds=20, rate=15, seed=20260115)

    assert report.sound, "\n".join(report.lines())
    assert report.kills.total() >= 3
    assert report.ends["sent"] > 50


@pytest.mark.parametrize("queue", ["pgqueuer", "notify"])
async def test_nor_with_several_processes_on_postgres(
    tmp_path: Path, queue: Literal["pgqueuer", "notify"]
) -> None:
    """Whichever of them dies, and the database with all its sessions."""
    postgres.skip_if_missing()

    with postgres.running() as server:
        site = Site(serves=2, workers=2, server=server, queue=queue)
        report = await crash(tmp_path, seconds=20, rate=10, seed=20260116, site=site)

    assert report.sound, "\n".join(report.lines())
    assert {what.partition(" ")[0] for what in report.kills} >= {"serve", "worker", "database"}
    assert report.ends["sent"] > 50
