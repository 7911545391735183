"""What is posted: a notice as an Adaptive Card.

TextBlock and FactSet read Markdown, so that a caller's name could be a link.  Everything that isn't
ours stands in TextRun, which shows words as they are:
https://learn.microsoft.com/en-us/adaptive-cards/authoring-cards/text-features
"""

from __future__ import annotations

import json
from typing import Any, Final

from textback.model import Notice
from textback.telling import Told, shorten, take_apart

# The documented limit is 28 KB, but messages were refused from about 21 KB, and a workflow that
# fails later tells nobody: https://learn.microsoft.com/en-us/connectors/teams/#known-issues-and-limitations
LARGEST: Final = 18_000  # bytes
LONGEST_TITLE: Final = 300  # characters
MOST_LINES: Final = 20
MOST_BUTTONS: Final = 6  # more are hidden behind "..."
MOST_LINKS: Final = 12
_SHORTER: Final = (6000, 3000, 1500, 700, 300, 100)  # characters of each part, until it fits

Element = dict[str, Any]


def message(notice: Notice) -> bytes:
    """The body of the request: as long as it can be, at most `LARGEST` bytes."""
    told = take_apart(notice)
    body = b""
    for limit in _SHORTER:
        card = _card(told, notice.client_name, limit)
        attachment = {
            "contentType": "application/vnd.microsoft.card.adaptive",
            "contentUrl": None,
            "content": card,
        }
        envelope = {"type": "message", "attachments": [attachment]}
        body = json.dumps(envelope, ensure_ascii=False, separators=(",", ":")).encode()
        if len(body) <= LARGEST:
            break
    return body


def _card(told: Told, client_name: str, limit: int) -> Element:
    links = [link for link in told.links if len(link.url) <= limit][:MOST_LINKS]
    lines = list(told.story[:MOST_LINES])
    lines += (f"{link.label}: {link.url}" for link in links[MOST_BUTTONS:])
    title = shorten(told.title, min(limit, LONGEST_TITLE))
    body = [
        _words(_run(title, size="Large", weight="Bolder")),
        *(_fact(label, shorten(value, limit)) for label, value in told.facts),
        *(_words(_run(shorten(line, limit))) for line in lines),
    ]
    if told.text is not None:
        lead = [_words(_run(f"{shorten(told.lead, limit)}:"))] if told.lead else []
        quoted = _words(_run(shorten(told.text, limit)))
        body += [*lead, {"type": "Container", "style": "emphasis", "items": [quoted]}]
    if told.next:
        body.append(_words(_run(shorten(told.next, limit))))
    body.append(_words(_run(shorten(client_name, limit), isSubtle=True, size="Small")))
    buttons = [
        {"type": "Action.OpenUrl", "title": shorten(link.label, 40), "url": link.url}
        for link in links[:MOST_BUTTONS]
    ]
    return {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",  # the newest that every client of Teams shows
        "msteams": {"width": "Full"},
        "body": body,
        **({"actions": buttons} if buttons else {}),
    }


def _fact(label: str, value: str) -> Element:
    return _words(_run(f"{label}: ", weight="Bolder"), _run(value), spacing="Small")


def _words(*runs: Element, **how: str) -> Element:
    return {"type": "RichTextBlock", "inlines": list(runs), **how}


def _run(words: str, **how: object) -> Element:
    return {"type": "TextRun", "text": words, **how}
