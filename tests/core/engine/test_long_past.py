"""``what-if`` over a past of thousands of calls."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from support import deployment, history

pytestmark = pytest.mark.slow

CALLS = 2000


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """A deployment with a month behind it."""
    until = datetime.now(UTC) - timedelta(minutes=1)
    return history.write(tmp_path / "today", CALLS, until=until)


async def what_if(config: Path, other: Path) -> tuple[list[dict], dict]:
    """The differences and the summary."""
    code, out, err = await deployment.command(
        config, "what-if", "--with", str(other), "--since", "31d", "--json"
    )
    assert code == 0, err
    *differences, last = map(json.loads, out.splitlines())
    return differences, last["summary"]


async def test_unchanged_files_show_no_difference(config):
    """The same files make the same of every call, and what was really made of it."""
    differences, summary = await what_if(config, config.parent)

    assert differences == []
    assert (summary["calls"], summary["differing"]) == (CALLS, 0)
    assert (summary["agreeing"], summary["disagreeing"]) == (CALLS, {})


async def test_other_words_differ_where_they_are_used(config, tmp_path):
    """Another template for closed hours is seen in each text of those hours, and nowhere else."""
    other = tmp_path / "other"
    (other / "clients").mkdir(parents=True)
    (other / "textback.toml").write_text(history.TEXTBACK)
    client = history.CLIENT.replace("is closed and missed", "is closed now and missed")
    (other / "clients" / "bright.toml").write_text(client)

    differences, summary = await what_if(config, other)

    assert summary["changes"] == [
        {"step": "text/1", "change": "other template", "times": len(differences)}
    ]
    assert differences
    assert all("closed now" in each["after"]["body"] for each in differences)
