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
from textback.rules import cool_down, mode, paused, reached, suppressed, textable, too_old


class Rule(Protocol):
    """What a rule's module has."""

    @property
    def NAME(self) -> str:  # noqa: N802 (a module's constant)
        """How its verdicts are signed."""

    def judge(self, picture: Picture) -> Verdict:
        """Answer about one text, from the picture alone."""


# Of two equally strict answers the first is told as the reason: what is about the number itself
# comes before what is about this moment.
RULES: tuple[Rule, ...] = (textable, suppressed, mode, reached, too_old, cool_down, paused)

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
    verdicts = (*(rule.judge(picture) for rule in RULES), *extra)
    strictest = max(verdicts, key=_strictness)  # the first of equals
    if strictest.action is Action.SEND:
        return Decision(action=Action.SEND, because="nothing speaks against it", verdicts=verdicts)
    return Decision(
        action=strictest.action,
        because=strictest.because,
        rule=strictest.rule,
        until=strictest.until,
        verdicts=verdicts,
    )


def _strictness(verdict: Verdict) -> tuple[Action, datetime]:
    return verdict.action, verdict.until or _FOR_EVER
