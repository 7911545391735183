"""Problems in files, in the words of the one who can fix them."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable
from itertools import groupby

import attrs


@attrs.frozen(order=True)
class Problem:
    """One thing that is wrong: which file, where in it, and what to do."""

    file: str
    path: str
    message: str

    def __str__(self) -> str:
        where = f"{self.path}: " if self.path else ""
        return f"{self.file}: {where}{self.message}"


Place = tuple[str | int, ...]
"""Where a value is in a file: keys, and positions in lists from 0."""


@attrs.frozen
class Wrong:
    """One value that can't be used: where it is in the table, and what to do.

    Attributes:
        missing: There is no such value, so that no file can be blamed for it.
    """

    path: Place
    message: str
    missing: bool = False

    @property
    def where(self) -> str:
        """The path as a person writes it: ``follow_up[2].after``."""
        return spell(self.path)


def report(problems: Iterable[Problem]) -> str:
    """All problems in lines for a person, under the name of the file that each is in."""
    lines = []
    for file, group in groupby(sorted(set(problems)), key=lambda problem: problem.file):
        lines.append(f"{file} can't be used:")
        lines += [f"  {p.path}: {p.message}" if p.path else f"  {p.message}" for p in group]
    return "\n".join(lines)


def spell(path: Iterable[str | int]) -> str:
    """A path as a person writes it, positions from 1: ``follow_up[2].after``."""
    spelt = ""
    for part in path:
        if isinstance(part, int):
            spelt += f"[{part + 1}]"
        else:
            key = part if re.fullmatch(r"[\w-]+", part) else f'"{part}"'
            spelt += f".{key}" if spelt else key
    return spelt


def nearest(name: str, known: Iterable[str], *, cutoff: float = 0.6) -> str:
    """``; did you mean "follow_up"?`` if a known name is near, else nothing."""
    near = difflib.get_close_matches(name, list(known), n=1, cutoff=cutoff)
    return f'; did you mean "{near[0]}"?' if near else ""
