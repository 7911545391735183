"""Which of a client's words, leads and notifiers a situation calls for."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal, TypeVar

from textback.config.places import ToldWhen, When
from textback.config.settings import Client, LeadRule, Wording
from textback.flow import wording
from textback.flow.situation import Situation, situation_of, spoken
from textback.model import Case

Entry = TypeVar("Entry", bound=Wording | LeadRule)

_BUILT_IN = {"stop": wording.STOPPED_BODY, "help": wording.HELP_BODY}


def choose(entries: Iterable[Entry], situation: Situation) -> Entry | None:
    """The first entry whose ``when`` and ``language`` fit; None if none does."""
    for entry in entries:
        language = entry.language if isinstance(entry, Wording) else None
        if _fits(entry.when, situation) and _understood(language, situation.language):
            return entry
    return None


def first_text(client: Client, case: Case, situation: Situation | None = None) -> str:
    """The template of the first text to a caller; *situation*, if it is known, is the case's."""
    if not client.text:
        return wording.DEFAULT_BODY
    chosen = choose(client.text, situation or situation_of(client, case))
    return chosen.body if chosen is not None else wording.DEFAULT_BODY


def answer(client: Client, case: Case, to: Literal["stop", "help"]) -> str:
    """The template of our answer to STOP or HELP."""
    language = spoken(client, case)
    for each in client.answer:
        if each.to == to and _understood(each.language, language):
            return each.body
    return _BUILT_IN[to]


def told(client: Client, case: Case, at: datetime, wrote: str) -> frozenset[str] | None:
    """The plugin tables that tell the team of something in a case; None if all do.

    Args:
        client: Whose rules; all that fit count, and the fallback where none with a `when` does.
        case: With the caller as known by now.
        at: The moment that is told of.
        wrote: What the caller wrote, if that is told.
    """
    if not client.notify:
        return None
    situation = situation_of(client, case, at)
    fitting = [
        each.to
        for each in client.notify
        if not each.fallback and _fits(each.when, situation) and _concerns(each.when, case, wrote)
    ]
    chosen = fitting or [each.to for each in client.notify if each.fallback]
    return frozenset().union(*chosen)


def _concerns(when: ToldWhen, case: Case, wrote: str) -> bool:
    owner = (case.caller.owner or "").casefold()
    return (not when.owner or owner in map(str.casefold, when.owner)) and (
        not when.words
        or any(re.search(rf"\b{re.escape(word)}\b", wrote, re.IGNORECASE) for word in when.words)
    )


def translated(body: str, translations: Mapping[str, str], language: str) -> str:
    """The template for a caller's language: of several that fit, the one for the fewest people."""
    fitting = [tag for tag in translations if _understood(tag, language)]
    return translations[max(fitting, key=len)] if fitting else body


def _fits(when: When, situation: Situation) -> bool:
    return (
        (not when.line or situation.line in when.line)
        and (when.known is None or when.known == situation.known)
        and (not when.outcome or situation.outcome in when.outcome)
        and (when.hours is None or _is_so(when.hours, situation.hours))
        and (when.vip is None or when.vip == situation.vip)
    )


def _is_so(wanted: str, state: str) -> bool:
    """On a holiday a business is closed, too."""
    return state == wanted or (wanted == "closed" and state == "holiday")


def _understood(written: str | None, language: str) -> bool:
    """Whether who speaks *language* reads what is written: es-MX reads es (RFC 4647, 3.3.1)."""
    if written is None:
        return True
    tag = written.lower()
    return language == tag or language.startswith(f"{tag}-")
