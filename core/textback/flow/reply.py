"""Reply: what a text from a caller means for the texts that wait."""

from __future__ import annotations

import attrs

from textback.events import TextReceived
from textback.flow.keywords import keyword_of
from textback.flow.opt_out import Wish, wants_out
from textback.model import Keyword

STOPS = ("text/1", "follow_up")  # what a reply, a booking or an answered call cancels

CONFIRM_WITHIN_S = 300
"""An opt-out may be confirmed once, within five minutes: 47 CFR 64.1200(a)(12)."""


@attrs.frozen(kw_only=True)
class Meaning:
    """What a text is.

    Attributes:
        keyword: The order that it is, in whatever words; None for words to the business.
        words: What an opt-out in the caller's own words rests on, or what may be one.
        ours_alone: No provider takes it for an order: none answers it, none blocks for it.
    """

    keyword: Keyword | None = None
    words: str = ""
    ours_alone: bool = False

    @property
    def doubtful(self) -> bool:
        """Whether it may be an opt-out, and people must decide."""
        return self.keyword is None and self.words != ""


def order_of(event: TextReceived, *, opted_out: bool) -> Keyword | None:
    """STOP, START or HELP, as the provider took it or by our own reading; None for words."""
    return event.keyword or keyword_of(event.body, opted_out=opted_out)


def meaning(event: TextReceived, *, opted_out: bool) -> Meaning:
    """What a caller's text is: an order, also in other words than the known ones, or a reply."""
    keyword = order_of(event, opted_out=opted_out)
    if keyword is not None:
        return Meaning(keyword=keyword)
    reading = wants_out(event.body)
    match reading.wish:
        case Wish.OUT:
            alone = not _begins_with_order(event.body)
            return Meaning(keyword=Keyword.STOP, words=reading.words, ours_alone=alone)
        case Wish.UNSURE if not opted_out:
            return Meaning(words=reading.words)
        case _:
            return Meaning()


def _begins_with_order(body: str) -> bool:
    """Whether a provider that looks at the first words alone would take it for STOP."""
    words = body.split()
    return any(keyword_of(" ".join(words[:count])) is Keyword.STOP for count in (1, 2))
