"""Phone numbers as RingCentral writes them, compared with the client's."""

from __future__ import annotations

from collections.abc import Collection

from textback.model import PhoneNumber
from textback.phones import normalise, region_of


def among(numbers: Collection[PhoneNumber], *given: object) -> PhoneNumber | None:
    """The first of the given numbers that is one of ours; extensions and nothing are none."""
    for each in given:
        for ours in numbers:
            if isinstance(each, str) and normalise(each, region_of(ours)) == ours:
                return ours
    return None
