"""A notice taken apart, for notifiers that lay it out with the means of their own channel.

Names, texts and replies come from strangers: what is given out here has no control characters and
nothing that turns the writing direction of what stands beside it.  What a channel itself takes for
markup is the channel's to escape.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import attrs

from textback.flow.notify import HOW
from textback.model import Media, Notice, NoticeKind
from textback.phones import display, region_of

_CALLS: Final = (NoticeKind.MISSED_CALL, NoticeKind.CALLED_AGAIN, NoticeKind.VOICEMAIL)
_ABOUT_OUR_TEXT: Final = (NoticeKind.MISSED_CALL, NoticeKind.UNCONFIRMED, NoticeKind.FAILED)
# Controls but for tab and line break; what reorders its neighbours (Unicode Annex 9, section 2);
# halves of a pair, which no encoding can write.
_UNSHOWABLE: Final = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)
_MENTION: Final = re.compile(r"@(?=channel|everyone|here)|(?<!\w)@(?=\w)|<(?=[!@#])", re.IGNORECASE)
_ADDRESS: Final = r"https?://[^\s<>\"\\^`{|}]+"  # nothing that ends a link in any markup
_WEB: Final = re.compile(_ADDRESS)
_LABELLED: Final = re.compile(rf"([^\s:][^\n:]{{0,40}}): ({_ADDRESS})")


@attrs.frozen
class Link:
    """Something to open: what it is, and its address (http or https)."""

    label: str
    url: str


@attrs.frozen(kw_only=True)
class Told:
    """What a notice says, part by part; nothing is in two of them.

    Attributes:
        title: One line.
        facts: Label and value, e.g. ``("When", "Mon 02 Mar 2026, 10:30 MST")``.
        story: Sentences that say what the other parts don't.
        lead: What stands before *text*, e.g. ``They were texted``; empty if nothing does.
        text: The exact text that the caller got, or wrote.
        next: What comes by itself, in a sentence.
        links: The record in the CRM, recordings, pictures.
    """

    title: str
    facts: tuple[tuple[str, str], ...]
    story: tuple[str, ...]
    lead: str
    text: str | None
    next: str | None
    links: tuple[Link, ...]


def take_apart(notice: Notice) -> Told:
    """The parts of a notice, cleaned."""
    story: list[str] = []
    lead = ""
    record = [notice.url] if notice.url and _is_web(notice.url) else []
    media = [each for each in notice.media if _is_web(each.url)]
    links = [Link("Open in the CRM", url) for url in record]
    linked = tuple(f": {url}" for url in (*record, *(each.url for each in media)))
    for line in notice.lines[_told_by_facts(notice) :]:
        if line == notice.next or line.endswith(linked):
            continue
        if notice.text and line.endswith(f": {notice.text}"):
            lead = line.removesuffix(notice.text).rstrip(": ")
        elif line == notice.text:
            lead = story.pop().rstrip(":") if story and story[-1].endswith(":") else lead
        elif labelled := _LABELLED.fullmatch(line):
            links.append(Link(labelled[1], labelled[2]))
        elif line:
            story.append(line)
    reason = notice.reason if notice.kind in _ABOUT_OUR_TEXT else None
    if reason and not any(reason in line for line in notice.lines):
        story.append(f"Why no text was sent: {reason}.")
    links += (Link(_what(each), each.url) for each in media)
    return Told(
        title=one_line(notice.title),
        facts=tuple((label, one_line(value)) for label, value in _facts(notice)),
        story=tuple(clean(line) for line in story),
        lead=clean(lead),
        text=clean(notice.text) if notice.text else None,
        next=clean(notice.next) if notice.next else None,
        links=tuple(links),
    )


def clean(words: str) -> str:
    """Words without what can't or mustn't be shown; every line break is a line feed."""
    words = words.replace("\r\n", "\n")
    return _UNSHOWABLE.sub(lambda found: "\n" if found[0] in "\r\u2028\u2029" else "", words)


def in_words(told: Told) -> str:
    """All parts but the title as plain lines."""
    parts = [f"{label}: {value}" for label, value in told.facts]
    parts += told.story
    if told.text is not None:
        parts.append(f"{told.lead}:\n{told.text}" if told.lead else told.text)
    if told.next:
        parts.append(told.next)
    parts += (f"{link.label}: {link.url}" for link in told.links)
    return "\n".join(parts)


def without_mentions(words: str) -> str:
    """Words that call nobody, in channels that look for ``@channel``, ``@name`` or ``<!here>``.

    They look the same: what stands behind the sign is parted from it by a word joiner.
    """
    return _MENTION.sub(lambda found: f"{found[0]}\u2060", words)


def one_line(words: str) -> str:
    """Clean words in one line."""
    return " ".join(clean(words).split())


def shorten(words: str, limit: int) -> str:
    """Words of at most *limit* UTF-16 units, which is how most channels count; cut with "…"."""
    encoded = words.encode("utf-16-le")
    if len(encoded) <= 2 * limit:
        return words
    return encoded[: 2 * (limit - 1)].decode("utf-16-le", "ignore") + "…"


def _facts(notice: Notice) -> Iterator[tuple[str, str]]:
    region = region_of(notice.line) if notice.line else None
    if notice.name:
        yield "Caller", notice.name
    if notice.number:
        yield "Number", display(notice.number, region)
    yield "When", notice.local_time
    if notice.outcome in HOW and notice.kind in _CALLS:
        yield "Outcome", HOW[notice.outcome]
    if notice.line:
        yield "Called", display(notice.line, region)
    if notice.owner:
        yield "Owner", notice.owner


def _told_by_facts(notice: Notice) -> bool:
    """Whether the first line says who called where and when, and how it ended, as the facts do."""
    missed = notice.kind is NoticeKind.MISSED_CALL and notice.outcome in HOW
    return missed and notice.local_time in "".join(notice.lines[:1])


def _what(media: Media) -> str:
    kind = media.content_type.partition("/")[0]
    return {"image": "Picture", "audio": "Recording", "video": "Video"}.get(kind, "File")


def _is_web(url: str) -> bool:
    return _WEB.fullmatch(url) is not None
