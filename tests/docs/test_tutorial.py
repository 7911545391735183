"""The tutorial's commands, typed one after the other, do what its words say."""

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "tutorial" / "first-client.md"
TYPED = re.findall(r"^\$ (.+)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """What each command printed, in order."""
    folder = tmp_path_factory.mktemp("tutorial")
    environ = {name: value for name, value in os.environ.items() if name != "TEXTBACK_CONFIG"}
    outputs = {}
    for line in TYPED:
        program, *words = shlex.split(line)
        if program == "cd":
            folder /= words[0]
            continue
        ran = subprocess.run(
            [sys.executable, "-m", "textback.cli", *words],
            cwd=folder,
            env=environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ran.returncode == 0, f"{line}\n{ran.stdout}{ran.stderr}"
        outputs[line] = ran.stdout
    return outputs


def test_every_command_works(told):
    """None ends with a problem, from an empty folder on."""
    assert len(told) == len(TYPED) - 1  # cd prints nothing


def test_a_missed_call_is_texted_and_an_answered_one_is_not(told):
    """The page's two outcomes that are missed, and the one that isn't."""
    texted = {line: "Sorry we missed your call" in output for line, output in told.items()}

    assert texted["textback simulate example"]
    assert texted["textback simulate example --outcome busy"]
    assert not texted["textback simulate example --outcome answered"]


def test_stop_ends_the_follow_ups(told):
    """Both are there without it, and neither goes with it."""
    stopped = told['textback simulate example --reply "STOP"']

    assert told["textback simulate example"].count("follow_up/2: send") == 1
    assert "follow_up/1 will not go: the caller opted out" in stopped
    assert "follow_up/2: send" not in stopped
