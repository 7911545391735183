"""The tutorial "your CRM in thirty minutes": what it says to type and to write, done."""

import json
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from support.fresh import OFFLINE, environment, fresh

PAGE = (Path(__file__).parents[2] / "docs" / "tutorial" / "your-crm.md").read_text("utf-8")
FILES = re.findall(r"^```python\n# (\S+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
CHANGES = re.findall(r"^```diff\n--- (\S+)\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
TYPED = re.findall(r"^\$ (.+)$", PAGE, re.MULTILINE)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def python(tmp_path_factory):
    """The reader's environment, which has textback, and sees the packages of this one."""
    pytest.importorskip("hatchling")
    return fresh(tmp_path_factory.mktemp("reader") / "environment")


@pytest.fixture(scope="module")
def project(python, tmp_path_factory):
    """The package as it is at the end of the fourth step."""
    begin, enter = TYPED[:2]
    folder = tmp_path_factory.mktemp("work")
    run(python, begin, folder)
    project = folder / enter.removeprefix("cd ")
    assert "failed" not in run(python, "pytest", project)
    for path, text in CHANGES:
        change(project / path, text)
    for path, text in FILES:
        (project / path).write_text(text, "utf-8")
    run(python, "pip install .", project)
    return project


def change(file, text):
    """Do what a diff says: its first lines are replaced by the others."""
    lines = text.splitlines()
    before = "\n".join(line[1:] for line in lines if line.startswith("-"))
    after = "\n".join(line[1:] for line in lines if line.startswith("+"))
    said = file.read_text("utf-8")
    assert said.count(before) == 1, before
    file.write_text(said.replace(before, after), "utf-8")


def run(python, typed, folder, *more):
    """What a command prints, as the reader types it; it must succeed."""
    program, *words = shlex.split(typed)
    if program == "textback":
        words = ["-m", "textback.cli", *words]
    elif program == "pip":
        words = ["-m", "pip", words[0], "-q", *OFFLINE, *words[1:]]
    else:
        words = ["-m", program, "-p", "no:cacheprovider", *words]
    done = subprocess.run(
        [str(python), *words, *more],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_says_what_is_typed_here():
    """Two files whole, two changes, and the commands in their order."""
    assert [path for path, _ in FILES] == ["textback_fieldbook/records.py", "tests/test_crm.py"]
    assert len(CHANGES) == 2
    assert [line.split()[0] for line in TYPED] == [
        *("textback", "cd", "pip", "pytest", "pytest", "textback", "textback", "textback")
    ]


def test_its_tests_pass_and_it_is_certified(python, project):
    """As the page says: gold; where mypy isn't installed, all but that."""
    assert "failed" not in run(python, TYPED[4], project)

    certificate = json.loads(run(python, TYPED[5], project, "--json"))

    unmet = {each["rule"]: each["why"] for each in certificate["rules"] if not each["met"]}
    assert unmet.keys() <= {"strict"}, unmet
    assert certificate["level"] == ("gold" if not unmet else "silver")
    assert not unmet or "without mypy" in unmet["strict"]


def test_is_written_as_its_own_rules_ask(project):
    """The page's code is clean by the settings that the package came with."""
    pytest.importorskip("ruff")
    for words in (["check", "-q"], ["format", "-q", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *words], cwd=project, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stdout.decode()


def test_can_be_used(python, project, tmp_path):
    """The client's file of the last step passes the check, and a call is played with it."""
    (table,) = re.findall(r"^```toml\n(.*?)^```$", PAGE, re.DOTALL | re.MULTILINE)
    (tmp_path / "clients").mkdir()
    (tmp_path / "textback.toml").write_text(
        '[server]\npublic_url = "https://hooks.agency.example"\n'
        '[store]\nkey = "a key of this test, long enough"\n'
    )
    (tmp_path / "clients" / "bright.toml").write_text(
        'name = "Bright Smile Dental"\ntime_zone = "America/Denver"\nlines = ["+13035550100"]\n'
        'test_phones = ["+13035550142"]\n\n[plugins.simulator]\nroles = ["source", "sender"]\n\n'
        + table.replace("${BRIGHT_FIELDBOOK_KEY}", "key-of-this-test")
    )

    run(python, "textback check", tmp_path)
    story = run(python, TYPED[7].replace("CLIENT", "bright"), tmp_path)

    assert "fieldbook" in story
