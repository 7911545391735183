"""What opt-outs are written with: ``data/opt_outs.toml``, ready to be looked for."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from string import ascii_lowercase

import attrs

_PIECE = re.compile(r"\{([A-Z_]+)\}")


@attrs.frozen
class Phrase:
    """Words by which people say it.

    Attributes:
        sure: False if they only may mean it.
        unless_busy: They only may, where the writer talks of calls or of another time.
    """

    pattern: re.Pattern[str]
    sure: bool
    unless_busy: bool


@attrs.frozen(kw_only=True)
class Phrases:
    """All that the file says.

    Attributes:
        meant: What is written for another word: short forms, and slips of the finger.
        polite: Words that say nothing of their own.
        orders: Clauses that count.
        weak_orders: Texts that count.
        denied: Stands directly before a phrase that isn't meant.
        busy: Stands anywhere in a text that may be about calls or another time.
    """

    phrases: tuple[Phrase, ...]
    meant: Mapping[str, str]
    polite: frozenset[str]
    orders: frozenset[str]
    weak_orders: frozenset[str]
    denied: re.Pattern[str]
    busy: re.Pattern[str]


@cache
def phrases() -> Phrases:
    """The phrases, read once."""
    text = files("textback").joinpath("data").joinpath("opt_outs.toml").read_text("utf-8")
    read = tomllib.loads(text)
    short = {each: word for word, forms in read["short_for"].items() for each in forms.split()}
    return Phrases(
        phrases=tuple(
            Phrase(
                _filled(pattern, read["pieces"]),
                each["wish"] == "out",
                each.get("unless_busy", False),
            )
            for each in read["phrase"]
            for pattern in each["patterns"]
        ),
        meant={**_slips(read["often_misspelt"].split(), read["no_slips"].split()), **short},
        polite=frozenset(read["polite"].split()),
        orders=frozenset(read["orders"]),
        weak_orders=frozenset(read["weak_orders"]),
        denied=re.compile(read["qualified"]["denied"]),
        busy=re.compile(read["qualified"]["busy"]),
    )


def _filled(pattern: str, pieces: Mapping[str, str]) -> re.Pattern[str]:
    while _PIECE.search(pattern):  # pieces are made of pieces
        pattern = _PIECE.sub(lambda name: pieces[name[1]], pattern)
    return re.compile(pattern)


def _slips(words: list[str], others: list[str]) -> dict[str, str]:
    """Each word that is one slip of the finger away from one of these, and that one."""
    known = {*words, *others}
    return {slip: word for word in words for slip in _one_slip(word) if slip not in known}


def _one_slip(word: str) -> Iterator[str]:
    letters = ascii_lowercase + "0"  # st0p
    for at in range(len(word) + 1):
        head, tail = word[:at], word[at:]
        yield from (head + letter + tail for letter in letters)
        if tail:
            yield head + tail[1:]
            yield from (head + letter + tail[1:] for letter in letters)
        if len(tail) > 1:
            yield head + tail[1] + tail[0] + tail[2:]
