"""What a first text says: who writes and why, how to opt out, and nothing that sells.

Answering somebody's call needs no other consent than the call, as long as the text is the answer
and no advertisement; so marketing words keep a first text from going wherever a pack asks for plain
service.  What else is amiss is told by `check`, and keeps a text only from going at night.

Words are English, Spanish and French; of other languages only the name, links and length are seen.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from datetime import datetime
from functools import lru_cache

import attrs

from textback.model import Caller, Kind
from textback.picture import Picture, Verdict
from textback.rules.answers import send, suppress
from textback.rules.packs import law_of
from textback.rules.places import place_of

NAME = "content"
VERSION = 1

ASKED = {
    "service": "no marketing words",
    "business": "the name of the business",
    "opt_out": "how to opt out",
    "short": "at most 160 characters",
    "no_name": "not the caller's name",
}
"""What a pack may ask of a first text."""

SHORT = 160  # characters

_MARKETING = re.compile(
    r"""\b(?:
        discounts? | coupons? | promo(?:s|tions?|tional|[ ]codes?)? | vouchers? | giveaways?
      | (?:special|limited|exclusive|great|best|introductory)[ -](?:time[ ])?
        (?:offers?|deals?|prices?)
      | \d+[ ]?(?:%|percent)[ ]off | \$\d+[ ]off | save[ ](?:up[ ]to[ ])?[$£€]?\d+ | on[ ]sale
      | free[ ](?:gift|trial|quote|estimate|consultation|whitening|upgrade)s? | buy[ ](?:now|one)
      | act[ ]now | don't[ ]miss | last[ ]chance | limited[ ]time | and[ ]save | cash[ ]?back
      | descuentos? | ofertas? | promoci[oó]n(?:es)? | cup[oó]n(?:es)? | rebajas? | gratis
      | remises? | soldes? | promotions? | gratuite?s? | r[eé]ductions?
    )(?!\w)""",
    re.IGNORECASE | re.VERBOSE,
)
_OPT_OUT = re.compile(
    r"\b(?:stop|unsubscribe|opt[ -]?out|cancel|end|quit|arr[eê]t|alto|baja|parar)\b", re.IGNORECASE
)
_ABOUT_THE_CALL = re.compile(
    r"""\b(?:call(?:s|ed|ing)? | miss(?:ed)? | phoned? | r[ai]ng | reach(?:ed)?
      | closed | open | back | away | cerrad[oa]s? | abr(?:e|imos) | ferm[eé]e?s? | ouvr(?:e|ons)
      | llam(?:ada|adas|aste|[oó]|ar) | perdid[ao]s? | contestar | atender | r[eé]pondre
      | appel(?:s|[eé]e?)? | manqu[eé]e? | joindre
    )\b""",
    re.IGNORECASE | re.VERBOSE,
)

# Links of these carry nobody's name, and carriers filter them:
# https://10dlccheck.com/learn/ctia-guidelines-explained
SHORTENERS = (
    *("bit.ly", "tinyurl.com", "goo.gl", "t.co", "ow.ly", "is.gd", "buff.ly", "rebrand.ly"),
    *("cutt.ly", "shorturl.at", "rb.gy", "t.ly", "tiny.cc", "bl.ink", "v.gd", "shorte.st"),
)
_SHORTENER = re.compile(
    rf"(?<![\w.-])(?:https?://)?(?:www\.)?({'|'.join(map(re.escape, SHORTENERS))})/\w",
    re.IGNORECASE,
)


@attrs.frozen
class Fault:
    """Something about the words of a first text.

    Attributes:
        asked: Which of `ASKED` it breaks; empty for what no pack speaks of.
        says: What is wrong, after "this text": ``says "discount"``.
    """

    asked: str
    says: str


@lru_cache(maxsize=2048)
def faults(body: str, business: str, first_name: str = "") -> tuple[Fault, ...]:
    """Everything about the words of a first text that somebody may take offence at.

    Args:
        body: As the caller will read it.
        business: The client's name.
        first_name: The caller's, if it is known.
    """
    return tuple(_faults(body, business, first_name))


def _faults(body: str, business: str, first_name: str) -> Iterator[Fault]:
    if found := _MARKETING.search(body):
        yield Fault("service", f'says "{found[0]}", which sells')
    if business.rstrip(".").casefold() not in body.casefold():
        yield Fault("business", "doesn't name the business")
    if not _OPT_OUT.search(body):
        yield Fault("opt_out", "doesn't say how to opt out")
    if len(body) > SHORT:
        yield Fault("short", f"has {len(body)} characters")
    if first_name and re.search(rf"\b{re.escape(first_name)}\b", body, re.IGNORECASE):
        yield Fault("no_name", "names the caller")
    if not _ABOUT_THE_CALL.search(body):
        yield Fault("", "doesn't speak of the call")
    if found := _SHORTENER.search(body):
        yield Fault("", f"has a link of {found[1]}, which carriers filter")


def judge(picture: Picture) -> Verdict:
    """Suppress a first text with marketing words, or with what health care must leave out."""
    if picture.kind is not Kind.FIRST or picture.channel == "email" or picture.to is None:
        return send(NAME, "only the words of first texts are looked at")
    if picture.body is None:
        return send(NAME, "its words are not written yet")
    asks = _asked(picture.to, picture.policy.packs, picture.now)
    found = _of(picture)
    saw = {"asks": sorted(asks), "faults": [fault.says for fault in found]}
    for fault in found:
        if fault.asked in asks and fault.asked in _NEVER:
            return suppress(NAME, f"this first text {fault.says}", **saw)
    amiss = [fault.says for fault in found if fault.asked in asks]
    if amiss:
        return send(NAME, f"this first text {amiss[0]}; `check` says how to put that right", **saw)
    return send(NAME, "it says who writes and why, and sells nothing", **saw)


_NEVER = ("service", "short", "no_name")
_AT_NIGHT = ("service", "business", "opt_out", "")


def unfit(picture: Picture) -> list[str]:
    """Why the words of a first text can't go at night; nothing as long as there are none."""
    if picture.body is None:
        return []
    return [fault.says for fault in _of(picture) if fault.asked in _AT_NIGHT]


def _of(picture: Picture) -> tuple[Fault, ...]:
    assert picture.body is not None
    caller: Caller = picture.caller
    return faults(picture.body, picture.policy.name, caller.first_name or "")


def _asked(number: str, packs: tuple[str, ...], now: datetime) -> Set[str]:
    return law_of(packs, place_of(number).areas, now.date()).asks
