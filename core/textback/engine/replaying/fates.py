"""What becomes of a call's texts when it is played again."""

from __future__ import annotations

import attrs

from textback.engine.replaying.past import Missed
from textback.picture import Decision


@attrs.frozen(kw_only=True)
class Fate:
    """What became of one text.

    Attributes:
        what: An end of a missed call; of a follow-up also ``cancelled`` and ``dropped``; of both
            ``held`` if it still waits when the past ends.
        at: When, in microseconds.
        rule: Who decided, if a rule did.
        held: The rule that held it before.
        body: The words, if they were written.
        template: What they were made from.
    """

    what: str
    at: int
    because: str = ""
    rule: str = ""
    held: str = ""
    body: str = ""
    template: str = ""


@attrs.define(eq=False)
class Wait:
    """A text that is not out yet.

    Attributes:
        due: When it is looked at, in microseconds; None: once somebody resumes.
        held: The decision by which it waits; None if its time has just not come.
        runs: How often it was looked at since it was first decided on.
    """

    due: int | None
    held: Decision | None = None
    runs: int = 0


@attrs.define(eq=False)
class Life:
    """A call, and what became of its texts, step by step."""

    call: Missed
    fates: dict[str, Fate] = attrs.field(factory=dict)
    waits: dict[str, Wait] = attrs.field(factory=dict)

    def came_to(self, step: str, fate: Fate) -> bool:
        """Keep what became of a text; whether no other waits."""
        wait = self.waits.pop(step, None)
        if wait is not None and wait.held is not None and fate.what != "held":
            fate = attrs.evolve(fate, held=wait.held.rule)
        self.fates[step] = fate
        return not self.waits
