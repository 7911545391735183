"""``what-if`` over a past of thousands of calls."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
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


def test_a_terminal_shows_how_far_it_is(config):
    """A bar on standard error, and nothing but data on standard output."""
    ours, theirs = pty.openpty()
    textback = Path(sys.executable).with_name("textback")
    command = [textback, "what-if", "--config", config, "--with", config, "--since", "31d"]
    with subprocess.Popen(
        [*command, "--json"],
        stdout=subprocess.PIPE,
        stderr=theirs,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "80"},
    ) as process:
        os.close(theirs)
        seen = _all_of(ours)
        assert process.stdout is not None
        told = process.stdout.read()

    assert f"{CALLS}/{CALLS}" in seen
    assert json.loads(told)["summary"]["calls"] == CALLS


def _all_of(terminal: int) -> str:
    parts = []
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # as Linux says that nobody writes any more
            part = b""
        if not part:
            os.close(terminal)
            return b"".join(parts).decode()
        parts.append(part)


async def test_words_for_people(config, tmp_path):
    """What differs, how often, and how far to trust it; no bar where nobody looks."""
    other = tmp_path / "other"
    (other / "clients").mkdir(parents=True)
    (other / "textback.toml").write_text(history.TEXTBACK)
    (other / "clients" / "bright.toml").write_text(history.CLIENT.replace('"1d"', '"25h"'))

    code, out, err = await deployment.command(
        config, "what-if", "--with", str(other), "--since", "31d", "--most", "3"
    )

    assert code == 0
    assert "called (UTC)" in out
    assert "x follow_up/2: other time\n" in out
    assert "2,000 missed calls played: " in out
    assert "agrees with what happened in 2,000 of 2,000 missed calls.\n" in out
    assert err.endswith("more differences; --most shows more, --json all\n")
    assert err.count("\n") == 1
