"""Decisions of two replays that go side by side: of equal pictures only one is judged.

Rules are pure, so that an equal picture has an equal answer; it is the dearest part of a replay.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textback.dispatch import Impl
from textback.flow.decide import decide, decide_on
from textback.picture import Decision, Picture

Words = tuple[str, str]  # a template, and what it makes of a case


class Judged:
    """What was decided at this moment, by the pictures.

    Args:
        shares: Whether what one replay has asked serves the other: their judges are the same.
        same_words: Whether their files have the same words.
    """

    def __init__(self, *, shares: bool, same_words: bool) -> None:
        self._shares = shares
        self._same_words = same_words
        self._first: dict[tuple[str, str], tuple[Picture, Decision]] = {}
        self._words: dict[tuple[str, str], tuple[Picture, Words]] = {}
        self._again: dict[tuple[str, str], tuple[Picture, str, Decision]] = {}

    def forget(self) -> None:
        """The next moment has come."""
        if self._first or self._words:
            self._first.clear()
            self._words.clear()
            self._again.clear()

    def decide(self, picture: Picture, judges: Sequence[Impl]) -> Decision:
        """Ask all about a text."""
        key = (picture.case.id, picture.step)
        known = self._first.get(key)
        if known is not None and known[0] == picture:
            return known[1]
        decision = decide(picture, judges)
        if self._shares:
            self._first[key] = (picture, decision)
        return decision

    def words(self, picture: Picture, write: Callable[[], Words]) -> Words:
        """The words of a text."""
        if not self._same_words:
            return write()
        key = (picture.case.id, picture.step)
        known = self._words.get(key)
        if known is not None and known[0] == picture:
            return known[1]
        words = write()
        self._words[key] = (picture, words)
        return words

    def decide_on(self, body: str, picture: Picture, before: Decision) -> Decision:
        """Ask again who reads the words."""
        key = (picture.case.id, picture.step)
        known = self._again.get(key)
        if known is not None and known[1] == body and known[0] == picture:
            return known[2]
        decision = decide_on(body, picture, before)
        if self._shares:
            self._again[key] = (picture, body, decision)
        return decision
