"""Identify: who called, from everyone who may know, in the time that there is."""

from __future__ import annotations

from collections.abc import Sequence

import attrs

from textback import dispatch
from textback.model import Call, Caller


@attrs.frozen
class Identified:
    """Who called, and who couldn't say in time or at all."""

    caller: Caller
    missing: tuple[str, ...] = ()


async def identify(impls: Sequence[dispatch.Impl], call: Call, within_s: float) -> Identified:
    """Ask every plugin at once; merge what they know, field by field, in the client's order.

    What isn't there within *within_s* seconds is left out.  A caller-ID name is for the team and
    never used to greet, so it becomes the name and not the first name.
    """
    fallback = Caller(number=call.caller, name=call.caller_name)
    if call.caller is None or not impls:
        return Identified(attrs.evolve(fallback, known=False if impls else None))
    answers = await dispatch.everyone(impls, within_s=within_s, call=call)
    missing = tuple(answer.plugin for answer in answers if answer.error is not None)
    found = [answer.value for answer in answers if answer.error is None and answer.value]
    return Identified(merge([*found, fallback]), missing)


def merge(callers: Sequence[Caller]) -> Caller:
    """The first that is known of each field; a contact in any CRM makes the caller known."""
    fields = {
        name: next((value for each in callers if (value := getattr(each, name)) is not None), None)
        for name in attrs.fields_dict(Caller)
    }
    if any(each.known for each in callers):
        fields["known"] = True
    return Caller(**fields)
