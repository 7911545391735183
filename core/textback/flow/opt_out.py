"""Opt-outs in people's own words: does somebody who writes want no more texts?

A keyword is an order whatever was meant (`textback.flow.keywords`).  In the United States any other
words count, too, by which a reasonable person would understand it, misspelt or in another language:
47 CFR 64.1200(a)(10).  A sentence that merely has such a word doesn't ("stop by at five?").  Where
a careful reader would have to ask, the answer is `Wish.UNSURE`, and people decide.

What is looked for is data, in ``data/opt_outs.toml``.  Here is how it is looked for:

1. the writer's own words are taken, without what is quoted, and made plain: no case, no accents,
   no punctuation but for the ends of clauses; slips of the finger in the words that matter are
   corrected;
2. phrases count wherever they stand, but not where they are denied ("don't stop texting me");
3. an order such as "stop" counts if its clause says nothing else, however politely.
"""

# ruff: noqa: RUF001 (typographic quotes and dashes are what people's phones write)

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from enum import StrEnum

import attrs

from textback.flow.keywords import keyword_of
from textback.flow.opt_out_phrases import phrases
from textback.model import Keyword

_LONGEST = 2000  # characters that are read; no text is longer
_QUOTED = re.compile(r'[“«„][^”»“]{12,}[”»“]?|"[^"]{12,}"|^>.*$', re.MULTILINE)
_SPELT_OUT = re.compile(r"\b(?:[^\W\d_][ .*_-]{1,2}){2,}[^\W\d_]\b")  # s t o p, S.T.O.P.
_CONTRACTED = re.compile(r"(?<=\w)['’ʼ`´](?=(?:t|s|m|re|ll|ve|d)\b)")  # don't; not m'envoyez
_CLAUSE_ENDS = re.compile(r"[.!?;:,()\n…¡¿—–]+|\s-+\s")
_DRAWN_OUT = re.compile(r"(.)\1{2,}")  # stooop


class Wish(StrEnum):
    """What somebody who writes wants."""

    OUT = "out"  # no more texts
    UNSURE = "unsure"  # that may be so; people decide
    NO = "no"  # something else


@attrs.frozen
class Reading:
    """What a text says, and the words that this rests on, as they were understood."""

    wish: Wish
    words: str = ""


def wants_out(body: str) -> Reading:
    """Say whether somebody who writes this wants no more texts.

    Args:
        body: The text as it came.
    """
    keyword = keyword_of(body)
    if keyword is Keyword.STOP:
        return Reading(Wish.OUT, body.strip())
    if keyword is not None:
        return Reading(Wish.NO)
    clauses = list(_clauses(_own_words(body[:_LONGEST])))
    found = [*_said(" . ".join(clauses)), *_ordered(clauses)]
    for wish in (Wish.OUT, Wish.UNSURE):
        for reading in found:
            if reading.wish is wish:
                return reading
    return Reading(Wish.NO)


def _said(text: str) -> Iterator[Reading]:
    known = phrases()
    busy = known.busy.search(text) is not None
    for phrase in known.phrases:
        match = phrase.pattern.search(text)
        if match is None:
            continue
        denied = known.denied.search(text[: match.start()]) is not None
        sure = phrase.sure and not denied and not (busy and phrase.unless_busy)
        yield Reading(Wish.OUT if sure else Wish.UNSURE, match[0].strip(" ."))


def _ordered(clauses: list[str]) -> Iterator[Reading]:
    known = phrases()
    for clause in clauses:
        words = [word for word in clause.split() if word not in known.polite]
        order = " ".join(dict.fromkeys(words))
        if order in known.orders:
            yield Reading(Wish.OUT, clause)
        elif not known.weak_orders.isdisjoint((order, clause)):
            alone = clauses == [clause] and clause in known.weak_orders
            yield Reading(Wish.OUT if alone else Wish.UNSURE, clause)


def _own_words(body: str) -> str:
    """Without what is quoted, such as our text in a reaction to it: Liked “... Reply STOP ...”."""
    own = _QUOTED.sub(" ", body)
    return own if any(map(str.isalnum, own)) else body


def _clauses(body: str) -> Iterator[str]:
    """The clauses of a text in plain words, one space between them."""
    plain = "".join(
        character
        for character in unicodedata.normalize("NFKD", body.casefold())
        if unicodedata.category(character) not in ("Cf", "Mn")
    )
    plain = _SPELT_OUT.sub(lambda match: "".join(filter(str.isalnum, match[0])), plain)
    plain = _CONTRACTED.sub("", plain)
    for clause in _CLAUSE_ENDS.split(plain):
        words = "".join(each if each.isalnum() else " " for each in clause).split()
        if words:
            yield " ".join(map(_meant, words))


def _meant(word: str) -> str:
    """The word that was meant: "stooop", "sotp" and "st0p" mean "stop"."""
    word = _DRAWN_OUT.sub(r"\1", word)
    return phrases().meant.get(word, word)
