"""What a run came to."""

from __future__ import annotations

from collections import Counter

import attrs


@attrs.define
class Report:
    """The figures of a run, filled in by its parts.

    Attributes:
        kills: Of what, and when.
        unknowns: How texts came to be unsure, and how they were settled.
        unknown: Calls with such a text.
    """

    kills: Counter[str] = attrs.field(factory=Counter)
    calls: Counter[str] = attrs.field(factory=Counter)
    clock_steps: int = 0
    webhooks: int = 0
    texts: int = 0
    lost: list[str] = attrs.field(factory=list)
    twice: list[str] = attrs.field(factory=list)
    wrong: list[str] = attrs.field(factory=list)
    unknowns: Counter[str] = attrs.field(factory=Counter)
    unknown: int = 0
    settled: int = 0
    never_left: int = 0
    ends: Counter[str] = attrs.field(factory=Counter)
    ledger: str = ""

    @property
    def sound(self) -> bool:
        """Nothing lost, nothing twice, nothing wrong."""
        return not (self.lost or self.twice or self.wrong or self.ledger)

    def lines(self) -> list[str]:
        """The figures, one a line."""
        return [
            f"kills {self.kills.total()} {dict(self.kills)}",
            f"calls {self.calls.total()} {dict(self.calls)}, webhooks sent {self.webhooks},"
            f" clock steps {self.clock_steps}",
            f"texts at the provider {self.texts}",
            f"lost {len(self.lost)}, twice {len(self.twice)}, wrong state {len(self.wrong)}",
            f"unknown {self.unknown}, of these settled {self.settled},"
            f" never reached the provider {self.never_left}",
            *(f"    {count} {how}" for how, count in self.unknowns.most_common()),
            f"ends {dict(self.ends)}",
            f"ledger {self.ledger or 'holds'}",
            *self.lost[:5],
            *self.twice[:5],
            *self.wrong[:5],
        ]
