"""What a text says: who writes and why, how to opt out, and nothing that sells.

Answering somebody's call needs no other consent than the call, as long as the text is the answer
and no advertisement; so marketing words keep a text from going wherever a pack asks for plain
service.  What else is amiss is told by `check` and in the record of the decision, and keeps a first
text only from going at night.

`check` looks at templates, the rule at the words as they go out, a plugin's own included; both ask
`faults`.  Which kind of text is looked at for what is said by `CHECKS`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache

import attrs

from textback.model import Kind
from textback.picture import Picture, Verdict
from textback.rules.answers import send, suppress
from textback.rules.packs import Law, law_of
from textback.rules.phrases import ABOUT_THE_CALL, MARKETING, OPT_OUT, SHORTENER, UNFILLED
from textback.rules.places import place_of

NAME = "content"
VERSION = 2

ASKED = {
    "service": "no marketing words",
    "business": "the name of the business",
    "opt_out": "how to opt out",
    "short": "at most 160 characters",
    "no_name": "not the caller's name",
}
"""What a pack may ask of a kind of text."""

SHORT = 160  # characters
MOST_PARTS = 3
"""Longer texts arrive in the wrong order, or look like spam."""


@attrs.frozen
class Checks:
    """What one kind of text is looked at for.

    Attributes:
        always: Told whatever the packs say.
        asked: Told only where a pack asks for it.
        never: Keeps a text from going where a pack asks for it.
    """

    always: frozenset[str]
    asked: frozenset[str] = frozenset()
    never: frozenset[str] = frozenset()


_WORDS = frozenset({"service", "business", "opt_out"})
_CARE = frozenset({"short", "no_name"})
_FORM = frozenset({"link", "filled", "parts"})

CHECKS: Mapping[Kind, Checks] = {
    Kind.FIRST: Checks(_WORDS | _FORM | {"call"}, _CARE, _CARE | {"service"}),
    Kind.FOLLOW_UP: Checks(_FORM, _WORDS | _CARE, _CARE | {"service"}),
    # A person writes, in an answer to somebody: it is for them to choose the words.
    Kind.REPLY: Checks(frozenset({"link"})),
    Kind.CONFIRMATION: Checks(_FORM, frozenset({"service", "business"}), frozenset({"service"})),
    Kind.HELP: Checks(_FORM | {"business"}),
}
"""By kind of text."""

CALLED = {
    Kind.FIRST: "this first text",
    Kind.FOLLOW_UP: "this follow-up",
    Kind.REPLY: "what the team writes",
    Kind.CONFIRMATION: "this confirmation",
    Kind.HELP: "this answer to HELP",
}


@attrs.frozen
class Fault:
    """Something about the words of a text.

    Attributes:
        check: Which check it fails, of `ASKED` or one that no pack asks for.
        says: What is wrong, after "this text": ``says "discount"``.
    """

    check: str
    says: str


@lru_cache(maxsize=2048)
def faults(
    kind: Kind,
    body: str,
    business: str,
    asks: frozenset[str],
    first_name: str = "",
    parts: int = 1,
) -> tuple[Fault, ...]:
    """Everything about the words of a text that its kind is looked at for.

    Args:
        kind: Of text.
        body: As the caller will read it.
        business: The client's name.
        asks: What packs ask of this kind of text.
        first_name: The caller's, if it is known.
        parts: As how many texts carriers bill it.
    """
    checks = CHECKS.get(kind)
    if checks is None:
        return ()
    told = checks.always | (checks.asked & asks)
    return tuple(each for each in _all(body, business, first_name, parts) if each.check in told)


def _all(body: str, business: str, first_name: str, parts: int) -> Iterator[Fault]:
    if found := MARKETING.search(body):
        yield Fault("service", f'says "{found[0]}", which sells')
    if business.rstrip(".").casefold() not in body.casefold():
        yield Fault("business", "doesn't name the business")
    if not OPT_OUT.search(body):
        yield Fault("opt_out", "doesn't say how to opt out")
    if len(body) > SHORT:
        yield Fault("short", f"has {len(body)} characters")
    if first_name and re.search(rf"\b{re.escape(first_name)}\b", body, re.IGNORECASE):
        yield Fault("no_name", "names the caller")
    if not ABOUT_THE_CALL.search(body):
        yield Fault("call", "doesn't speak of the call")
    if found := SHORTENER.search(body):
        yield Fault("link", f"has a link of {found[1]}, which carriers filter")
    if found := UNFILLED.search(body):
        yield Fault("filled", f'has "{found[0].strip()}", which nobody has filled in')
    if parts > MOST_PARTS:
        yield Fault("parts", f"is billed as {parts} texts")


def asking(law: Law, kind: Kind, check: str) -> str | None:
    """The first entry of the packs that asks this of a kind of text; None if none does."""
    return next((e.name for e in law.entries if check in e.asks.get(kind.value, ())), None)


def judge(picture: Picture) -> Verdict:
    """Suppress texts with marketing words, or with what health care must leave out."""
    if picture.channel == "email" or picture.to is None or picture.kind not in CHECKS:
        return send(NAME, "only the words of texts to callers are looked at")
    if picture.body is None:
        return send(NAME, "its words are not written yet")
    asks, found = _seen(picture, picture.body)
    saw = {"asks": sorted(asks), "faults": [fault.says for fault in found]}
    called = CALLED[picture.kind]
    for fault in found:
        if fault.check in asks & CHECKS[picture.kind].never:
            return suppress(NAME, f"{called} {fault.says}", **saw)
    if found:
        return send(NAME, f"{called} {found[0].says}", **saw)
    return send(NAME, "nothing is amiss with its words", **saw)


def unfit(picture: Picture) -> list[str]:
    """Why the words of a first text can't go at night; nothing as long as there are none."""
    if picture.body is None:
        return []
    return [fault.says for fault in _seen(picture, picture.body)[1] if fault.check not in _ANY_HOUR]


_ANY_HOUR = _CARE | {"parts"}


def _seen(picture: Picture, body: str) -> tuple[frozenset[str], tuple[Fault, ...]]:
    assert picture.to is not None
    law = law_of(picture.policy.packs, place_of(picture.to).areas, picture.now.date())
    asks = law.asks.get(picture.kind.value, frozenset())
    name = picture.caller.first_name or ""
    return asks, faults(
        picture.kind, body, picture.policy.name, asks, name, max(picture.segments, 1)
    )
