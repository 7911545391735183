"""Things that people name in the client's file and GoHighLevel knows by an id."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TypeVar

import attrs

from textback.errors import Refused


@attrs.frozen(kw_only=True)
class Named:
    """Anything with an id and a name; *others* are more words that mean it."""

    id: str
    name: str
    others: tuple[str, ...] = ()


T = TypeVar("T", bound=Named)


class Unknown(Refused):
    """The client's file names what the sub-account doesn't have, or what can't be meant."""

    def __init__(self, message: str) -> None:
        super().__init__(message, permanent=True)


def matching(wanted: str, among: Iterable[T]) -> list[T]:
    """Those with this id; else with this name; else with a name that looks like it.

    ``new-lead`` and ``new_lead`` look like "New lead".
    """
    found = list(among)
    for same in (
        lambda each: wanted in (each.id, *each.others),
        lambda each: wanted.strip().casefold() == each.name.casefold(),
        lambda each: _plain(wanted) == _plain(each.name) != "",
    ):
        if hits := [each for each in found if same(each)]:
            return hits
    return []


def _plain(name: str) -> str:
    return re.sub(r"[\W_]+", "-", name.casefold()).strip("-")
