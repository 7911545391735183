"""An environment of its own, which sees the packages of this one by their paths."""

from __future__ import annotations

import os
import sys
import venv
from pathlib import Path

OFFLINE = ("--no-deps", "--no-index", "--no-build-isolation")
"""How pip installs there: what is needed is seen already."""


def fresh(folder: Path) -> Path:
    """Make one; its Python."""
    venv.create(folder, with_pip=True)
    (site,) = folder.glob("lib/python*/site-packages")
    seen = [path for path in sys.path if path and Path(path).is_dir()]
    (site / "those_of_the_tests.pth").write_text("\n".join(seen), "utf-8")
    return folder / "bin" / "python"


def environment() -> dict[str, str]:
    """The environment of a command there: no deployment of ours."""
    return {name: value for name, value in os.environ.items() if not name.startswith("TEXTBACK")}
