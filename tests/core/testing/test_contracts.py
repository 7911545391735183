"""The contracts are tested, too: each check sees the plugin that is wrong in its way."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from textback.plugins import new
from textback.testing import contracts

pytestmark = pytest.mark.slow

ROLES = ("source", "sender", "crm", "notifier", "booking", "email")
MUTANTS = Path(__file__).with_name("mutants.py")
SUITES = {name: each for name, each in vars(contracts).items() if name.endswith("Contract")}

ONLY_WHO_MUST_SEE_IT = """

def pytest_collection_modifyitems(items):
    def wanted(item):
        _, _, check = item.cls.__name__.partition("__") if item.cls else ("", "", "")
        return not check or item.originalname == check

    items[:] = filter(wanted, items)
"""


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """What became of each test: those of the right plugin, and of each mutant the one check."""
    project = new.write("acme", ROLES, tmp_path_factory.mktemp("mutants"))
    (project / "tests" / "test_mutants.py").write_text(MUTANTS.read_text("utf-8"), "utf-8")
    with (project / "tests" / "conftest.py").open("a", encoding="utf-8") as conftest:
        conftest.write(ONLY_WHO_MUST_SEE_IT)
    record = project / "record"
    command = [sys.executable, "-m", "pytest", "tests", "--tb=short", "-p", "no:cacheprovider"]
    command += ["-p", "textback.testing.certifying.recorder", "--textback-record", str(record)]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=False)
    assert record.exists(), done.stdout + done.stderr
    return [json.loads(line) for line in record.read_text("utf-8").splitlines()]


def mutants(ran):
    """What became of each mutant's check, by class: a set of outcomes."""
    outcomes = {}
    for each in ran:
        if "__" in (each["class"] or ""):
            outcomes.setdefault(each["class"].partition(":")[2], set()).add(each["outcome"])
    return outcomes


def test_the_right_plugin_passes(ran):
    """What `textback plugins new` writes, and the two that stand beside it."""
    right = [each for each in ran if "__" not in (each["class"] or "")]

    assert len(right) > 300
    assert [each["test"] for each in right if each["outcome"] == "failed"] == []


def test_each_mutant_is_seen(ran):
    """By the check that is there for it."""
    outcomes = mutants(ran)

    assert len(outcomes) > 80
    assert [name for name, seen in outcomes.items() if "failed" not in seen] == []


@pytest.mark.parametrize("suite", SUITES)
def test_each_check_sees_something(ran, suite):
    """None is there that no plugin could fail."""
    checks = {name for name in dir(SUITES[suite]) if name.startswith("test_")}

    seen = {
        each["name"]
        for each in ran
        if "__" in (each["class"] or "") and each["outcome"] == "failed"
    }
    assert checks - seen == set()
