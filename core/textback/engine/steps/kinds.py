"""The kinds of steps: which module does each, and what it looks up first.

A step's name begins with its kind.  What a kind looks up is read in the commit that marks the step
as running: nothing comes between, and on Postgres it costs no transaction of its own.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import attrs

from textback.config.settings import Client
from textback.engine.context import Context
from textback.engine.steps import idle, notices, records, settling, staff, texts
from textback.store import Unit, Work
from textback.store.steps import Step


@attrs.frozen(kw_only=True)
class AtWork:
    """A step that is being done.

    Attributes:
        looked: What its kind has looked up, or what was prepared when the step was made.
        hold: Makes sure, in a commit, that nobody else does this step, nor will for a lease.
    """

    ctx: Context
    client: Client
    step: Step
    looked: Any
    hold: Unit[None]


@attrs.frozen
class Kind:
    """One kind of steps.

    Attributes:
        do: Do one; the unit that commits what it came to.
        look: What doing it needs from the store.
    """

    do: Callable[[AtWork], Awaitable[Unit[None]]]
    look: Callable[[Client, Step], Work[Any]] | None = None


_TEXT = Kind(lambda at: texts.run(at.ctx, at.client, at.step, at.looked, at.hold))

KINDS: Mapping[str, Kind] = {
    "text": _TEXT,
    "follow_up": _TEXT,
    "stop": _TEXT,
    "help": _TEXT,
    "lead": Kind(
        lambda at: records.save_contact(at.ctx, at.client, at.step, at.looked), records.look_lead
    ),
    "deal": Kind(
        lambda at: records.save_deal(at.ctx, at.client, at.step, at.looked), records.look_deal
    ),
    "log": Kind(lambda at: records.log(at.ctx, at.client, at.step, at.looked), records.look_log),
    "notify": Kind(lambda at: notices.tell(at.ctx, at.client, at.step, at.looked), notices.look),
    "ask": Kind(lambda at: staff.ask(at.ctx, at.client, at.step)),
    "settle": Kind(lambda at: settling.run(at.ctx, at.client, at.step)),
    "idle": Kind(lambda at: idle.run(at.ctx, at.client, at.step)),
}
"""The kinds of this version, by how the names of their steps begin."""


def kind_of(step: Step) -> Kind | None:
    """The kind of a step; None if this version has none for it."""
    return KINDS.get(step.name.partition("/")[0])
