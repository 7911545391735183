"""May this text be sent, and when: one module a rule, all asked, the strictest answer wins.

A rule is a module with a `NAME` and a pure function ``judge(picture) -> Verdict``, which answers
for every kind of text, "doesn't apply" included, so that the record of a decision is complete.
To add one: write the module with the helpers of `textback.rules.answers`, and name it in `RULES`.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Protocol

from textback.picture import Action, Decision, Picture, Verdict
from textback.rules import (
    business_hours,
    caps,
    consent,
    content,
    cool_down,
    loop_guard,
    mode,
    paused,
    quiet_hours,
    reached,
    suppressed,
    textable,
    too_old,
    unwanted,
    wait,
)


class Rule(Protocol):
    """What a rule's module has."""

    @property
    def NAME(self) -> str:  # noqa: N802 (a module's constant)
        """How its verdicts are signed."""

    def judge(self, picture: Picture) -> Verdict:
        """Answer about one text, from the picture alone."""


# Of two equally strict answers the first is told as the reason: what is about the number itself
# comes before what is about this moment.
RULES: tuple[Rule, ...] = (
    textable,
    suppressed,
    mode,
    unwanted,
    reached,
    business_hours,
    too_old,
    cool_down,
    consent,
    content,
    loop_guard,
    caps,
    wait,
    quiet_hours,
    paused,
)

# They are asked again once the words are written, which is not done for texts that don't go.
_OF_WORDS = tuple(
    (place, rule) for place, rule in enumerate(RULES) if rule in (content, caps, quiet_hours)
)

_FOR_EVER = datetime.max.replace(tzinfo=UTC)


def ask_all(picture: Picture, extra: Iterable[Verdict] = ()) -> Decision:
    """Ask every rule about a text, and take the strictest answer; all are kept.

    Args:
        picture: The text, and everything that bears on it.
        extra: What plugins said.

    Returns:
        SUPPRESS before HOLD before SHADOW before SEND; of several holds the one that lasts
        longest.
    """
    return _strictest((*[rule.judge(picture) for rule in RULES], *extra))


def ask_again(picture: Picture, before: Decision) -> Decision:
    """The decision, now that ``picture.body`` has the words; only who reads them is asked."""
    verdicts = list(before.verdicts)
    for place, rule in _OF_WORDS:
        verdicts[place] = rule.judge(picture)
    return _strictest(tuple(verdicts))


def _strictest(verdicts: tuple[Verdict, ...]) -> Decision:
    action = max([verdict.action for verdict in verdicts])
    if action is Action.SEND:
        return Decision(action=action, because="nothing speaks against it", verdicts=verdicts)
    # The first of equals.
    strictest = max((each for each in verdicts if each.action is action), key=_until)
    return Decision(
        action=action,
        because=strictest.because,
        rule=strictest.rule,
        until=strictest.until,
        verdicts=verdicts,
    )


def _until(verdict: Verdict) -> datetime:
    return verdict.until or _FOR_EVER
