"""Problems in files, in the words of the one who can fix them."""

from __future__ import annotations

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
