"""Run a plugin's tests and mypy, and hold the rules against what they say."""

from __future__ import annotations

import inspect
import json
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import attrs

from textback.errors import ConfigError
from textback.plugins import Found, anatomy_of, load
from textback.testing.certifying.rules import RULES, Level, Rule, Subject, Verdict

NEEDED: Final = ("pytest", "pytest_asyncio")
_RECORDER: Final = "textback.testing.certifying.recorder"
_NO_TESTS: Final = 5  # pytest's exit code
_STOPPED: Final = (2, 3, 4)  # interrupted, broken, wrongly used


@attrs.frozen(kw_only=True)
class Certificate:
    """What came of all rules."""

    plugin: str
    version: str | None
    level: Level
    verdicts: Sequence[tuple[Rule, Verdict]]


def certify(found: Found, tests: Path) -> Certificate:
    """Hold all rules against a plugin.

    Args:
        found: The plugin.
        tests: Where its tests are, a folder or a file.

    Raises:
        ConfigError: It can't be imported, there is no such folder, or pytest isn't installed.
    """
    missing = [each.replace("_", "-") for each in NEEDED if find_spec(each) is None]
    if missing:
        raise ConfigError(f"certifying runs tests; run: pip install {' '.join(missing)}")
    if not tests.exists():
        raise ConfigError(f"{tests} is not there; say where its tests are: --tests PATH")
    kind = load(found)
    root = _root(tests.resolve())
    file = Path(inspect.getfile(kind))
    package = _package(file)
    subject = Subject(
        name=found.name,
        found=found,
        kind=kind,
        anatomy=anatomy_of(kind),
        root=root,
        package=package,
        sources=[
            each.read_text("utf-8") for each in (package.rglob("*.py") if package else [file])
        ],
        tests=_run(tests.resolve(), root),
        typing=_mypy(package or file, root),
    )
    verdicts = [(rule, rule.look(subject)) for rule in RULES]
    return Certificate(
        plugin=found.name, version=found.version, level=_level(verdicts), verdicts=verdicts
    )


def _level(verdicts: Sequence[tuple[Rule, Verdict]]) -> Level:
    reached = Level.NONE
    for level in (Level.BRONZE, Level.SILVER, Level.GOLD):
        if not all(verdict.met for rule, verdict in verdicts if rule.level is level):
            break
        reached = level
    return reached


def _root(tests: Path) -> Path:
    """The project: the nearest folder above the tests with a pyproject.toml, else theirs."""
    return next(
        (each for each in tests.parents if (each / "pyproject.toml").exists()), tests.parent
    )


def _package(file: Path) -> Path | None:
    """The folder of the outermost package that a module is in; None if it is in none."""
    package = None
    for folder in file.parents:
        if not (folder / "__init__.py").exists():
            break
        package = folder
    return package


def _run(tests: Path, root: Path) -> list[Mapping[str, Any]]:
    """Run tests; a record for each."""
    with tempfile.TemporaryDirectory(prefix="textback-") as folder:
        record = Path(folder) / "record"
        ran = subprocess.run(  # noqa: S603 (what is run is the author's own)
            [
                *(sys.executable, "-m", "pytest", str(tests)),
                *("-p", _RECORDER, "--textback-record", str(record)),
                *("-p", "no:cacheprovider", "-q", "--tb=short"),
            ],
            cwd=root,
            capture_output=True,
            text=True,
            check=False,
        )
        if ran.returncode in _STOPPED:
            words = (ran.stdout + ran.stderr).strip()[-2000:]
            raise ConfigError(f"its tests can't be run:\n{words}")
        if ran.returncode == _NO_TESTS or not record.exists():
            return []
        return [json.loads(line) for line in record.read_text("utf-8").splitlines()]


def _mypy(target: Path, root: Path) -> list[str] | None:
    """What ``mypy --strict`` says, a line each, whatever the project's own settings are."""
    if find_spec("mypy") is None:
        return None
    what = ["-p", target.name] if target.is_dir() else [str(target)]
    ran = subprocess.run(  # noqa: S603 (as above)
        [
            *(sys.executable, "-m", "mypy", "--strict", "--config-file=", "--no-error-summary"),
            "--disable-error-code=import-untyped",  # the packages of others
            *("--cache-dir", str(root / ".mypy_cache"), *what),
        ],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )
    return [line for line in (ran.stdout + ran.stderr).splitlines() if ": error:" in line] or (
        [(ran.stdout + ran.stderr).strip()[-200:]] if ran.returncode else []
    )
