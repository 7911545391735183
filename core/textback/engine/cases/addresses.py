"""Callers' e-mail addresses: asked for when a mail is due, and learnt from what callers write."""

from __future__ import annotations

import re
from typing import Final

import attrs

from textback.config.settings import Client
from textback.engine.codec import case_of, read_caller, write_caller
from textback.engine.context import Context
from textback.flow.identify import identify, merge
from textback.model import Call, Case
from textback.plugins import Stack
from textback.store import Work, cases
from textback.store.work import Row

ASK_WITHIN_S: Final = 10.0  # nobody waits for a mail as a caller waits for a text

_ADDRESS: Final = re.compile(
    r"[^\s@<>()\[\],;:\"]{1,64}@[^\s@<>()\[\],;:\"]+\.[^\s@<>()\[\],;:\".]+"
)


async def look_up(ctx: Context, client: Client, stack: Stack, case_id: str) -> str | None:
    """Where the caller of a case gets mail now: by a CRM, else as the caller once told us.

    It is asked anew for each mail, since a CRM may have learnt who it was, or a better address,
    after the call.  What is new is kept with the case.
    """
    row = await ctx.store.read(lambda: cases.get(client.id, case_id))
    if row is None or row["number"] is None:
        return None
    case, number = case_of(row), row["number"]
    asked = await identify(stack.impls("identify_caller"), _call(case), ASK_WITHIN_S)
    once = await ctx.store.read(lambda: cases.email_of(client.id, number))
    known = (asked.caller.email, case.caller.email, once)
    found = next((each for each in map(_usable, known) if each is not None), None)
    caller = attrs.evolve(merge([asked.caller, case.caller]), email=found)
    if found is not None and caller != case.caller:
        await ctx.store.write(lambda: cases.identified(client.id, case_id, write_caller(caller)))
    return found


def written_in(body: str) -> str | None:
    """The e-mail address in what a caller wrote, if there is exactly one."""
    found = {each.rstrip(".!?'") for each in _ADDRESS.findall(body)}
    return found.pop() if len(found) == 1 else None


def learn(client: Client, case: Row, address: str | None) -> Work[None]:
    """Keep an address with a case, if the caller has none yet."""
    address = _usable(address)
    if address is not None and read_caller(case["caller"]).email is None:
        caller = attrs.evolve(read_caller(case["caller"]), email=address)
        yield from cases.identified(client.id, case["case_id"], write_caller(caller))


def _usable(address: str | None) -> str | None:
    stripped = (address or "").strip()
    return stripped if _ADDRESS.fullmatch(stripped) else None


def _call(case: Case) -> Call:
    """The call that a case began with, as far as who called is concerned."""
    return Call(
        id=f"case/{case.id}",
        client=case.client,
        line=case.line,
        caller=case.number,
        started_at=case.opened_at,
        outcome=case.outcome,
        case=case.id,
    )
