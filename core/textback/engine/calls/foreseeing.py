"""Ask who called while the webhook that tells of the call is being committed.

The lookup at a CRM is the first thing that a text waits for after that commit.  A call that one
event concludes needs nothing of the store for it, so both go on at the same time.
"""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from textback.config.settings import Client
from textback.engine.calls import concluding, opening
from textback.engine.context import Wake
from textback.engine.names import CONCLUDE
from textback.events import CallEvent, Event
from textback.model import Call
from textback.plugins import Stack


@attrs.frozen
class Foreseen:
    """A missed call as one event tells of it, and the question who called, which is under way.

    The event is being committed meanwhile.  Then it may turn out that more is known of this call,
    or that it was concluded before.
    """

    call: Call
    asked: opening.Asked

    def settle(self, wakes: Sequence[Wake]) -> list[Wake]:
        """Hand the answer to whoever concludes the call; to nobody if all is different."""
        settled = list(wakes)
        for place, wake in enumerate(wakes):
            known: concluding.Known | None = wake.prepared.get(CONCLUDE)
            if known is not None and known.looked is not None and known.call == self.call:
                known = attrs.evolve(known, asked=self.asked)
                settled[place] = attrs.evolve(wake, prepared={CONCLUDE: known})
                return settled
        self.asked.cancel()
        return settled


def foresee(client: Client, stack: Stack, plugin: str, events: Sequence[Event]) -> Foreseen | None:
    """Begin to ask who called, if this is all that will be told of a missed call."""
    (event, *more) = events
    if more or not isinstance(event, CallEvent) or not stack.impls("identify_caller"):
        return None
    known = concluding.known_of(client, f"{plugin}/{event.call}", [event])
    conclusion = known.conclusion
    if conclusion is None or not conclusion.certain or not conclusion.outcome.missed:
        return None
    if known.call.caller is None or concluding.elsewhere(client, known.call):
        return None
    return Foreseen(known.call, opening.ask_who(client, stack, known.call))
