"""Words that programs get wrong."""

from __future__ import annotations

import re

_NOT_STORABLE = re.compile("[\0\ud800-\udfff]")


def counted(number: int, thing: str) -> str:
    """A number of things: ``1 case``, ``2 cases``; *thing* is a noun that takes an s."""
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def storable(text: str) -> str:
    """With U+FFFD for half an emoji, as it is left where a text was cut, and for NUL."""
    return _NOT_STORABLE.sub("\ufffd", text)
