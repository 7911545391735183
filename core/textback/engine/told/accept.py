"""The first commit: what a plugin reported is kept, and takes its effect, before the 2xx.

One transaction stores the events and does what they mean for texts that wait: an opt-out, a reply,
an answered call or a booking raises the version of the contact, so that no decision made before can
be committed after.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from functools import partial
from typing import Any

from textback.clock import micros
from textback.config.settings import Client
from textback.engine.calls import concluding, foreseeing
from textback.engine.codec import kind_of, write_event
from textback.engine.context import Context, Wake
from textback.engine.steps import statuses
from textback.engine.told import bookings, consents, mails, replies, staff
from textback.errors import WebhookRejected
from textback.events import (
    Booked,
    BookingCancelled,
    CallEvent,
    Consented,
    EmailReceived,
    Event,
    KeyPressed,
    Once,
    OptIn,
    OptOut,
    TeamReply,
    TextReceived,
    TextStatus,
)
from textback.plugins import Stack
from textback.store import Work, inbox, plugin_state

Reader = Callable[[Context, Client, Stack, str, Any, datetime], Work[list[Wake]]]

# Which module knows what an event means; those of calls are folded by `calls`.
_MEANINGS: dict[type, Reader] = {
    TextReceived: staff.received,
    OptOut: replies.opted_out,
    OptIn: replies.opted_in,
    KeyPressed: consents.pressed,
    Consented: consents.told,
    EmailReceived: mails.received,
    TeamReply: replies.from_team,
    TextStatus: statuses.told,
    Booked: bookings.made,
    BookingCancelled: bookings.called_off,
}


async def accept(
    ctx: Context,
    client: Client,
    stack: Stack,
    plugin: str,
    events: Sequence[Event],
    received_at: datetime,
    once: Once | None = None,
    *,
    at_ease: bool = False,
) -> list[Wake]:
    """Commit events with all that they mean; what can be done next.

    Args:
        ctx: The deployment.
        client: Whose plugin reported them.
        stack: Its plugins.
        plugin: The plugin.
        events: What it reported.
        received_at: When.
        once: The mark of a request that may be taken only once.
        at_ease: Little is under way, so that what is begun early does not wait for its turn.

    Raises:
        StoreBusy: Nothing is stored; the provider should try again.
        WebhookRejected: The mark *once* is known: the events were committed before.
    """
    if client.id in ctx.retired:
        return []
    counted = [event for event in events if stack.events_allowed(plugin, event)]
    if not counted:
        return []
    foreseen = foreseeing.foresee(client, stack, plugin, counted) if at_ease else None
    wakes: list[Wake] = []
    try:
        wakes = await ctx.store.write(
            partial(_take, ctx, client, stack, plugin, counted, received_at, once)
        )
    finally:
        if foreseen is not None:
            wakes = foreseen.settle(wakes)
    return wakes


def _take(
    ctx: Context,
    client: Client,
    stack: Stack,
    plugin: str,
    events: Sequence[Event],
    received_at: datetime,
    once: Once | None,
) -> Work[list[Wake]]:
    if once is not None:
        now = micros(received_at)
        key, until = f"once/{once.mark}", now + int(once.for_s * 1_000_000)
        if not (yield from plugin_state.add(client.id, plugin, key, 1, until, now)):
            raise WebhookRejected("the same request was taken before")
    wakes: list[Wake] = []
    for event in events:
        if isinstance(event, CallEvent):
            wakes += yield from concluding.told(ctx, client, stack, plugin, event, received_at)
            continue
        new = yield from inbox.put(
            client.id,
            plugin,
            event.key,
            subject=statuses.subject_of(plugin, event) if isinstance(event, TextStatus) else None,
            kind=kind_of(event),
            at=micros(event.at),
            received_at=micros(received_at),
            body=write_event(event),
        )
        meaning = _MEANINGS.get(type(event))
        if new and meaning is not None:
            wakes += yield from meaning(ctx, client, stack, plugin, event, received_at)
    yield from ctx.queue.hand_over((wake.client, wake.subject) for wake in wakes)
    return wakes
