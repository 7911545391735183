"""Decisions of two replays that go side by side: where both see the same, only one asks.

Rules are pure, so that what is seen alike is decided alike; asking is the dearest part of a replay.
"""

from __future__ import annotations

from typing import Any

import attrs

from textback.picture import Decision, Picture

Key = tuple[str, str, int]
"""A case, a step of it, and the moment."""


@attrs.frozen
class Decided:
    """A decision, and the words if the text goes.

    Attributes:
        template: What the words were made from.
    """

    decision: Decision
    template: str = ""
    body: str = ""


@attrs.define(eq=False)
class Asked:
    """What was asked about one text, and what came of it.

    Attributes:
        seen: What the picture was made of.
        first: What was said before there were words.
        decided: And in the end.
    """

    seen: tuple[Any, ...]
    picture: Picture
    first: Decision
    decided: Decided | None = None


class Judged:
    """What was asked since the last event.

    Args:
        shares: Whether what one replay has asked serves the other: they judge alike.
        same_words: Whether their files have the same words, too.
    """

    def __init__(self, *, shares: bool, same_words: bool) -> None:
        self.same_words = shares and same_words
        self._shares = shares
        self._asked: dict[Key, Asked] = {}

    def forget(self) -> None:
        """The next event comes."""
        self._asked.clear()

    def known(self, key: Key, seen: tuple[Any, ...]) -> Asked | None:
        """What was asked about a text of which the same was seen."""
        asked = self._asked.get(key)
        return asked if asked is not None and asked.seen == seen else None

    def keep(self, key: Key, asked: Asked) -> None:
        """Keep it for the other replay."""
        if self._shares:
            self._asked[key] = asked
