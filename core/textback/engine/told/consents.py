"""What somebody gave that lets us text them, kept as evidence: inside the commit of its webhook."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from textback.clock import micros, moment
from textback.config.settings import Client
from textback.engine.context import Context, Wake, number_of
from textback.engine.told import replies
from textback.events import Consented, KeyPressed, OptOut
from textback.model import Basis
from textback.plugins import Stack
from textback.store import Work, calls, consents, ledger

YES: Final = "1"
"""The key that agrees."""


def pressed(
    ctx: Context,
    client: Client,
    stack: Stack,
    plugin: str,
    event: KeyPressed,
    received_at: datetime,
) -> Work[list[Wake]]:
    """A caller pressed a key in a call; any but `YES` changes nothing."""
    del stack
    if event.digits != YES:
        return []
    call_id = f"{plugin}/{event.call}"
    row = yield from calls.get(client.id, call_id)
    number = number_of(client, event.number) or (row["caller"] if row is not None else None)
    if number is None:
        return []
    asked = f", asked: \u201c{event.prompt}\u201d" if event.prompt else ""
    evidence = f"pressed {event.digits} in call {call_id}{asked}"
    more = {"call": call_id, "key": event.digits, "prompt": event.prompt}
    call = (row["same_as"] if row is not None else None) or call_id
    yield from _give(
        ctx, client, number, Basis.KEYPRESS, event.at, evidence, f"call/{call}", received_at, more
    )
    return []


def told(
    ctx: Context,
    client: Client,
    stack: Stack,
    plugin: str,
    event: Consented,
    received_at: datetime,
) -> Work[list[Wake]]:
    """Somebody agreed elsewhere; or takes it back, by whatever way they gave it."""
    if not event.given:
        opted_out = OptOut(key=event.key, at=event.at, number=event.number, evidence=event.evidence)
        return (yield from replies.opted_out(ctx, client, stack, plugin, opted_out, received_at))
    number = number_of(client, event.number)
    if number is not None:
        evidence = f"{event.evidence}, told by {plugin}"
        yield from _give(
            ctx, client, number, event.basis, event.at, evidence, "number", received_at, {}
        )
    return []


def _give(
    ctx: Context,
    client: Client,
    number: str,
    basis: Basis,
    at: datetime,
    evidence: str,
    subject: str,
    received_at: datetime,
    more: dict[str, Any],
) -> Work[None]:
    hashed = ctx.hash_of(number)
    given_at = min(micros(at), micros(received_at))  # a clock that is ahead gives nothing more
    yield from consents.put(client.id, hashed, basis.value, given_at, evidence)
    content = {
        "basis": basis.value,
        "given_at": moment(given_at).isoformat(),
        "evidence": evidence,
        **more,
    }
    yield from ledger.write(client.id, "consented", subject, hashed, content, micros(received_at))
