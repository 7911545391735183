"""Segments: what carriers bill for a text, and which characters make it dear.

Sources: 3GPP TS 23.038 section 6.2 (the alphabet and its extension table), 3GPP TS 23.040 section
9.2.3.24.1 (texts in parts: 6 of 140 octets go to the header that joins them).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from functools import lru_cache


class Encoding(StrEnum):
    """How a text travels."""

    GSM_7 = "GSM-7"
    UCS_2 = "UCS-2"


_BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ"
    " !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§"
    "¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION = frozenset("\f^{}\\[~]|€")  # an escape and a second septet each
_GSM = _BASIC | _EXTENSION

_ALONE = {Encoding.GSM_7: 160, Encoding.UCS_2: 70}
_A_PART = {Encoding.GSM_7: 153, Encoding.UCS_2: 67}


def encoding(body: str) -> Encoding:
    """One character that the GSM 7-bit alphabet lacks makes the whole text UCS-2."""
    return Encoding.GSM_7 if _GSM.issuperset(body) else Encoding.UCS_2


def not_gsm(body: str) -> tuple[str, ...]:
    """The characters that force a text into UCS-2, each once, in the order of their coming."""
    return tuple(dict.fromkeys(c for c in body if c not in _GSM))


@lru_cache(maxsize=2048)
def segments(body: str) -> int:
    """Count the parts that carriers bill for one text.

    160 septets in the GSM 7-bit alphabet, or 153 a part once split, where a character of the
    extension table takes two; any other text is UCS-2, 70 or 67 UTF-16 units, where an emoji takes
    two or more.  A character of two is never split between parts.

    Args:
        body: The text as the caller will read it, placeholders filled in.

    Raises:
        ValueError: *body* is empty.
    """
    if not body:
        raise ValueError("an empty text has no segments")
    how = encoding(body)
    if how is Encoding.GSM_7:
        sizes = [2 if character in _EXTENSION else 1 for character in body]
    else:
        sizes = [2 if character > "\uffff" else 1 for character in body]
    return 1 if sum(sizes) <= _ALONE[how] else _parts(sizes, _A_PART[how])


def _parts(sizes: Iterable[int], room: int) -> int:
    parts, used = 1, 0
    for size in sizes:
        used += size
        if used > room:
            parts, used = parts + 1, size
    return parts
