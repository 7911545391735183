"""What is posted: a notice as blocks, with a line for the phone's lock screen.

Words of strangers stand in ``plain_text``, which Slack shows as it is.  Where it reads mrkdwn they
are escaped.  https://docs.slack.dev/reference/block-kit/blocks
"""

from __future__ import annotations

from typing import Any, Final

from textback.model import Notice, NoticeKind
from textback.telling import Told, in_words, shorten, take_apart
from textback_slack import mrkdwn

# Characters: https://docs.slack.dev/reference/block-kit/blocks/header-block, .../section-block
LONGEST_HEADER: Final = 150
LONGEST_SECTION: Final = 3000
LONGEST_FIELD: Final = 2000
MOST_FIELDS: Final = 10  # of one section
LONGEST_FALLBACK: Final = 3000  # before it is escaped; Slack advises less than 4000
MOST_LINKS: Final = 10

Block = dict[str, Any]

NEEDS_SOMEBODY: Final = frozenset(
    {
        NoticeKind.CALLED_AGAIN,
        NoticeKind.REPLY,
        NoticeKind.VOICEMAIL,
        NoticeKind.UNCONFIRMED,
        NoticeKind.FAILED,
        NoticeKind.BOOKING_CANCELLED,
    }
)
"""Notices that should not be buried in a thread."""


def message(notice: Notice, *, hint: str = "") -> dict[str, Any]:
    """The part of a request that says what is shown, wherever it goes.

    Args:
        notice: What the team is told.
        hint: A sentence to stand below.
    """
    told = take_apart(notice)
    blocks: list[Block] = [
        {"type": "header", "text": _plain(told.title or notice.client_name, LONGEST_HEADER)},
        *_facts(notice, told),
    ]
    if told.story:
        blocks.append(_section(_plain("\n".join(told.story))))
    if told.text is not None:
        quoted = f"{told.lead}:\n{told.text}" if told.lead else told.text
        blocks.append(_section(_plain(quoted)))
    if told.next:
        blocks.append(_section(_plain(told.next)))
    if told.links:
        blocks.append(_section(_links(told)))
    below = " · ".join(filter(None, (notice.client_name, hint)))
    blocks.append({"type": "context", "elements": [_plain(below, LONGEST_FIELD)]})
    return {"text": _fallback(notice, told), "blocks": blocks, **_AS_WRITTEN}


def without_blocks(message: dict[str, Any]) -> dict[str, Any]:
    """The same in words alone, should Slack refuse the blocks."""
    return {name: value for name, value in message.items() if name != "blocks"}


_AS_WRITTEN: Final = {
    "mrkdwn": False,
    "parse": "none",  # no mentions and channels are looked for
    "unfurl_links": False,  # nobody fetches a caller's pictures, or what links in texts lead to
    "unfurl_media": False,
}


def _fallback(notice: Notice, told: Told) -> str:
    """The whole story in plain words: notifications and screen readers say only this."""
    words = f"{told.title or notice.client_name}\n{in_words(told)}"
    return mrkdwn.escape(shorten(words, LONGEST_FALLBACK))


def _facts(notice: Notice, told: Told) -> list[Block]:
    """Label and value side by side: fields are shown in two columns."""
    fields: list[Block] = []
    for label, value in told.facts:
        number = notice.number if label == "Number" else None
        shown = (
            _mrkdwn(mrkdwn.link(f"tel:{number}", value)) if number else _plain(value, LONGEST_FIELD)
        )
        fields += [_mrkdwn(f"*{label}*"), shown]
    starts = range(0, len(fields), MOST_FIELDS)
    return [{"type": "section", "fields": fields[at : at + MOST_FIELDS]} for at in starts]


def _links(told: Told) -> Block:
    """As many links as fit, each whole: one that is cut would show its markup."""
    shown: list[str] = []
    for each in told.links[:MOST_LINKS]:
        link = mrkdwn.link(each.url, each.label)
        if len(" · ".join((*shown, link))) <= LONGEST_SECTION:
            shown.append(link)
    return _mrkdwn(" · ".join(shown) or "The links are too long to be shown.")


def _section(text: Block) -> Block:
    return {"type": "section", "text": text}


def _plain(words: str, limit: int = LONGEST_SECTION) -> Block:
    return {"type": "plain_text", "text": shorten(words, limit) or " ", "emoji": False}


def _mrkdwn(words: str) -> Block:
    return {"type": "mrkdwn", "text": words, "verbatim": True}
