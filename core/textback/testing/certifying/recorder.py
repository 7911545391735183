"""A plugin of pytest that notes, of each test, which contract it is and which plugin it is about.

``pytest -p textback.testing.certifying.recorder --textback-record FILE``: a JSON line a test.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

import pytest

CONTRACTS: Final = "textback.testing.contracts"
NAMES: Final = "plugin", "source", "sender", "crm", "lookup", "notifier", "booking", "mailer"
"""What the contracts call the plugin."""

_ABOUT = pytest.StashKey[str]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """``--textback-record FILE``."""
    parser.addoption("--textback-record", help="where to note what the tests of a plugin say")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None]:
    """Note which class the plugin is of, while it is there."""
    given = getattr(item, "funcargs", {})
    made = next((type(given[name]) for name in NAMES if given.get(name) is not None), None)
    if made is not None:
        item.stash[_ABOUT] = f"{made.__module__}:{made.__qualname__}"
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Write a line for each test that has ended, or that didn't get so far."""
    report = yield
    target = item.config.getoption("--textback-record")
    if target and (report.when == "call" or report.outcome != "passed"):
        with Path(target).open("a", encoding="utf-8") as file:
            file.write(json.dumps(_told(item, report)) + "\n")
    return report


def _told(item: pytest.Item, report: pytest.TestReport) -> dict[str, Any]:
    kind = getattr(item, "cls", None)
    function = getattr(item, "function", None)
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else ""
    return {
        "test": item.nodeid,
        "name": getattr(item, "originalname", item.name),
        "class": f"{kind.__module__}:{kind.__qualname__}" if kind else None,
        "contracts": [
            base.__name__
            for base in (kind.__mro__ if kind else ())
            if base.__module__.startswith(CONTRACTS)
        ],
        "own": not getattr(function, "__module__", "").startswith(CONTRACTS),
        "about": item.stash.get(_ABOUT, None),
        "outcome": "failed" if hasattr(report, "wasxfail") else report.outcome,
        "because": str(reason).removeprefix("Skipped: "),
    }
