"""Words that programs get wrong."""

from __future__ import annotations


def counted(number: int, thing: str) -> str:
    """A number of things: ``1 case``, ``2 cases``; *thing* is a noun that takes an s."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"
