"""Slack's markup: our words into it, and what people wrote in it back into plain words.

https://docs.slack.dev/messaging/formatting-message-text
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from textback.telling import without_mentions

_ESCAPES: Final = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
_MARKED: Final = re.compile(r"<([^<>\n]*)>")
_EMOJI: Final = re.compile(r":([a-z0-9_+'-]+)(?:::(skin-tone-[2-6]))?:")
_MENTIONS: Final = ("@", "!subteam^", "!here", "!channel", "!everyone")


def escape(words: str) -> str:
    """Words of anybody, so that they make no link, no mention and no markup of their own.

    For fields that Slack reads as mrkdwn.  ``&``, ``<`` and ``>`` are all that can begin one of
    Slack's constructs; beside that, some fields look for the bare word ``@channel``.
    """
    return without_mentions(words).translate(_ESCAPES)


def link(url: str, label: str) -> str:
    """A link; *url* has no white space and no angle bracket, *label* is anybody's."""
    url = url.replace("&", "&amp;").replace("|", "%7C")
    return f"<{url}|{escape(label)}>"


def mentions(text: str) -> bool:
    """Whether a message calls a person, a group or everybody: its words are for colleagues."""
    return any(found[1].startswith(_MENTIONS) for found in _MARKED.finditer(text))


def plain(text: str, blocks: Any = None) -> str:
    """What a person wrote, as a text to a caller: no markup, emoji as such.

    Args:
        text: The ``text`` of a message event.
        blocks: Its ``blocks``, which know the characters of the emoji.
    """
    known = dict(_emoji(blocks))
    text = _EMOJI.sub(lambda found: _character(found, known), text)
    text = _MARKED.sub(lambda found: _shown(found[1]), text)
    return text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&").strip()


def _shown(construct: str) -> str:
    """What stands for ``<construct>``; addresses are shown as they were typed."""
    target, _, label = construct.partition("|")
    match target[:1]:
        case "@":
            return ""
        case "#":
            return f"#{label}" if label else ""
        case "!":
            return label
    scheme, _, rest = target.partition(":")
    if scheme in ("mailto", "tel"):
        return label or rest
    if not label or label.rstrip("/") in (target.rstrip("/"), rest.strip("/")):
        return label or target
    return f"{label} ({target})"


def _character(found: re.Match[str], known: Mapping[str, str]) -> str:
    name, tone = found[1], found[2]
    return known.get(f"{name}::{tone}" if tone else name, found[0])


def _emoji(blocks: Any) -> Iterator[tuple[str, str]]:
    """Names of emoji and the characters that they stand for, however deep they are in blocks."""
    if isinstance(blocks, list):
        for each in blocks:
            yield from _emoji(each)
    elif isinstance(blocks, dict):
        name, points = blocks.get("name"), blocks.get("unicode")
        if blocks.get("type") == "emoji" and isinstance(name, str) and isinstance(points, str):
            tone = blocks.get("skin_tone")
            full = f"{name}::skin-tone-{tone}" if tone and "::" not in name else name
            yield full, _characters(points)
        for each in blocks.values():
            yield from _emoji(each)


def _characters(points: str) -> str:
    """``1f44b-1f3fd`` as characters; nothing if it is none."""
    try:
        return "".join(chr(int(point, 16)) for point in points.split("-"))
    except (ValueError, OverflowError):
        return ""
