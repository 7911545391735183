"""The team by SMS: a notice in two texts' room, and what an answer to it says; all pure."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

import attrs

from textback.flow.notify import who
from textback.flow.segments import segments
from textback.model import Case, Notice, NoticeKind

MOST_SEGMENTS: Final = 2
SHOWN: Final = 6  # characters of a case's name: a billion names, and quickly typed
LEAST_WORDS: Final = 30  # characters of the story that a link must not push out

_NAMED = re.compile(r"\s*#?([a-z2-7]{4,12})\s*:(.*)", re.IGNORECASE | re.DOTALL)
_FOR_THE_CONSOLE = "Answer with:"


@attrs.frozen
class Said:
    """An answer from a staff phone: the case that it names, if it does, and the words."""

    case: str | None
    words: str


def short(case: str) -> str:
    """A case's name as people type it."""
    return case[:SHOWN]


def read(body: str) -> Said:
    """Take ``abc123: we open at eight`` apart.

    A word of 4 to 12 characters before a colon is taken for the name of a case, even if it is none:
    to ask back is better than to tell the wrong caller.
    """
    named = _NAMED.fullmatch(body)
    if named is None:
        return Said(None, body.strip())
    return Said(named[1].lower(), named[2].strip())


def notice(told: Notice) -> str:
    """A notice as a text of at most two segments, with the case's name at the end."""
    lines = [line for line in told.lines if not line.startswith(_FOR_THE_CONSOLE)]
    if told.kind is NoticeKind.REPLY:
        words = f"{told.title}: {told.text or ''}".strip()
        links = [media.url for media in told.media]
    else:
        words = " ".join(line for line in lines if "://" not in line)
        links = [line for line in lines if "://" in line]
    ref = short(told.case)
    foot = f"Answer, or begin with {ref}:" if told.number else f"Case {ref}"
    return _fit(words, links, foot)


def which(cases: Sequence[Case], unknown: str | None) -> str:
    """Ask a member of the team which caller an answer is for; nothing has been sent."""
    begin = f"No one case is called {unknown}." if unknown else "Which caller is that for?"
    begin += " Nothing was sent."
    if not cases:
        return _fit(f"{begin} There is no open conversation.", (), "")
    ref = short(cases[0].id)
    foot = f"Begin with the case, like {ref}: your text"
    listed = "".join(f"\n{short(case.id)} {who(case)}" for case in cases)
    return _fit(f"{begin}{listed}", (), foot)


def no_words() -> str:
    """Tell a member of the team that a picture alone can't be passed on."""
    return "Pictures can't be passed on, and nothing was sent. Write the caller a text."


def _fit(words: str, links: Sequence[str], foot: str) -> str:
    """Words, links and foot in two segments: words are cut, links are whole or left out."""
    for count in range(len(links), -1, -1):
        tail = "".join(f"\n{line}" for line in (*links[:count], *([foot] if foot else [])))
        room = _room(words, tail)
        if room >= min(len(words), LEAST_WORDS):
            return _cut(words, room) + tail
    return _cut(words, _room(words, f"\n{foot}")) + f"\n{foot}"


def _room(words: str, tail: str) -> int:
    """How many characters of the words fit before a tail."""
    low, high = 0, len(words)
    while low < high:
        middle = (low + high + 1) // 2
        if segments(_cut(words, middle) + tail or " ") <= MOST_SEGMENTS:
            low = middle
        else:
            high = middle - 1
    return low


def _cut(words: str, count: int) -> str:
    return words if count >= len(words) else f"{words[:count].rstrip()}..."
