"""``textback --version``, as a process."""

from __future__ import annotations

import importlib.metadata
import subprocess
import sys


def test_says_which_version_this_is() -> None:
    """It needs no files, and says nothing else."""
    command = [sys.executable, "-m", "textback.cli", "--version"]
    ran = subprocess.run(command, capture_output=True, text=True, check=True)

    assert ran.stdout == f"textback {importlib.metadata.version('textback')}\n"
    assert not ran.stderr
